/** The job of one reading: whether it is still wanted, the reading, and what its failure means for the others. */
import type { Job } from 'bullmq'
import { type AlloError, AlloThrottledError, AlloUnreachableError } from '../allo/errors.ts'
import { toMirrorError } from '../foreign-errors.ts'
import { failed, isRefusal, notReached } from '../pass/failure.ts'
import { readTeammate } from '../pass/read-teammate.ts'
import { passState, recordSideEffects, stopPass } from '../store/pass/passes.ts'
import { DatabaseError } from '../store/postgres/database.ts'
import { PassClosedError, type Reading } from '../store/reading/reading.ts'
import { saveReading } from '../store/reading/save-reading.ts'
import type { WorkerContext } from './context.ts'
import type { JobData, Spent } from './job-backend.ts'

/** This many teammates in a row without an answer: the API is down, and the others need not be tried. */
const MAX_UNREACHABLE_IN_A_ROW = 10

export type RunReading = (job: Job<JobData>, signal: AbortSignal) => Promise<void>

export function createReadingJob(context: WorkerContext): RunReading {
  const { pool, numberKeys, pacer, logger, leases, credentials, metrics } = context
  let unreachableInARow = 0
  let currentPassId = ''
  let toldThrottledMs = 0

  /** A new pass has its own five minutes of waiting, and its own row of failures. */
  const enter = (passId: string) => {
    if (passId === currentPassId) return
    currentPassId = passId
    unreachableInARow = 0
    toldThrottledMs = 0
    context.renewSurprises()
    pacer.forgetThrottling()
  }

  /** For the pass as a whole; that it could not be told is no reason to lose a reading. */
  const tellPass = async (passId: string) => {
    const surprises = context.takeSurprises()
    const throttledMs = pacer.throttledMs - toldThrottledMs
    if (surprises.length === 0 && throttledMs < 1) return
    toldThrottledMs += throttledMs
    metrics.waited(throttledMs)
    await recordSideEffects(pool, passId, { throttledMs, surprises }).catch((error: Error) =>
      logger.warn({ event: 'not_recorded', passId }, error.message),
    )
    for (const { where, what } of surprises) {
      logger.warn({ event: 'api_surprise', passId, where, what }, 'the API showed something new')
    }
  }

  const countUnreachable = (error: unknown) => {
    unreachableInARow = error instanceof AlloUnreachableError ? unreachableInARow + 1 : 0
  }

  const stopThePass = async (passId: string, error: AlloError) => {
    const reading = notReached(error)
    await stopPass(pool, passId, reading)
    logger.error({ event: 'pass_stopped', passId, code: reading.code }, reading.message)
    return reading
  }

  return async (job, signal) => {
    const { passId = '', teamId = '', userId = '', spent = { requests: 0, throttled: 0 } } = job.data
    const { isRunning, isRead, stop } = await passState(pool, passId, userId)
    if (!isRunning || isRead) return
    enter(passId)
    const allo = context.allo.counted()
    const spentNow = (): Spent => ({
      requests: spent.requests + allo.counts.requests,
      throttled: spent.throttled + allo.counts.throttled,
    })
    /** To the next attempt. A job that is gone has none. */
    const passOn = () => job.updateData({ ...job.data, spent: spentNow() }).catch(() => undefined)
    const startedAt = performance.now()
    const save = (result: Reading['result']) => {
      const effort = { ...spentNow(), durationMs: performance.now() - startedAt }
      return saveReading(pool, { passId, teamId, userId, result, effort }, numberKeys)
    }
    if (stop !== null) {
      metrics.reading(await save(stop))
      return
    }
    const release = leases.hold(passId)
    const isTriedAgain = job.attemptsMade + 1 < (job.opts.attempts ?? 1)
    try {
      const { reading, error } = await readTeammate({ ...context, allo, save }, userId, {
        signal,
        isTriedAgain,
      })
      countUnreachable(error)
      if (error === null) credentials.accepted()
      metrics.reading(reading)
      const { status, errorCode, numbers, added, changed, moved, removed } = reading
      const level = errorCode === null || status === 'not_found' ? 'debug' : 'warn'
      logger[level](
        {
          event: 'reading',
          passId,
          userId,
          status,
          code: errorCode,
          numbers,
          added,
          changed,
          moved,
          removed,
        },
        reading.errorMessage ?? `reading ${status}`,
      )
      if (error instanceof AlloUnreachableError && unreachableInARow >= MAX_UNREACHABLE_IN_A_ROW) {
        await stopThePass(passId, error)
      }
    } catch (error) {
      if (error instanceof PassClosedError) return
      if (signal.aborted) {
        await passOn()
        throw error
      }
      credentials.failed(error)
      countUnreachable(error)
      if (isRefusal(error) || error instanceof AlloThrottledError) {
        metrics.reading(await save(await stopThePass(passId, error)))
        return
      }
      // Each attempt counts: the others need not all wait for their last one to find that the API is down.
      if (error instanceof AlloUnreachableError && unreachableInARow >= MAX_UNREACHABLE_IN_A_ROW) {
        metrics.reading(await save(await stopThePass(passId, error)))
        return
      }
      const known = toMirrorError(error)
      const isDatabaseGone = known instanceof DatabaseError && known.retryable
      if (!isDatabaseGone && !(isTriedAgain && known.retryable)) {
        await save(failed('error', known.code, known.message))
      } else await passOn()
      throw error
    } finally {
      release()
      await tellPass(passId)
    }
  }
}
