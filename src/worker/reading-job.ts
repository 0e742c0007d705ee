/**
 * The job of one reading: runs pass/read-teammate.ts, and maps its result to BullMQ.
 *
 *   recorded ──────────────────────────────▶ completed
 *   recorded, the error is retryable ──────▶ thrown; BullMQ retries it with a backoff, up to its attempts
 *   recorded, a bug ───────────────────────▶ failed
 *   concerns this process alone (throws) ──▶ requeued without using an attempt: see run-job.ts
 *   pass closed, or teammate read already ─▶ completed
 */
import type { Job } from 'bullmq'
import { isBug } from '../pass/failure.ts'
import { openRecord, type PassRecord } from '../pass/pass-record.ts'
import { type ReadingDone, readTeammate } from '../pass/read-teammate.ts'
import type { SideEffects } from '../store/pass/passes.ts'
import { PassClosedError } from '../store/reading/reading.ts'
import { traced } from '../tracing.ts'
import type { WorkerContext } from './context.ts'
import type { JobData } from './jobs.ts'

export async function runReading(
  context: WorkerContext,
  job: Job<JobData>,
  signal: AbortSignal,
): Promise<void> {
  const { pool, numberKeys, leases, sideEffects } = context
  const {
    passId = '',
    teamId = '',
    userId = '',
    spent: spentBefore = { requests: 0, throttled: 0 },
  } = job.data
  const record = openRecord(pool, numberKeys, { passId, teamId })
  const allo = context.allo.counted()
  const release = leases.hold(passId)
  let wasAsked = false
  // Not before: a job left over from a closed pass must not take the waits and surprises of the running one.
  const onAsking = () => {
    wasAsked = true
    sideEffects.enter(passId)
  }
  try {
    const deps = { pool, numberKeys, allo, record }
    const attributes = {
      'allo.pass_id': passId,
      'allo.user_id': userId,
      'allo.attempt': job.attemptsMade + 1,
    }
    const read = () => readTeammate(deps, userId, { signal, spentBefore, onAsking })
    const done = await traced('reading', attributes, read, job.data.trace)
    if (done !== null) tellReading(context, job, done)
    if (done !== null && isTriedAgain(job, done)) throw done.error
    if (done !== null && done.error !== null && isBug(done.error)) throw done.error
  } catch (error) {
    if (error instanceof PassClosedError) return
    const requests = spentBefore.requests + allo.counts.requests
    const throttled = spentBefore.throttled + allo.counts.throttled
    // For the next attempt. A job that is gone has none.
    await job.updateData({ ...job.data, spent: { requests, throttled } }).catch(() => undefined)
    throw error
  } finally {
    release()
    if (wasAsked) await tellSideEffects(context, record)
  }
}

/** Not when the pass stops: then the reason is what counts. */
function isTriedAgain(job: Job<JobData>, { error, stopsPass }: ReadingDone): boolean {
  return (error?.retryable ?? false) && !stopsPass && job.attemptsMade + 1 < (job.opts.attempts ?? 1)
}

function tellReading(context: WorkerContext, job: Job<JobData>, done: ReadingDone): void {
  const { credentials, failures, metrics, logger } = context
  const { reading, error, wasAsked, stopsPass } = done
  const { passId, userId } = job.data
  if (error !== null) credentials.failed(error)
  else if (wasAsked) credentials.accepted()
  if (error === null && wasAsked) failures.read()
  if (stopsPass) failures.failed('pass_stopped', passId, reading)
  if (isTriedAgain(job, done)) return
  metrics.count({ type: 'reading', reading })
  const { status, errorCode: code, numbers, added, changed, moved, removed } = reading
  const level = code === null || status === 'not_found' || !wasAsked ? 'debug' : 'warn'
  logger[level](
    { event: 'reading', passId, userId, status, code, numbers, added, changed, moved, removed },
    reading.errorMessage ?? `reading ${status}`,
  )
}

/** That they could not be recorded is no reason to lose a reading. */
export async function tellSideEffects(
  { sideEffects, metrics, logger }: WorkerContext,
  record: PassRecord,
): Promise<void> {
  const { passId } = record
  const onTold = ({ throttledMs, surprises }: SideEffects) => {
    metrics.count({ type: 'waited', throttledMs })
    for (const { where, what } of surprises) {
      logger.warn({ event: 'api_surprise', passId, where, what }, 'the API sent something undocumented')
    }
  }
  await sideEffects
    .tell(record, onTold)
    .catch((error: Error) => logger.warn({ event: 'not_recorded', passId }, error.message))
}
