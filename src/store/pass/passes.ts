/**
 * Passes and their leases. A pass is `running` while its processes renew the lease. If the lease expires, they are
 * dead, and the next pass closes it as failed. A slow pass keeps its lease.
 *
 * All functions are idempotent except `startPass` without a job id, and `recordSideEffects`, which adds.
 */
import { and, desc, eq, isNull, type SQL, sql } from 'drizzle-orm'
import { mergeSurprises } from '../../allo/surprises.ts'
import type { Surprise } from '../../allo/types.ts'
import { exitCodes, MirrorError } from '../../errors.ts'
import {
  type Client,
  DatabaseError,
  inTransaction,
  type Pool,
  withDatabaseErrors,
} from '../postgres/database.ts'
import { orm } from '../postgres/query.ts'
import type { FailedReading } from '../reading/reading.ts'
import { syncPasses, syncReads } from '../schema.ts'

export const LEASE_SECONDS = 60

/** `look`: a look found something unexpected, and one teammate is read at once. */
export type PassTrigger = 'schedule' | 'manual' | 'look'

export interface NewPass {
  readonly teamId: string
  readonly trigger: PassTrigger
  /** False for some teammates picked by hand: only a pass over the team can find that no teammate holds a queue. */
  readonly isWholeTeam: boolean
  readonly version: string
  /** Id of the job that runs the pass, unique. If the same job begins again after a crash, it continues the pass. */
  readonly jobId?: string
  /** Of the schedule as configured now; absent if there is no schedule. */
  readonly cadence?: Cadence | undefined
}

/** How often a teammate is meant to be read, kept with the pass: schedules change. */
export interface Cadence {
  /** A next reading that comes later than this leaves a gap. */
  readonly gapAfterSeconds: number
  /** Data older than this are too old. */
  readonly staleAfterSeconds: number
}

/** A pass still running after this long is wedged: it is closed, and recorded as such. */
const WEDGED_AFTER_SECONDS = 6 * 3600

const now = sql`clock_timestamp()`
const leaseFromNow = secondsFromNow(LEASE_SECONDS)

function secondsFromNow(seconds: number): SQL {
  return sql`${now} + make_interval(secs => ${seconds})`
}

/** At most one scheduled pass of a team runs at a time; the one that runs keeps running. */
export class PassAlreadyRunningError extends MirrorError {
  readonly code = 'already_running'
  readonly exitCode = exitCodes.tryAgain
}

/** Indexes that another process violates: one scheduled pass of a team, one running pass of a job. */
const oneAtATime = ['sync_passes_one_scheduled', 'sync_passes_running_job']

/** Closes what dead processes left, then begins. Returns the pass id. */
export async function startPass(db: Pool | Client, pass: NewPass): Promise<string> {
  try {
    return await withDatabaseErrors('starting a pass', async () => {
      const goingOn = await goOnWithPassOfJob(db, pass)
      if (goingOn !== null) return goingOn
      await closeLeftPasses(db, pass.teamId)
      return insertPass(db, pass)
    })
  } catch (error) {
    if (error instanceof DatabaseError && oneAtATime.includes(error.constraint ?? '')) {
      throw new PassAlreadyRunningError(`another scheduled pass of team ${pass.teamId} is running`, {
        cause: error,
      })
    }
    throw error
  }
}

/** The first run of the job may have known less: which team it is, and so whether the whole team is read. */
async function goOnWithPassOfJob(
  db: Pool | Client,
  { jobId, teamId, isWholeTeam }: NewPass,
): Promise<string | null> {
  if (jobId === undefined) return null
  const [pass] = await orm(db)
    .update(syncPasses)
    .set({ leaseExpiresAt: leaseFromNow, isWholeTeam })
    .where(and(eq(syncPasses.jobId, jobId), eq(syncPasses.teamId, teamId), isRunning))
    .returning({ passId: syncPasses.passId })
  return pass?.passId ?? null
}

async function closeLeftPasses(db: Pool | Client, teamId: string): Promise<void> {
  const isAbandoned = sql`${syncPasses.leaseExpiresAt} < ${now}`
  const isWedged = sql`${syncPasses.startedAt} < ${secondsFromNow(-WEDGED_AFTER_SECONDS)}`
  await orm(db)
    .update(syncPasses)
    .set({
      status: 'failed',
      finishedAt: now,
      errorCode: sql`case when ${isAbandoned} then 'abandoned' else 'wedged' end`,
      errorMessage: sql`case when ${isAbandoned} then 'its process stopped renewing the lease'
        else 'it did not come to an end' end`,
    })
    .where(and(eq(syncPasses.teamId, teamId), isRunning, sql`(${isAbandoned} or ${isWedged})`))
}

async function insertPass(db: Pool | Client, { cadence, ...pass }: NewPass): Promise<string> {
  const [row] = await orm(db)
    .insert(syncPasses)
    .values({ ...pass, ...cadence, status: 'running', startedAt: now, leaseExpiresAt: leaseFromNow })
    .returning({ passId: syncPasses.passId })
  if (row === undefined) throw new Error('starting a pass returned no id')
  return row.passId
}

const isRunning = eq(syncPasses.status, 'running')

/** The scheduled pass of the team that runs now, and the job that runs it. */
export async function runningScheduledPass(
  pool: Pool,
  teamId: string,
): Promise<{ passId: string; jobId: string | null } | null> {
  const [pass] = await withDatabaseErrors('looking for the running pass', () =>
    orm(pool)
      .select({ passId: syncPasses.passId, jobId: syncPasses.jobId })
      .from(syncPasses)
      .where(and(eq(syncPasses.teamId, teamId), eq(syncPasses.trigger, 'schedule'), isRunning)),
  )
  return pass ?? null
}

/** For a pass whose job is known to be gone, so that no process will finish it. */
export async function abandonPass(pool: Pool, passId: string, why: string): Promise<void> {
  await withDatabaseErrors('closing a pass whose job is gone', () =>
    orm(pool)
      .update(syncPasses)
      .set({ status: 'failed', finishedAt: now, errorCode: 'abandoned', errorMessage: why })
      .where(and(eq(syncPasses.passId, passId), isRunning)),
  )
}

/** False when the pass is not running any more: another process took it for dead and closed it. */
export async function renewLease(db: Pool | Client, passId: string): Promise<boolean> {
  const { rowCount } = await withDatabaseErrors('renewing the lease of a pass', () =>
    orm(db)
      .update(syncPasses)
      .set({ leaseExpiresAt: leaseFromNow })
      .where(and(eq(syncPasses.passId, passId), isRunning)),
  )
  return rowCount === 1
}

/** What a reading that is about to begin must know of its pass. */
export interface PassState {
  readonly isRunning: boolean
  /** An answer about this teammate is recorded already. */
  readonly isRead: boolean
  /**
   * How teammates not reached are recorded, because another reading found that the pass must stop. Null: it continues.
   */
  readonly stop: FailedReading | null
}

export async function passState(pool: Pool, passId: string, userId: string): Promise<PassState> {
  const [pass] = await withDatabaseErrors('reading the state of a pass', () =>
    orm(pool)
      .select({ ...stopColumns, status: syncPasses.status, readStatus: syncReads.status })
      .from(syncPasses)
      .leftJoin(syncReads, and(eq(syncReads.passId, syncPasses.passId), eq(syncReads.userId, userId)))
      .where(eq(syncPasses.passId, passId)),
  )
  return {
    isRunning: pass?.status === 'running',
    isRead: ['ok', 'no_queue', 'not_found'].includes(pass?.readStatus ?? ''),
    stop: pass === undefined ? null : toStop(pass),
  }
}

const stopColumns = {
  stopStatus: syncPasses.stopStatus,
  code: syncPasses.errorCode,
  message: syncPasses.errorMessage,
  requestId: syncPasses.errorRequestId,
}

interface StopRow {
  readonly stopStatus: string | null
  readonly code: string | null
  readonly message: string | null
  readonly requestId: string | null
}

function toStop({ stopStatus, code, message, requestId }: StopRow): FailedReading | null {
  const status = stopStatuses.find((known) => known === stopStatus)
  if (status === undefined) return null
  return { kind: 'failed', status, code: code ?? '', message: message ?? '', requestId }
}

const stopStatuses = ['forbidden', 'rate_limited', 'error', 'skipped'] as const

/** Tells the readings that have not begun yet that the pass stops; the first reason stays. */
export async function stopPass(pool: Pool, passId: string, reading: FailedReading): Promise<void> {
  const { status, code, message, requestId } = reading
  await withDatabaseErrors('stopping a pass', () =>
    orm(pool)
      .update(syncPasses)
      .set({ stopStatus: status, errorCode: code, errorMessage: message, errorRequestId: requestId })
      .where(and(eq(syncPasses.passId, passId), isRunning, isNull(syncPasses.stopStatus))),
  )
}

export interface ReadingTotals {
  /** Teammates whom Allo answered about: see isAnswered. */
  readonly answered: number
  readonly requests: number
  readonly throttled: number
  readonly stop: FailedReading | null
}

/** What the audit rows of a running pass amount to; null when it is not running any more. */
export async function readingsOfPass(pool: Pool, passId: string): Promise<ReadingTotals | null> {
  const [pass] = await withDatabaseErrors('adding up a pass', () =>
    orm(pool)
      .select({
        ...stopColumns,
        answered: sql<number>`count(*) filter (where ${syncReads.status} in ('ok', 'no_queue', 'not_found')
          or ${syncReads.errorCode} = 'overtaken')::int`,
        requests: sql<number>`coalesce(sum(${syncReads.requests}), 0)::int`,
        throttled: sql<number>`coalesce(sum(${syncReads.throttled}), 0)::int`,
      })
      .from(syncPasses)
      .leftJoin(syncReads, eq(syncReads.passId, syncPasses.passId))
      .where(and(eq(syncPasses.passId, passId), isRunning))
      .groupBy(syncPasses.passId),
  )
  if (pass === undefined) return null
  const { answered, requests, throttled } = pass
  return { answered, requests, throttled, stop: toStop(pass) }
}

/** Errors of what all processes recorded last of a pass, newest first. Not of teammates left out. */
export function latestErrors(
  pool: Pool,
  passId: string,
  most: number,
): Promise<{ readonly errorMessage: string | null }[]> {
  return withDatabaseErrors('looking at the latest readings', () =>
    orm(pool)
      .select({ errorMessage: syncReads.errorMessage })
      .from(syncReads)
      .where(and(eq(syncReads.passId, passId), sql`${syncReads.errorCode} is distinct from 'not_asked'`))
      .orderBy(desc(syncReads.observedAt))
      .limit(most),
  )
}

/** What a process waited because of 429s, and what it noticed of the API, while it worked on a pass. */
export interface SideEffects {
  readonly throttledMs: number
  readonly surprises: readonly Surprise[]
}

/** Adds to what the running pass has; a no-op when it is closed. */
export async function recordSideEffects(pool: Pool, passId: string, effects: SideEffects): Promise<void> {
  await inTransaction(pool, 'recording what a pass noticed', async (client) => {
    const [pass] = await orm(client)
      .select({ surprises: syncPasses.surprises })
      .from(syncPasses)
      .where(and(eq(syncPasses.passId, passId), isRunning))
      .for('update')
    if (pass === undefined) return
    const merged = mergeSurprises((pass.surprises ?? []) as readonly Surprise[], effects.surprises)
    await orm(client)
      .update(syncPasses)
      .set({
        throttledMs: sql`coalesce(${syncPasses.throttledMs}, 0) + ${Math.round(effects.throttledMs)}`,
        surprises: merged.length > 0 ? merged : null,
      })
      .where(eq(syncPasses.passId, passId))
  })
}
