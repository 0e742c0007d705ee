import type { Job } from 'bullmq'
import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { JobData, JobQueue } from './jobs.ts'

/**
 * Ends the jobs of passes that were closed as abandoned or wedged, which may wait for their readings for ever. The
 * pass that begins with `own` is the only one that runs, so every other job that waits is such a one. Readings that
 * are still to come find their pass closed, and end by themselves.
 *
 * Never rejects: what could not be ended now is tried again by the next tick.
 */
export async function endLeftJobs(
  { passes, readings }: { readonly passes: JobQueue; readonly readings: JobQueue },
  own: Job<JobData>,
  logger: Logger,
): Promise<void> {
  try {
    const waiting = await passes.getJobs(['waiting-children'])
    for (const job of waiting) if (job.id !== own.id) await end(job, passes, readings, logger)
  } catch (error) {
    const reason = messageOf(error)
    logger.warn({ event: 'jobs_error' }, `the job of a pass that is over could not be ended: ${reason}`)
  }
}

async function end(job: Job<JobData>, passes: JobQueue, readings: JobQueue, logger: Logger): Promise<void> {
  const { passId } = job.data
  const unread = await readings.getJobs(['active', 'waiting', 'delayed'])
  const awaited = unread.filter(({ data, parentKey }) => data.passId === passId && parentKey !== undefined)
  for (const reading of awaited) await reading.removeChildDependency()
  // In Postgres it has gone on by now, to its end; there BullMQ removes no job that came from a schedule.
  if ((await passes.getJobState(job.id ?? '')) === 'waiting-children') {
    await job.remove({ removeChildren: false })
  }
  logger.warn({ event: 'job_ended', passId }, 'ended the job of a pass that is over')
}
