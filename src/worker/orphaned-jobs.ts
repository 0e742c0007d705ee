import type { Job } from 'bullmq'
import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { JobData, Queues } from './jobs.ts'

/**
 * Ends orphaned jobs: those of passes that were closed as abandoned or wedged. Such a job may wait for its readings for
 * ever. Only the pass of `own` is running, so every other job that waits for readings is orphaned. A reading of a
 * closed pass ends by itself with PassClosedError.
 *
 * Never rejects: the next tick tries again what failed.
 */
export async function endOrphanedJobs(
  { passes, readings }: Queues,
  own: Job<JobData>,
  logger: Logger,
): Promise<void> {
  try {
    const waiting = await passes.getJobs(['waiting-children'])
    for (const job of waiting) if (job.id !== own.id) await end(job, { passes, readings }, logger)
  } catch (error) {
    const reason = messageOf(error)
    logger.warn({ event: 'jobs_error' }, `the job of a closed pass could not be ended: ${reason}`)
  }
}

async function end(job: Job<JobData>, { passes, readings }: Queues, logger: Logger): Promise<void> {
  const { passId } = job.data
  const unread = await readings.getJobs(['active', 'waiting', 'delayed'])
  const awaited = unread.filter(({ data, parentKey }) => data.passId === passId && parentKey !== undefined)
  for (const reading of awaited) await reading.removeChildDependency()
  // In Postgres it has gone on by now, to its end; there BullMQ removes no job that came from a schedule.
  if ((await passes.getJobState(job.id ?? '')) === 'waiting-children') {
    await job.remove({ removeChildren: false })
  }
  logger.warn({ event: 'job_ended', passId }, 'ended the job of a closed pass')
}
