/**
 * Passes and their leases. A pass is `running` while its process renews the lease; one whose lease ran out was left
 * by a dead process, and the next pass closes it as failed. A lease tells dead from slow.
 */
import { mergeSurprises } from '../../allo/surprises.ts'
import type { Surprise } from '../../allo/types.ts'
import { exitCodes, MirrorError } from '../../errors.ts'
import {
  ask,
  type Client,
  DatabaseError,
  inTransaction,
  type Pool,
  withDatabaseErrors,
} from '../postgres/database.ts'
import type { FailedReading } from '../reading/reading.ts'

export const LEASE_SECONDS = 60

export type PassTrigger = 'schedule' | 'manual'

export interface NewPass {
  readonly teamId: string
  readonly trigger: PassTrigger
  /** False for some teammates picked by hand: only a pass over the team can find that nobody holds a queue. */
  readonly isWholeTeam: boolean
  readonly version: string
  /** Of the job that runs it, unlike any other's: begun again by the same job, after a crash, a pass goes on. */
  readonly jobId?: string
  /** Of the schedule as configured now; absent where there is none to speak of. */
  readonly cadence?: Cadence
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

/** At most one scheduled pass of a team runs at a time; the one that runs keeps running. */
export class PassAlreadyRunningError extends MirrorError {
  override readonly name = 'PassAlreadyRunningError'
  readonly code = 'already_running'
  readonly exitCode = exitCodes.tryAgain
}

/** Closes what dead processes left, then begins. Returns the pass id. */
export async function startPass(db: Pool | Client, pass: NewPass): Promise<string> {
  try {
    return await withDatabaseErrors('starting a pass', async () => {
      const going = await runningPassOfJob(db, pass)
      if (going !== null) return going
      await db.query(
        `update allo.sync_passes set status = 'failed', finished_at = clock_timestamp(),
           error_code = case when lease_expires_at < clock_timestamp() then 'abandoned' else 'wedged' end,
           error_message = case when lease_expires_at < clock_timestamp()
             then 'its process stopped renewing the lease' else 'it did not come to an end' end
         where team_id = $1 and status = 'running'
           and (lease_expires_at < clock_timestamp()
                or started_at < clock_timestamp() - make_interval(secs => ${WEDGED_AFTER_SECONDS}))`,
        [pass.teamId],
      )
      const { rows } = await db.query<{ pass_id: string }>(
        `insert into allo.sync_passes (team_id, trigger, is_whole_team, status, started_at, lease_expires_at, version,
           job_id, gap_after_seconds, stale_after_seconds)
         values ($1, $2, $3, 'running', clock_timestamp(), clock_timestamp() + make_interval(secs => $4), $5, $6, $7, $8)
         returning pass_id`,
        [
          pass.teamId,
          pass.trigger,
          pass.isWholeTeam,
          LEASE_SECONDS,
          pass.version,
          pass.jobId ?? null,
          pass.cadence?.gapAfterSeconds ?? null,
          pass.cadence?.staleAfterSeconds ?? null,
        ],
      )
      const passId = rows[0]?.pass_id
      if (passId === undefined) throw new Error('starting a pass returned no id')
      return passId
    })
  } catch (error) {
    if (error instanceof DatabaseError && error.sqlState === '23505') {
      throw new PassAlreadyRunningError(`another scheduled pass of team ${pass.teamId} is running`, {
        cause: error,
      })
    }
    throw error
  }
}

async function runningPassOfJob(db: Pool | Client, pass: NewPass): Promise<string | null> {
  if (pass.jobId === undefined) return null
  const { rows } = await db.query<{ pass_id: string }>(
    `update allo.sync_passes set lease_expires_at = clock_timestamp() + make_interval(secs => $3)
     where job_id = $1 and team_id = $2 and status = 'running' returning pass_id`,
    [pass.jobId, pass.teamId, LEASE_SECONDS],
  )
  return rows[0]?.pass_id ?? null
}

/** The scheduled pass of the team that runs now, and the job that runs it. */
export async function runningScheduledPass(
  pool: Pool,
  teamId: string,
): Promise<{ passId: string; jobId: string | null } | null> {
  const { rows } = await withDatabaseErrors('looking for the running pass', () =>
    pool.query<{ pass_id: string; job_id: string | null }>(
      `select pass_id, job_id from allo.sync_passes
       where team_id = $1 and trigger = 'schedule' and status = 'running'`,
      [teamId],
    ),
  )
  return rows[0] === undefined ? null : { passId: rows[0].pass_id, jobId: rows[0].job_id }
}

/** For a pass whose job is known to be gone: nobody will finish it. */
export async function abandonPass(pool: Pool, passId: string, why: string): Promise<void> {
  await withDatabaseErrors('closing a pass whose job is gone', () =>
    pool.query(
      `update allo.sync_passes set status = 'failed', finished_at = clock_timestamp(), error_code = 'abandoned',
         error_message = $2
       where pass_id = $1 and status = 'running'`,
      [passId, why],
    ),
  )
}

/** False when the pass is not running any more: it was taken for dead and closed. */
export async function renewLease(db: Pool | Client, passId: string): Promise<boolean> {
  const { rowCount } = await ask(
    db,
    'renewing the lease of a pass',
    `update allo.sync_passes set lease_expires_at = clock_timestamp() + make_interval(secs => $2)
     where pass_id = $1 and status = 'running'`,
    [passId, LEASE_SECONDS],
  )
  return rowCount === 1
}

/** What a reading that is about to begin must know of its pass. */
export interface PassState {
  readonly isRunning: boolean
  /** This teammate's applied reading is there already. */
  readonly isRead: boolean
  /** What those not reached are recorded as, because another reading found that the pass must stop; null: it goes on. */
  readonly stop: FailedReading | null
}

export async function passState(pool: Pool, passId: string, userId: string): Promise<PassState> {
  const { rows } = await withDatabaseErrors('reading the state of a pass', () =>
    pool.query<{
      is_running: boolean
      is_read: boolean
      stop_status: FailedReading['status'] | null
      code: string | null
      message: string | null
      request_id: string | null
    }>(
      `select status = 'running' as is_running, stop_status, error_code as code, error_message as message,
         error_request_id as request_id,
         exists (select from allo.sync_reads where pass_id = $1 and user_id = $2
                 and status in ('ok', 'no_queue', 'not_found')) as is_read
       from allo.sync_passes where pass_id = $1`,
      [passId, userId],
    ),
  )
  const row = rows[0]
  const status = row?.stop_status ?? null
  return {
    isRunning: row?.is_running ?? false,
    isRead: row?.is_read ?? false,
    stop:
      status === null
        ? null
        : {
            kind: 'failed',
            status,
            code: row?.code ?? '',
            message: row?.message ?? '',
            requestId: row?.request_id ?? null,
          },
  }
}

/** Tells the readings that have not begun yet that the pass stops; the first reason stays. */
export async function stopPass(pool: Pool, passId: string, reading: FailedReading): Promise<void> {
  await withDatabaseErrors('stopping a pass', () =>
    pool.query(
      `update allo.sync_passes set stop_status = $2, error_code = $3, error_message = $4, error_request_id = $5
       where pass_id = $1 and status = 'running' and stop_status is null`,
      [passId, reading.status, reading.code, reading.message, reading.requestId],
    ),
  )
}

/** What the audit rows of a running pass amount to; null when it is not running any more. */
export async function readingsOfPass(
  pool: Pool,
  passId: string,
): Promise<{ answered: number; requests: number; throttled: number; stop: PassState['stop'] } | null> {
  const { isRunning, stop } = await passState(pool, passId, '')
  if (!isRunning) return null
  const { rows } = await withDatabaseErrors('adding up a pass', () =>
    pool.query<{ answered: number; requests: number; throttled: number }>(
      `select count(*) filter (
           where status in ('ok', 'no_queue', 'not_found') or error_code = 'overtaken')::int as answered,
         coalesce(sum(requests), 0)::int as requests, coalesce(sum(throttled), 0)::int as throttled
       from allo.sync_reads where pass_id = $1`,
      [passId],
    ),
  )
  return rows[0] === undefined ? null : { ...rows[0], stop }
}

/** Adds what a process waited and noticed to its running pass. */
export async function recordSideEffects(
  pool: Pool,
  passId: string,
  { throttledMs, surprises }: { readonly throttledMs: number; readonly surprises: readonly Surprise[] },
): Promise<void> {
  await inTransaction(pool, 'recording what a pass noticed', async (client) => {
    const { rows } = await client.query<{ surprises: Surprise[] | null }>(
      `select surprises from allo.sync_passes where pass_id = $1 and status = 'running' for update`,
      [passId],
    )
    if (rows[0] === undefined) return
    const merged = mergeSurprises(rows[0].surprises ?? [], surprises)
    await client.query(
      `update allo.sync_passes set throttled_ms = coalesce(throttled_ms, 0) + $2, surprises = $3 where pass_id = $1`,
      [passId, Math.round(throttledMs), merged.length > 0 ? JSON.stringify(merged) : null],
    )
  })
}
