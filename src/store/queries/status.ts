/**
 * How the mirror of one team stands, from Postgres alone and on its clock: what the command, the pages and the
 * metrics show. Ids, names, counts and times; no phone number and no e-mail is even asked for.
 *
 * Teammates left out by configuration are not in it, since their data grow old on purpose.
 */

import { lastTeamOfKey, type Team } from '../pass/teammates.ts'
import { type Pool, withDatabaseErrors } from '../postgres/database.ts'
import type { ReadStatus } from '../reading/reading.ts'

const PASSES_SHOWN = 48

export interface MirrorStatus {
  /** When this was asked, on the database's clock. All instants are ISO 8601 in UTC. */
  readonly at: string
  /** Null: the key was never accepted, and nothing else is on record either. */
  readonly team: Team | null
  /** Newest first; the first may be running. */
  readonly passes: readonly PassStatus[]
  /** Oldest data first. */
  readonly teammates: readonly TeammateStatus[]
  readonly pausedSeconds: number
  readonly credentials: CredentialsVerdict | null
  readonly incidents: readonly Incident[]
}

export interface PassStatus {
  readonly passId: string
  readonly trigger: string
  readonly status: 'running' | 'ok' | 'partial' | 'failed'
  readonly startedAt: string
  readonly finishedAt: string | null
  /** Until now, if it runs. */
  readonly durationSeconds: number
  readonly teammates: number | null
  readonly requests: number | null
  /** Answers that said to wait (429). */
  readonly throttled: number | null
  readonly throttledSeconds: number
  readonly errorCode: string | null
  readonly errorMessage: string | null
}

export interface TeammateStatus {
  readonly userId: string
  readonly name: string | null
  /** End of the last reading that was applied; null: there was none. */
  readonly observedAt: string | null
  /** Since then, or since we know of them. */
  readonly ageSeconds: number
  /** As allo.teammate_freshness judges, by the target that was asked about. */
  readonly isStale: boolean
  /** Of the current queue; null: none. */
  readonly numbers: number | null
  /** Why the last reading gave nothing; null: it did. */
  readonly failure: {
    readonly status: ReadStatus
    readonly code: string | null
    readonly message: string | null
    readonly since: string
    /** In a row, as far as they are counted (FAILURES_COUNTED). */
    readonly readings: number
  } | null
}

/** A team of thousands that fails for a day must not make the one who asks why wait for millions of rows. */
export const FAILURES_COUNTED = 10

/** Whether the API took the key, as the last finished pass found. */
export interface CredentialsVerdict {
  readonly isRefused: boolean
  readonly reason: string | null
  readonly at: string
}

export interface Incident {
  readonly kind: string
  readonly openedAt: string
  readonly summary: string
}

/** `staleAfterSeconds`: the freshness target at that moment of the database's clock. */
export async function mirrorStatus(
  pool: Pool,
  keyFingerprint: string,
  staleAfterSeconds: (at: Date) => number,
): Promise<MirrorStatus> {
  return withDatabaseErrors('reading the status', async () => {
    const team = await teamOnRecord(pool, keyFingerprint)
    const teamId = team?.teamId ?? null
    const { rows } = await pool.query<{ at: string; paused: number }>(
      `select ${iso('clock_timestamp()')} as at, coalesce((
         select greatest(extract(epoch from paused_until - clock_timestamp()), 0)::float8
         from allo.api_keys where key_fingerprint = $1), 0) as paused`,
      [keyFingerprint],
    )
    const { at = '', paused = 0 } = rows[0] ?? {}
    return {
      at,
      team,
      passes: teamId === null ? [] : await lastPasses(pool, teamId),
      teammates: teamId === null ? [] : await teammatesByAge(pool, teamId, staleAfterSeconds(new Date(at))),
      pausedSeconds: paused,
      credentials: await credentialsVerdict(pool, keyFingerprint),
      incidents: teamId === null ? [] : await openIncidents(pool, teamId),
    }
  })
}

/** The team last recorded for this key. A key that is new here, and not accepted yet, is taken for the only team's. */
export async function teamOnRecord(pool: Pool, keyFingerprint: string): Promise<Team | null> {
  const team = await lastTeamOfKey(pool, keyFingerprint)
  if (team !== null) return team
  const { rows } = await pool.query<Team>(
    `select team_id as "teamId", name from allo.teams where (select count(*) from allo.teams) = 1`,
  )
  return rows[0] ?? null
}

/**
 * The age from which data are too old, as the worker recorded it with its last pass. Null: no worker ran, or somebody
 * has gone over to `sync` since.
 */
export async function staleAfterOfWorker(pool: Pool, teamId: string): Promise<number | null> {
  return withDatabaseErrors('reading the schedule of the worker', async () => {
    const { rows } = await pool.query<{ seconds: number }>(
      `select s.stale_after_seconds as seconds from allo.sync_passes s
       where s.team_id = $1 and s.trigger = 'schedule' and s.stale_after_seconds is not null
         and not exists (
           select from allo.sync_passes later
           where later.team_id = $1 and later.trigger <> 'schedule' and later.is_whole_team
             and later.started_at > s.started_at + make_interval(secs => s.stale_after_seconds))
       order by s.started_at desc limit 1`,
      [teamId],
    )
    return rows[0]?.seconds ?? null
  })
}

/** Null when no finished pass says: none yet, or the API could not be asked. */
export async function credentialsVerdict(
  pool: Pool,
  keyFingerprint: string,
): Promise<CredentialsVerdict | null> {
  const { rows } = await pool.query<CredentialsVerdict>(
    `select p.stop_status is not distinct from 'forbidden' as "isRefused", p.error_message as reason,
       ${iso('p.finished_at')} as at
     from allo.api_keys k join allo.sync_passes p using (team_id)
     where k.key_fingerprint = $1 and ${saysWhetherKeyIsAccepted}
     order by p.started_at desc limit 1`,
    [keyFingerprint],
  )
  return rows[0] ?? null
}

/** Of a pass `p`. One that was stopped by anything else than the key says nothing about it. */
export const saysWhetherKeyIsAccepted = `(p.stop_status = 'forbidden' or p.status in ('ok', 'partial'))
  and p.finished_at is not null`

async function lastPasses(pool: Pool, teamId: string): Promise<PassStatus[]> {
  const { rows } = await pool.query<PassStatus>(
    `select pass_id as "passId", trigger, status, ${iso('started_at')} as "startedAt",
       ${iso('finished_at')} as "finishedAt",
       extract(epoch from coalesce(finished_at, clock_timestamp()) - started_at)::float8 as "durationSeconds",
       teammates, requests, throttled, coalesce(throttled_ms, 0)::float8 / 1000 as "throttledSeconds",
       error_code as "errorCode", error_message as "errorMessage"
     from allo.sync_passes where team_id = $1 order by started_at desc, pass_id desc limit ${PASSES_SHOWN}`,
    [teamId],
  )
  return rows
}

interface TeammateRow extends Omit<TeammateStatus, 'failure'> {
  readonly status: ReadStatus | null
  readonly code: string | null
  readonly message: string | null
  readonly since: string | null
  readonly readings: number
}

async function teammatesByAge(
  pool: Pool,
  teamId: string,
  staleAfterSeconds: number,
): Promise<TeammateStatus[]> {
  const { rows } = await pool.query<TeammateRow>(
    `select t.user_id as "userId", t.name, ${iso('t.last_observed_at')} as "observedAt", t.age_seconds as "ageSeconds",
       t.judged_age_seconds > $2 as "isStale", q.numbers, t.last_try_status as status, t.last_try_error_code as code,
       t.last_try_error_message as message, f.since, f.readings
     from allo.teammate_freshness t
     left join lateral (
       select sum(numbers)::int as numbers from allo.queues where user_id = t.user_id and is_current) q on true
     left join lateral (
       select ${iso('min(observed_at)')} as since, count(*)::int as readings from (
         select observed_at from allo.sync_reads
         where user_id = t.user_id and observed_at > coalesce(t.last_observed_at, '-infinity') and status in (${failing})
           and t.last_try_status in (${failing})
         order by observed_at limit ${FAILURES_COUNTED}) first_ones) f on true
     where t.team_id = $1 and not t.is_left_out
     order by t.age_seconds desc, t.user_id`,
    [teamId, staleAfterSeconds],
  )
  return rows.map(({ status, code, message, since, readings, ...teammate }) => ({
    ...teammate,
    failure: status === null || since === null ? null : { status, code, message, since, readings },
  }))
}

const failing = `'torn', 'forbidden', 'rate_limited', 'error'`

async function openIncidents(pool: Pool, teamId: string): Promise<Incident[]> {
  const { rows } = await pool.query<Incident>(
    `select kind, ${iso('opened_at')} as "openedAt", summary from allo.incidents
     where team_id = $1 and closed_at is null order by opened_at`,
    [teamId],
  )
  return rows
}

/** How long a finished pass took; 0 when that can't be found out, since nothing depends on it. */
export async function passSeconds(pool: Pool, passId: string): Promise<number> {
  const seconds = `select extract(epoch from finished_at - started_at)::float8 as seconds
    from allo.sync_passes where pass_id = $1`
  const { rows } = await pool.query<{ seconds: number }>(seconds, [passId]).catch(() => ({ rows: [] }))
  return rows[0]?.seconds ?? 0
}

export function iso(instant: string): string {
  return `to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}
