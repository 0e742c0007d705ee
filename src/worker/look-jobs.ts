/**
 * The jobs of looks, in a queue of their own, which has the job of call-jobs.ts too. All processes share them:
 *
 *   plan      every five seconds, by a schedule in the job backend: plans the looks of the next five seconds, and makes
 *             the first few
 *   looks     makes a few planned looks, each at its time
 *   reading   reads one teammate at once, because a look was unexpected
 *
 * No job is worth a retry: what was not looked at is due again. A job that a killed worker left is taken up by another
 * one, which drops the looks that have been planned again since.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from 'bullmq'
import pLimit from 'p-limit'
import type { MirrorError } from '../errors.ts'
import { toMirrorError } from '../foreign-errors.ts'
import { type LookResult, lookAtTeammate } from '../live/look-at-teammate.ts'
import { readAtOnce } from '../live/read-at-once.ts'
import { concernOf } from '../pass/failure.ts'
import { delayLooks, spendOnLooks } from '../store/look/look-budget.ts'
import { planLookNow, planLooks, type Urgency } from '../store/look/plan-looks.ts'
import { clearUnexpected, recordUnexpected } from '../store/look/unexpected-looks.ts'
import { withDatabaseErrors } from '../store/postgres/database.ts'
import type { WorkerContext } from './context.ts'
import type { SourceTime } from './counted-events.ts'
import type { JobData, JobQueue, LookToMake } from './jobs.ts'
import { budgetOf, type LookSettings } from './look-budget.ts'
import type { WorkerMetrics } from './metrics.ts'
import type { ScheduledJob } from './schedule.ts'

export const PLAN_EVERY_MS = 5000
/** Looks of one job that wait for Allo at the same time. */
const AT_ONCE = 4
/** Looks of one job; the rest goes to other jobs, so that other processes can take them. */
const LOOKS_PER_JOB = 8
/** For its turn and its answer together. Then the next look is due. */
const LOOK_DEADLINE_MS = 10_000
/** After a look without an answer, and after one that no teammate's look will get. */
const DELAY_MS = { teammate: 5000, pass: 60_000 }

/** A look or a reading for a reason that this process learned of. */
export interface LookRequests {
  /**
   * Looks at the teammate now. `rank`: at the page with that place in the order of their queue; null: where dialling
   * stands. A no-op if the share of looks is spent.
   */
  lookNow(teamId: string, userId: string, rank: number | null, urgency: Urgency): Promise<void>
  /** Reads the teammate now, unless a running pass is about to. A no-op if the share of looks is spent. */
  readNow(teamId: string, userId: string, reason: string): Promise<void>
}

type SeenChanges = Extract<LookResult, { kind: 'changed' }>['seen']

/** What the jobs of looks share. */
interface Looks extends LookSettings {
  readonly context: WorkerContext
  readonly queue: JobQueue
  /** Called after looks were planned, because details of calls come after looks. */
  readonly onPlanned: () => Promise<void>
}

export function createLookRequests(looks: Looks): LookRequests {
  const { context, queue } = looks
  const { pool } = context
  return {
    async lookNow(teamId, userId, rank, urgency) {
      const look = await planLookNow(pool, budgetOf(context, looks), userId, urgency)
      if (look !== null) await addLooks(queue, teamId, [{ ...look, rank }])
    },
    async readNow(teamId, userId, reason) {
      // The first of its requests. When the reading is made, the others are paid for too.
      const look = await planLookNow(pool, budgetOf(context, looks), userId, 'urgent')
      if (look !== null) await requestReading(looks, { teamId, userId, reason })
    },
  }
}

export function runLookJob(looks: Looks, job: Job<JobData>, signal: AbortSignal): Promise<void> {
  if (job.name === 'plan') return runPlan(looks, signal)
  if (job.name === 'looks') return makeLooks(looks, job.data, signal)
  return runReadingAtOnce(looks, job, signal)
}

async function runPlan(looks: Looks, signal: AbortSignal): Promise<void> {
  const { pool, logger } = looks.context
  const { teamId, planned, heldBackBy } = await planLooks(pool, budgetOf(looks.context, looks), PLAN_EVERY_MS)
  logger.debug({ event: 'looks_planned', looks: planned.length, heldBackBy }, 'looks planned')
  if (teamId === null) return
  const jobs = Math.ceil(planned.length / LOOKS_PER_JOB)
  // Each job has looks of the whole time, so that processes share the work evenly.
  const ofJob = (nth: number) =>
    planned.filter((_, index) => index % jobs === nth).map((look) => ({ ...look, rank: null }))
  for (let nth = 1; nth < jobs; nth += 1) await addLooks(looks.queue, teamId, ofJob(nth))
  await looks.onPlanned()
  await makeLooks(looks, { teamId, looks: ofJob(0) }, signal)
}

/** One job at a time: with jobs in Postgres, BullMQ creates temporary tables for each call of addBulk. */
async function addLooks(queue: JobQueue, teamId: string, looks: readonly LookToMake[]): Promise<void> {
  await queue.add('looks', { teamId, looks }, leavesNothing)
}

const leavesNothing = { removeOnComplete: true, removeOnFail: true }

/** The job of the schedule. */
export const planTick: ScheduledJob = { name: 'plan', opts: leavesNothing }

async function makeLooks(
  looks: Looks,
  { teamId = '', looks: toMake = [] }: Pick<JobData, 'teamId' | 'looks'>,
  signal: AbortSignal,
): Promise<void> {
  const limit = pLimit(AT_ONCE)
  const makeOne = async (look: LookToMake) => {
    await sleep(look.inMs, undefined, { signal })
    await limit(() => makeLook(looks, { teamId, ...look }, signal))
  }
  await Promise.all(toMake.map(makeOne))
}

/** Rejects only if the failure concerns this process; the other looks of the job are then not made. */
async function makeLook(
  looks: Looks,
  look: LookToMake & { readonly teamId: string },
  signal: AbortSignal,
): Promise<void> {
  const { context } = looks
  const { pool, numberKeys, pacer, metrics, credentials } = context
  if (pacer.pausedMs > 0) return metrics.count({ type: 'look', result: 'given_up' })
  const deadline = AbortSignal.timeout(LOOK_DEADLINE_MS)
  const allo = context.allo.once()
  try {
    const sources = { pool, numberKeys, allo }
    const looked = await lookAtTeammate(sources, look, AbortSignal.any([signal, deadline]))
    if (looked.kind === 'none') return
    // One request was planned.
    if (allo.counts.requests > 1) await payFor(looks, allo.counts.requests - 1)
    credentials.accepted()
    metrics.count({ type: 'look', result: looked.kind })
    if (looked.kind === 'changed') observeLags(metrics, looked.seen)
    if (looked.kind === 'unexpected') await requestReading(looks, { ...look, reason: looked.reason })
  } catch (thrown) {
    signal.throwIfAborted()
    if (deadline.aborted) return metrics.count({ type: 'look', result: 'given_up' })
    await lookFailed(context, look, toMirrorError(thrown))
  }
}

/** From when the source says it happened until now. A time without a usable zone is left out. */
function observeLags(metrics: WorkerMetrics, { differing, begun }: SeenChanges): void {
  const observe = (sourceTime: SourceTime, at: string | null) => {
    const ms = Date.now() - Date.parse(at ?? '')
    if (Number.isFinite(ms)) metrics.observeLag(sourceTime, ms / 1000)
  }
  for (const { updatedAt } of differing) observe('updated_at', updatedAt)
  for (const { callStartDate } of begun) observe('call_start_date', callStartDate)
}

/** The failure may be that of all looks. The reason is not: a pass will find it, record it and tell it. */
async function lookFailed(
  { pool, keyFingerprint, metrics, credentials, logger }: WorkerContext,
  { teamId, userId }: { readonly teamId: string; readonly userId: string },
  error: MirrorError,
): Promise<void> {
  const concern = concernOf(error)
  if (concern === 'process') throw error
  credentials.failed(error)
  metrics.count({ type: 'look', result: 'failed' })
  logger.debug({ event: 'look_failed', userId, code: error.code }, error.message)
  await recordUnexpected(pool, { teamId, userId, reason: error.code })
  await delayLooks(pool, keyFingerprint, DELAY_MS[concern])
}

/** One reading of a teammate at a time: the id of its job is theirs. */
async function requestReading(
  { context: { pool, logger }, queue }: Looks,
  { teamId, userId, reason }: { readonly teamId: string; readonly userId: string; readonly reason: string },
): Promise<void> {
  await recordUnexpected(pool, { teamId, userId, reason })
  logger.debug({ event: 'reading_requested', userId, reason }, `a reading was requested: ${reason}`)
  const jobId = `reading-${createHash('sha1').update(userId).digest('hex').slice(0, 20)}`
  await queue.add('reading', { teamId, userId }, { jobId, ...leavesNothing })
}

async function runReadingAtOnce(looks: Looks, job: Job<JobData>, signal: AbortSignal): Promise<void> {
  const { context, queue } = looks
  const { pool, credentials, metrics, logger } = context
  const { teamId = '', userId = '' } = job.data
  const allo = context.allo.counted()
  // The same job gets the same pass again after a crash, and a later job of the teammate another one.
  const jobId = queue.uniqueJobId(`${job.id} ${job.timestamp}`)
  const done = await readAtOnce({ ...context, allo }, { teamId, userId, jobId }, signal)
  await payFor(looks, allo.counts.requests)
  if (done === null) return
  const { reading, error } = done
  if (error === null) credentials.accepted()
  else credentials.failed(error)
  metrics.count({ type: 'reading', reading })
  if (reading.added + reading.moved + reading.removed > 0) await clearUnexpected(pool, userId)
  const { status, errorCode: code } = reading
  logger.debug({ event: 'reading', userId, status, code }, reading.errorMessage ?? `reading ${status}`)
}

/** Takes requests that were not planned from the share of looks. */
async function payFor(looks: Looks, requests: number): Promise<void> {
  const spending = { ...budgetOf(looks.context, looks), requests }
  await withDatabaseErrors('paying for requests', () => spendOnLooks(looks.context.pool, spending))
}
