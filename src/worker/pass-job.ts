/**
 * The job of a pass: tick ──▶ begin, list the teammates, one job each ──▶ wait for them ──▶ finish.
 *
 * It is the tick itself. It leaves its worker while the readings run and comes back, to any worker, when they are
 * done. Killed in between it is run again and finds its pass by the job's id. That two never overlap is the lease's
 * promise in Postgres, since a Redis that lost its data forgets its own.
 */
import { createHash } from 'node:crypto'
import { type Job, WaitingChildrenError } from 'bullmq'
import { messageOf } from '../errors.ts'
import { choose, listTeammates } from '../pass/choose-teammates.ts'
import {
  failed,
  IncompleteTeamError,
  isRefusal,
  JobsUnavailableError,
  notReached,
  outcomeOf,
  reasonOf,
} from '../pass/failure.ts'
import { identifyTeam } from '../pass/identify-team.ts'
import { type Conclusions, finishPass, type PassOutcome } from '../store/pass/finish-pass.ts'
import {
  abandonPass,
  type NewPass,
  PassAlreadyRunningError,
  readingsOfPass,
  runningScheduledPass,
  startPass,
  stopPass,
} from '../store/pass/passes.ts'
import { type KnownTeammate, lastTeamOfKey } from '../store/pass/teammates.ts'
import type { Pool } from '../store/postgres/database.ts'
import { passSeconds } from '../store/queries/status.ts'
import { PassClosedError } from '../store/reading/reading.ts'
import { saveReading } from '../store/reading/save-reading.ts'
import type { WorkerContext } from './context.ts'
import type { JobData, JobQueue } from './job-backend.ts'
import { endLeftJobs } from './left-jobs.ts'

/** So that a team of thousands does not stall Redis for everyone else on it. */
const CHUNK = 500
/** Longer than any pass: a reading that was removed too early would run twice after a crash. */
const KEEP_READINGS_SECONDS = 24 * 3600
const MAX_TRIES = 3
/** What one more try, and waiting for it, takes at most while Allo answers with errors. */
const TRY_SECONDS = 25

export interface Queues {
  readonly passes: JobQueue
  readonly readings: JobQueue
}

export async function runPass(
  context: WorkerContext,
  queues: Queues,
  job: Job<JobData>,
  token: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const begun = job.data.passId === undefined ? await beginPass(context, queues, job, signal) : job.data
  if (begun === null) return
  if (token !== undefined && (await job.moveToWaitingChildren(token))) throw new WaitingChildrenError()
  await endPass(context, begun)
}

async function beginPass(
  shared: WorkerContext,
  queues: Queues,
  job: Job<JobData>,
  signal: AbortSignal,
): Promise<JobData | null> {
  const { pool, logger, version } = shared
  const context = { ...shared, allo: shared.allo.counted() }
  const { teamId, error } = await identify(context, signal)
  const passId = await openPass(context, queues, {
    teamId,
    trigger: 'schedule',
    isWholeTeam: true,
    version,
    cadence: context.cadence(),
    // Two teams tick at the same instant, and their jobs are then of the same name in two queues.
    jobId: queues.passes.uniqueJobId(job.id ?? ''),
  })
  if (passId === null) {
    logger.info({ event: 'pass_skipped' }, 'the pass before is still running')
    return null
  }
  if (error !== null) {
    await recordFailedPass(context, passId, teamId, error)
    return null
  }
  await endLeftJobs(queues, job, context.logger)
  const release = context.leases.hold(passId)
  try {
    const listing = await listTeammates(context, teamId, { record: true, signal })
    const { toRead, notAsked, warnings } = choose(listing, context.choice)
    for (const warning of warnings) logger.warn({ event: 'configuration', passId }, warning)
    for (const { userId } of notAsked) {
      const result = failed('skipped', 'not_asked', 'left out by configuration')
      const effort = { requests: 0, throttled: 0, durationMs: 0 }
      await saveReading(pool, { passId, teamId, userId, result, effort }, context.numberKeys)
    }
    const { requests, throttled } = context.allo.counts
    const incomplete = listing.incomplete === null ? {} : { incomplete: listing.incomplete }
    const data = { passId, teamId, asked: toRead.length, spent: { requests, throttled }, ...incomplete }
    await handOut(queues.readings, job, data, toRead, triesWithin(context.secondsToNextRun()))
    logger.info({ event: 'pass_started', passId, teammates: toRead.length }, 'pass started')
    return data
  } catch (error) {
    signal.throwIfAborted()
    await recordFailedPass(context, passId, teamId, error)
    return null
  } finally {
    release()
  }
}

/**
 * One job per teammate, in chunks. Run again after a crash, the same jobs are not added twice. Their ids name the tick
 * too: a database restored from a dump gives the ids of its passes a second time.
 */
async function handOut(
  readings: JobQueue,
  job: Job<JobData>,
  data: JobData & { readonly passId: string; readonly teamId: string },
  teammates: readonly KnownTeammate[],
  tries: number,
): Promise<void> {
  const { passId, teamId } = data
  const parent = { id: job.id ?? '', queue: job.queueQualifiedName }
  try {
    for (let start = 0; start < teammates.length; start += CHUNK) {
      await readings.addBulk(
        teammates.slice(start, start + CHUNK).map(({ userId }) => ({
          name: 'reading',
          data: { passId, teamId, userId },
          opts: {
            jobId: `pass-${passId}-${createHash('sha1').update(`${parent.id} ${userId}`).digest('hex').slice(0, 20)}`,
            parent,
            // A reading that fails is recorded; one that is lost must not keep its pass waiting for ever.
            ignoreDependencyOnFailure: true,
            attempts: tries,
            backoff: { type: 'exponential', delay: 5000, jitter: 0.5 },
            removeOnComplete: { age: KEEP_READINGS_SECONDS },
            removeOnFail: { age: KEEP_READINGS_SECONDS },
          },
        })),
      )
    }
    await job.updateData(data)
  } catch (cause) {
    throw new JobsUnavailableError(`the readings could not be handed out: ${messageOf(cause)}`, { cause })
  }
}

/** As often as there is time until the next pass, which tries again anyway and must not be kept waiting by this one. */
function triesWithin(secondsToNextRun: number): number {
  return Math.min(1 + Math.floor(secondsToNextRun / TRY_SECONDS), MAX_TRIES)
}

/**
 * Null when a pass of the team is running. One whose job is gone, because a Redis lost its data, need not be waited
 * for until its lease runs out.
 */
async function openPass(
  { pool, logger }: WorkerContext,
  { passes }: Queues,
  pass: NewPass,
): Promise<string | null> {
  const start = async () => {
    try {
      return await startPass(pool, pass)
    } catch (error) {
      if (error instanceof PassAlreadyRunningError) return null
      throw error
    }
  }
  const started = await start()
  if (started !== null) return started
  const running = await runningScheduledPass(pool, pass.teamId)
  if (running === null) return start()
  const jobId = running.jobId === null ? null : passes.jobIdOf(running.jobId)
  if (jobId === null || !['unknown', 'completed', 'failed'].includes(await passes.getJobState(jobId)))
    return null
  await abandonPass(pool, running.passId, 'its job is gone')
  logger.warn({ event: 'pass_abandoned', passId: running.passId }, 'the job of the pass before is gone')
  return start()
}

/** When the API can't name the team and one is on record for the key, what failed is recorded with that team. */
async function identify(
  context: WorkerContext,
  signal: AbortSignal,
): Promise<{ teamId: string; error: unknown }> {
  const { pool, keyFingerprint, logger } = context
  try {
    const warn = (message: string) => logger.warn({ event: 'api_warning' }, message)
    const { teamId } = await identifyTeam({ ...context, warn }, { record: true, signal })
    return { teamId, error: null }
  } catch (error) {
    signal.throwIfAborted()
    context.credentials.failed(error)
    const team = await lastTeamOfKey(pool, keyFingerprint)
    if (team === null) throw error
    return { teamId: team.teamId, error }
  }
}

async function recordFailedPass(context: WorkerContext, passId: string, teamId: string, error: unknown) {
  context.credentials.failed(error)
  const { errorCode, errorMessage } = reasonOf(error)
  context.logger.error({ event: 'pass_failed', passId, code: errorCode }, errorMessage ?? 'the pass failed')
  if (isRefusal(error)) await stopPass(context.pool, passId, notReached(error))
  const { requests, throttled } = context.allo.counts
  const effort = { teammates: 0, requests, throttled, throttledMs: null, surprises: null }
  const outcome = { passId, teamId, status: 'failed', ...effort, ...reasonOf(error) } as const
  const conclusions = await finishIfRunning(context.pool, outcome)
  if (conclusions !== null) context.metrics.passFinished('failed', await passSeconds(context.pool, passId))
}

/** Everything there is to say about the pass stands in the audit rows of its readings. */
async function endPass(
  context: WorkerContext,
  { passId = '', teamId = '', asked = 0, spent = { requests: 0, throttled: 0 }, incomplete }: JobData,
): Promise<void> {
  const { pool, logger } = context
  const read = await readingsOfPass(pool, passId)
  if (read === null) return
  const { stop, answered } = read
  const requests = spent.requests + read.requests
  const throttled = spent.throttled + read.throttled
  const error = incomplete === undefined ? null : new IncompleteTeamError(incomplete)
  const status = outcomeOf(asked, answered, stop ?? error)
  const reason =
    stop === null
      ? reasonOf(error)
      : { errorCode: stop.code, errorMessage: stop.message, errorRequestId: stop.requestId }
  const conclusions = await finishIfRunning(pool, {
    passId,
    teamId,
    status,
    teammates: asked,
    requests,
    throttled,
    throttledMs: null,
    surprises: null,
    ...reason,
  })
  if (conclusions === null) return
  const seconds = await passSeconds(pool, passId)
  context.metrics.passFinished(status, seconds)
  logger.info(
    {
      event: 'pass_finished',
      passId,
      status,
      teammates: asked,
      requests,
      throttled,
      seconds,
      ended: conclusions.ended.length,
    },
    `pass ${status}`,
  )
}

/** Null when it was closed meanwhile: it was taken for dead, or another run of the same job was first. */
async function finishIfRunning(pool: Pool, outcome: PassOutcome): Promise<Conclusions | null> {
  try {
    return await finishPass(pool, outcome)
  } catch (error) {
    if (error instanceof PassClosedError) return null
    throw error
  }
}
