/** Queues and workers of BullMQ as this program runs them, on whichever backend. */
import type { BackendClasses, IQueueBackend } from 'bullmq'
import { withDatabaseErrors } from '../store/postgres/database.ts'
import { nextSlotMs } from './cron-slots.ts'
import type { JobBackend, JobData, JobQueue, JobWorker, Processor } from './jobs.ts'

/** After this time a worker polls for jobs again if its backend did not answer. */
export const RETRY_MS = 3000

/** A killed worker is noticed after about the sum of these two. */
const LOCK_MS = 10_000
const STALLED_CHECK_MS = 5_000

export function openOn<B extends IQueueBackend, C>(
  kind: JobBackend['kind'],
  classes: BackendClasses<B, C>,
  connection: (connections: number) => C,
  onError: (error: Error) => void,
): Pick<JobBackend, 'openQueue' | 'startWorker'> {
  /**
   * Objects created while Postgres is down never recover, so they are kept only when it is up. On Redis, BullMQ waits.
   */
  const whenReady = async <T extends { waitUntilReady(): Promise<unknown>; close(): Promise<void> }>(
    made: T,
  ) => {
    if (kind === 'redis') return made
    try {
      await withDatabaseErrors('connecting the jobs', () => made.waitUntilReady())
      return made
    } catch (error) {
      await made.close().catch(() => undefined)
      throw error
    }
  }

  return {
    async openQueue(name: string): Promise<JobQueue> {
      const queue = new classes.Queue<JobData>(name, {
        connection: connection(1),
        settings: { repeatStrategy },
      })
      queue.on('error', onError)
      await whenReady(queue)
      const prefix = `${kind} ${queue.qualifiedName} `
      return Object.assign(queue, {
        uniqueJobId: (jobId: string) => prefix + jobId,
        jobIdOf: (uniqueJobId: string) =>
          uniqueJobId.startsWith(prefix) ? uniqueJobId.slice(prefix.length) : null,
      })
    },
    async startWorker(name: string, concurrency: number, processor: Processor): Promise<JobWorker> {
      const worker = new classes.Worker<JobData>(
        name,
        // Three named parameters: BullMQ makes the signal only for those who declare it.
        (job, token, signal) => processor(job, token, signal ?? new AbortController().signal),
        {
          connection: connection(Math.min(concurrency, 2)),
          concurrency,
          lockDuration: LOCK_MS,
          stalledInterval: STALLED_CHECK_MS,
          runRetryDelay: RETRY_MS,
          autorun: false,
          settings: { repeatStrategy },
          // A worker killed twice over the same job is no reason to give the job up.
          maxStalledCount: 100,
        },
      )
      worker.on('error', onError)
      // Where Redis refuses BullMQ's first question (INFO), its loop would never let this process do anything else, not
      // even end, so the loop starts when both connections are ready.
      const run = () => worker.run().catch(onError)
      await whenReady(worker)
      void worker.waitUntilReady().then(run, onError)
      return worker
    },
  }
}

/** The schedulers of a queue and of its worker must agree on when a cron expression is due. */
function repeatStrategy(
  after: number,
  { pattern, tz }: { pattern?: string; tz?: string },
): number | undefined {
  return pattern === undefined ? undefined : nextSlotMs({ cron: pattern, timeZone: tz ?? 'UTC' }, after)
}
