/**
 * The executor of the worker: the same steps as src/pass/run-in-process.ts, as jobs that all processes share.
 *
 *   tick ─▶ identify ─▶ begin ─▶ select ─▶ a job for each reading ─▶ wait for them ─▶ finish
 *
 * The job of the pass is the tick of the schedule. While its readings run, it waits for its children and occupies no
 * worker. When they are done, any worker resumes it. After a kill it is run again and finds its pass by the id of the
 * job. Two passes of a team never run at once: the lease in Postgres prevents that, since Redis can lose its data.
 */
import { createHash } from 'node:crypto'
import { type Job, WaitingChildrenError } from 'bullmq'
import { messageOf } from '../errors.ts'
import { recordNotAsked, selectTeammates } from '../pass/choose-teammates.ts'
import { JobsUnavailableError, reasonOf } from '../pass/failure.ts'
import { finish } from '../pass/finish.ts'
import { identify } from '../pass/identify-team.ts'
import { openRecord, type PassRecord } from '../pass/pass-record.ts'
import {
  abandonPass,
  type NewPass,
  PassAlreadyRunningError,
  runningScheduledPass,
  startPass,
} from '../store/pass/passes.ts'
import type { KnownTeammate } from '../store/pass/teammates.ts'
import { passSeconds } from '../store/queries/status.ts'
import { annotate, currentTrace, type SpanAttributes, traced } from '../tracing.ts'
import type { WorkerContext } from './context.ts'
import type { JobData, JobQueue, Queues } from './jobs.ts'
import { endOrphanedJobs } from './orphaned-jobs.ts'
import { tellSideEffects } from './reading-job.ts'

/** So that a team of thousands does not stall Redis for everyone else on it. */
const CHUNK = 500
/** Longer than any pass: a reading that was removed too early would run twice after a crash. */
const KEEP_READINGS_SECONDS = 24 * 3600
const MAX_TRIES = 3
/** What one more try, and waiting for it, takes at most while Allo answers with errors. */
const TRY_SECONDS = 25

export async function runPass(
  context: WorkerContext,
  queues: Queues,
  job: Job<JobData>,
  token: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const begun =
    job.data.passId === undefined
      ? await traced('pass.begin', {}, () => beginPass(context, queues, job, signal))
      : job.data
  if (begun === null) return
  if (token !== undefined && (await job.moveToWaitingChildren(token))) throw new WaitingChildrenError()
  await traced('pass.finish', spanOf(begun), () => endPass(context, begun), begun.trace)
}

/** Attributes that all spans of a pass have. */
export function spanOf({ passId = '' }: JobData): SpanAttributes {
  return { 'allo.pass_id': passId }
}

async function beginPass(
  shared: WorkerContext,
  queues: Queues,
  job: Job<JobData>,
  signal: AbortSignal,
): Promise<JobData | null> {
  const context = { ...shared, allo: shared.allo.counted() }
  const { pool, numberKeys, logger, pacer, sideEffects, credentials } = context
  const waitedBefore = pacer.throttledMs
  const warn = (message: string) => logger.warn({ event: 'api_warning' }, message)
  const identified = await identify({ ...context, warn }, { record: true, signal }).catch(
    (failure: unknown) => {
      credentials.failed(failure)
      throw failure
    },
  )
  const { team, error } = identified
  credentials.failed(error)
  const passId = await openPass(context, queues, job, { teamId: team.teamId, isWholeTeam: error === null })
  if (passId === null) {
    logger.info({ event: 'pass_skipped' }, 'the previous pass is still running')
    return null
  }
  annotate({ 'allo.pass_id': passId })
  const record = openRecord(pool, numberKeys, { passId, teamId: team.teamId })
  sideEffects.enter(passId, pacer.throttledMs - waitedBefore)
  const release = context.leases.hold(passId)
  try {
    if (error !== null) throw error
    await endOrphanedJobs(queues, job, logger)
    const data = await handOutReadings(context, queues, job, { record, passId, teamId: team.teamId, signal })
    await tellSideEffects(context, record)
    return data
  } catch (thrown) {
    signal.throwIfAborted()
    await recordFailedPass(context, record, thrown)
    return null
  } finally {
    release()
  }
}

async function handOutReadings(
  context: WorkerContext,
  queues: Queues,
  job: Job<JobData>,
  pass: { record: PassRecord; passId: string; teamId: string; signal: AbortSignal },
): Promise<JobData> {
  const { logger, choice, allo } = context
  const { record, passId, teamId, signal } = pass
  const selected = await selectTeammates(context, teamId, choice, { record: true, signal })
  const { toRead, warnings, incomplete } = selected
  for (const warning of warnings) logger.warn({ event: 'configuration', passId }, warning)
  await recordNotAsked(record, selected)
  const { requests, throttled } = allo.counts
  const plan = { asked: toRead.length, spent: { requests, throttled } }
  const data = { passId, teamId, ...currentTrace(), ...plan, ...(incomplete === null ? {} : { incomplete }) }
  await handOut(queues.readings, job, data, toRead, triesWithin(context.secondsToNextRun()))
  logger.info({ event: 'pass_started', passId, teammates: toRead.length }, 'pass started')
  return data
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
  const { passId, teamId, trace } = data
  const parent = { id: job.id ?? '', queue: job.queueQualifiedName }
  try {
    for (let start = 0; start < teammates.length; start += CHUNK) {
      await readings.addBulk(
        teammates.slice(start, start + CHUNK).map(({ userId }) => ({
          name: 'reading',
          data: { passId, teamId, userId, ...(trace === undefined ? {} : { trace }) },
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
    throw new JobsUnavailableError(`the jobs of the readings could not be added: ${messageOf(cause)}`, {
      cause,
    })
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
  { pool, logger, version, cadence }: WorkerContext,
  { passes }: Queues,
  job: Job<JobData>,
  { teamId, isWholeTeam }: Pick<NewPass, 'teamId' | 'isWholeTeam'>,
): Promise<string | null> {
  const start = async () => {
    try {
      return await startPass(pool, {
        teamId,
        trigger: 'schedule',
        isWholeTeam,
        version,
        cadence: cadence(),
        // Two teams tick at the same instant, and their jobs are then of the same name in two queues.
        jobId: passes.uniqueJobId(job.id ?? ''),
      })
    } catch (error) {
      if (error instanceof PassAlreadyRunningError) return null
      throw error
    }
  }
  const started = await start()
  if (started !== null) return started
  const running = await runningScheduledPass(pool, teamId)
  if (running === null) return start()
  const jobId = running.jobId === null ? null : passes.jobIdOf(running.jobId)
  if (jobId === null || !['unknown', 'completed', 'failed'].includes(await passes.getJobState(jobId)))
    return null
  await abandonPass(pool, running.passId, 'its job is gone')
  logger.warn(
    { event: 'pass_abandoned', passId: running.passId },
    'the job of the previous pass no longer exists',
  )
  return start()
}

async function recordFailedPass(context: WorkerContext, record: PassRecord, thrown: unknown): Promise<void> {
  const { credentials, failures, allo } = context
  const { passId } = record
  credentials.failed(thrown)
  failures.failed('pass_failed', passId, reasonOf(thrown))
  await tellSideEffects(context, record)
  const finished = await finish(record, { asked: 0, spent: allo.counts, incomplete: null }, thrown)
  if (finished !== null) context.metrics.passFinished('failed', await passSeconds(context.pool, passId ?? ''))
}

/** Everything else there is to say about the pass stands in the audit rows of its readings. */
async function endPass(context: WorkerContext, data: JobData): Promise<void> {
  const { pool, numberKeys, logger, metrics } = context
  const { passId = '', teamId = '', asked = 0, spent = { requests: 0, throttled: 0 }, incomplete } = data
  const record = openRecord(pool, numberKeys, { passId, teamId })
  const finished = await finish(record, { asked, spent, incomplete: incomplete ?? null })
  if (finished === null) return
  const { status, requests, throttled, conclusions } = finished
  annotate({ 'allo.pass_status': status, 'allo.requests': requests, 'allo.throttled': throttled })
  const seconds = await passSeconds(pool, passId)
  metrics.passFinished(status, seconds)
  const ended = conclusions.ended.length
  logger.info(
    { event: 'pass_finished', passId, status, teammates: asked, requests, throttled, seconds, ended },
    `pass ${status}`,
  )
}
