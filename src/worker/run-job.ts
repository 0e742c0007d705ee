/**
 * How a job ends, for all kinds of jobs:
 *
 *   done ───────────────────────────────▶ completed
 *   shutdown ───────────────────────────▶ requeued without using an attempt; another worker takes it
 *   Postgres is gone, the pass has begun ▶ waits three seconds, then requeued without using an attempt
 *   error is retryable ─────────────────▶ failed; BullMQ retries it if it has attempts left
 *   any other error ────────────────────▶ failed, not retried
 *
 * Without the wait, a worker would run all jobs of a pass in a tight loop while Postgres is down. A tick whose pass has
 * not begun fails instead, because the next tick begins one.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Job, UnrecoverableError, WaitingChildrenError, WaitingError } from 'bullmq'
import type { Logger } from 'pino'
import type { MirrorError } from '../errors.ts'
import { toMirrorError } from '../foreign-errors.ts'
import { DatabaseError } from '../store/postgres/database.ts'
import type { JobData, Processor } from './jobs.ts'

/** How long a job waits when Postgres can't be reached, and how often the log says so, for all jobs together. */
const WITHOUT_DATABASE_MS = 3000
const SAY_EVERY_MS = 30_000

export type RunJob = (job: Job<JobData>, token: string | undefined, signal: AbortSignal) => Promise<void>

/** Makes processors that stop when `stopping` is aborted. */
export function processorFactory(logger: Logger, stopping: AbortSignal): (run: RunJob) => Processor {
  const sayWaiting = atMostEvery(SAY_EVERY_MS, (reason: string) =>
    logger.warn({ event: 'waiting', for: 'Postgres' }, `waiting for Postgres: ${reason}`),
  )
  return (run) => async (job, token, cancelled) => {
    const signal = AbortSignal.any([cancelled, stopping])
    try {
      signal.throwIfAborted()
      await run(job, token, signal)
    } catch (thrown) {
      if (thrown instanceof WaitingChildrenError) throw thrown
      const error = toMirrorError(thrown)
      const waitsForDatabase = isDatabaseGone(error) && job.data.passId !== undefined
      if (waitsForDatabase && !signal.aborted) {
        sayWaiting(error.message)
        await sleep(WITHOUT_DATABASE_MS, undefined, { signal }).catch(() => undefined)
      }
      if ((waitsForDatabase || signal.aborted) && token !== undefined) {
        await job.moveToWait(token)
        throw new WaitingError()
      }
      throw failed(job, error, logger)
    }
  }
}

function isDatabaseGone(error: MirrorError): boolean {
  return error instanceof DatabaseError && error.retryable
}

/** The error for BullMQ. An UnrecoverableError is not retried. */
function failed({ name, data }: Job<JobData>, error: MirrorError, logger: Logger): Error {
  const { passId, userId } = data
  const level = error.retryable ? 'warn' : 'error'
  logger[level]({ event: 'job_failed', job: name, passId, userId }, error.message)
  return error.retryable ? error : new UnrecoverableError(error.message)
}

function atMostEvery<A>(ms: number, work: (argument: A) => void): (argument: A) => void {
  let doneAt = Number.NEGATIVE_INFINITY
  return (argument) => {
    if (performance.now() - doneAt < ms) return
    doneAt = performance.now()
    work(argument)
  }
}
