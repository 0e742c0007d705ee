/** The job of one reading: whether it is still wanted, the reading, and what its failure means for the others. */
import type { Job } from 'bullmq'
import { type AlloError, AlloThrottledError, AlloUnreachableError } from '../allo/errors.ts'
import { isRefusal, notReached } from '../pass/failure.ts'
import { readTeammate, type SaveReading } from '../pass/read-teammate.ts'
import { passState, recordSideEffects, stopPass } from '../store/passes.ts'
import { PassClosedError, saveReading } from '../store/save-reading.ts'
import type { WorkerContext } from './context.ts'
import type { JobData } from './job-backend.ts'

/** This many teammates in a row without an answer: the API is down, and the others need not be tried. */
const MAX_UNREACHABLE_IN_A_ROW = 10

const noEffort = { requests: 0, throttled: 0, durationMs: 0 }

export type RunReading = (job: Job<JobData>, signal: AbortSignal) => Promise<void>

export function createReadingJob(context: WorkerContext): RunReading {
  const { pool, pacer, logger, leases, credentials } = context
  let unreachableInARow = 0
  let currentPassId = ''
  let toldThrottledMs = 0

  /** A new pass has its own five minutes of waiting, and its own row of failures. */
  const enter = (passId: string) => {
    if (passId === currentPassId) return
    currentPassId = passId
    unreachableInARow = 0
    toldThrottledMs = 0
    pacer.forgetThrottling()
  }

  const tellPass = async (passId: string) => {
    const surprises = context.takeSurprises()
    const throttledMs = pacer.throttledMs - toldThrottledMs
    if (surprises.length === 0 && throttledMs < 1) return
    toldThrottledMs += throttledMs
    await recordSideEffects(pool, passId, { throttledMs, surprises })
    for (const { where, what } of surprises) {
      logger.warn({ event: 'api_surprise', passId, where, what }, 'the API showed something new')
    }
  }

  const stopThePass = async (passId: string, error: AlloError) => {
    const reading = notReached(error)
    await stopPass(pool, passId, reading)
    logger.error({ event: 'pass_stopped', passId, code: reading.code }, reading.message)
    return reading
  }

  return async (job, signal) => {
    const { passId = '', teamId = '', userId = '' } = job.data
    const { isRunning, isRead, stop } = await passState(pool, passId, userId)
    if (!isRunning || isRead) return
    enter(passId)
    const save: SaveReading = (result, effort) =>
      saveReading(pool, { passId, teamId, userId, result, effort })
    if (stop !== null) {
      await save(stop, noEffort)
      return
    }
    const release = leases.hold(passId)
    try {
      const isTriedAgain = job.attemptsMade + 1 < (job.opts.attempts ?? 1)
      const { reading, error } = await readTeammate({ ...context, save }, userId, { signal, isTriedAgain })
      unreachableInARow = error instanceof AlloUnreachableError ? unreachableInARow + 1 : 0
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
      if (signal.aborted || error instanceof PassClosedError) throw error
      credentials.failed(error)
      if (!isRefusal(error) && !(error instanceof AlloThrottledError)) throw error
      await save(await stopThePass(passId, error), noEffort)
    } finally {
      release()
      await tellPass(passId)
    }
  }
}
