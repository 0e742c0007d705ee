/** The part of BullMQ that the worker uses. It is the same for jobs in Redis and in Postgres. */
import type { Job, JobsOptions, JobType } from 'bullmq'

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
  /** Requests sent before: by a pass at its beginning, by a reading in failed attempts. */
  readonly spent?: Spent
}

export interface Spent {
  readonly requests: number
  /** Number of 429 responses. */
  readonly throttled: number
}

export type Processor = (
  job: Job<JobData>,
  token: string | undefined,
  signal: AbortSignal,
) => Promise<unknown>

/** What is used of a BullMQ queue. */
export interface JobQueue {
  readonly name: string
  readonly qualifiedName: string
  addBulk(jobs: { name: string; data: JobData; opts: JobsOptions }[]): Promise<unknown>
  upsertJobScheduler(
    id: string,
    repeat: { every: number } | { pattern: string; tz: string },
    template: {
      name: string
      data: JobData
      opts: Omit<JobsOptions, 'jobId' | 'repeat' | 'delay' | 'deduplication'>
    },
  ): Promise<unknown>
  getJobSchedulers(): Promise<{ key: string; next?: number; every?: number; pattern?: string; tz?: string }[]>
  removeJobScheduler(id: string): Promise<boolean>
  getJobs(types: JobType[]): Promise<Job<JobData>[]>
  getJobCounts(...types: JobType[]): Promise<Record<string, number>>
  getWorkersCount(): Promise<number>
  /** `unknown`: there is no such job (any more). */
  getJobState(jobId: string): Promise<string>
  /** Job ids are unique in their queue; this is so in all queues of all backends. */
  uniqueJobId(jobId: string): string
  /** The job's id in this queue; null when it is another queue's, or another backend's. */
  jobIdOf(uniqueJobId: string): string | null
  close(): Promise<void>
}

/** What is used of a BullMQ worker. */
export interface JobWorker {
  concurrency: number
  cancelAllJobs(reason?: string): void
  close(force?: boolean): Promise<void>
}

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
