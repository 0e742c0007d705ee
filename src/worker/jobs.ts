/** The part of BullMQ that the worker uses. It is the same for jobs in Redis and in Postgres. */
import type { Job, Queue, Worker } from 'bullmq'
import type { PassPlan } from '../pass/finish.ts'
import type { PlannedLook } from '../store/look/plan-looks.ts'

/** Ids only: no phone number and no key is in Redis. */
export interface JobData {
  /** Not set before the pass has begun. */
  readonly passId?: string
  readonly teamId?: string
  /** How many teammates the pass asks. */
  readonly asked?: number
  /** Why the pass can't ask the whole team; see Listing. Not set: it can. */
  readonly incomplete?: string
  /** Of a reading. */
  readonly userId?: string
  /** Of a job of looks: the teammates, when, and at which page; see look-jobs.ts. */
  readonly looks?: readonly LookToMake[]
  /** The `traceparent` of the span that added the job. Not set: no traces. */
  readonly trace?: string
  /** Requests sent before: by a pass at its beginning, by a reading in failed attempts. */
  readonly spent?: PassPlan['spent']
}

export interface LookToMake extends PlannedLook {
  /** Place in the order of the queue; null: where dialling stands. */
  readonly rank: number | null
}

export type Processor = (
  job: Job<JobData>,
  token: string | undefined,
  signal: AbortSignal,
) => Promise<unknown>

/** What is used of a BullMQ queue. */
export interface JobQueue
  extends Pick<
    Queue<JobData>,
    | 'name'
    | 'qualifiedName'
    | 'add'
    | 'addBulk'
    | 'upsertJobScheduler'
    | 'getJobSchedulers'
    | 'removeJobScheduler'
    | 'getJobs'
    | 'getJobCounts'
    | 'getWorkersCount'
    | 'getJobState'
    | 'close'
  > {
  /** Job ids are unique in their queue; this is so in all queues of all backends. */
  uniqueJobId(jobId: string): string
  /** The job's id in this queue; null when it is another queue's, or another backend's. */
  jobIdOf(uniqueJobId: string): string | null
}

/** Of one team. */
export interface Queues {
  readonly passes: JobQueue
  readonly readings: JobQueue
}

export interface AllQueues extends Queues {
  readonly looks: JobQueue
}

/** What is used of a BullMQ worker. */
export type JobWorker = Pick<Worker<JobData>, 'concurrency' | 'cancelAllJobs' | 'close'>

export interface JobBackend {
  readonly kind: 'redis' | 'postgres'
  openQueue(name: string): Promise<JobQueue>
  startWorker(name: string, concurrency: number, processor: Processor): Promise<JobWorker>
  /** Writes, and rejects with the backend's own words when that fails, within two seconds. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** A probe writes; however often it is asked for, it writes once in this time. */
export const PROBE_KEPT_MS = 5000
export const PROBE_DEADLINE_MS = 2000
