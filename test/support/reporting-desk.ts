/**
 * One teammate with dials at chosen times, written directly into the tables, for tests of the calendar that the
 * simulated source can't make. Times are whole microseconds since 1970.
 */
import type { Pool } from '../../src/store/postgres/database.ts'
import type { Outcome } from './bookkeeping.ts'
import type { CountedDial } from './reporting-calendar.ts'
import { fromMicros } from './reporting-views.ts'

export interface Desk {
  readonly teamId: string
  readonly userId: string
  readonly queueId: string
}

export interface DeskDial {
  readonly at: number
  readonly outcome: Outcome
  /** Of two dials with the same one, the number is the same (one each). */
  readonly entry?: number
  /** Allo did not say when: seen first, and counted, at `at`. */
  readonly isUndated?: boolean
}

let desks = 0

/** Of a team of their own. Read from `since` to `until`, all along. */
export async function seat(
  pool: Pool,
  { since, until, dials }: { since: number; until: number; dials: readonly DeskDial[] },
): Promise<Desk> {
  desks += 1
  const desk = { teamId: `team-${desks}`, userId: `usr-${desks}`, queueId: `pdl_${desks}` }
  const { teamId, userId, queueId } = desk
  const [from, to] = [fromMicros('$4::float8'), fromMicros('$5::float8')]
  await pool.query(
    `with team as (
       insert into allo.teams (team_id, name, first_seen_at, last_seen_at) values ($1, 'Desk', ${from}, ${to})
       returning team_id
     ), teammate as (
       insert into allo.teammates (user_id, team_id, name, is_listed, first_seen_at, last_seen_at,
         last_read_started_at, last_observed_at)
       select $2, team_id, 'Kim Desk', true, ${from}, ${to}, ${to}, ${to} from team
     ), queue as (
       insert into allo.queues (queue_id, team_id, user_id, is_current, first_seen_at, numbers, last_read_started_at,
         last_observed_at, membership_digest, content_digest)
       select $3, team_id, $2, true, ${from}, 0, ${to}, ${to}, '', '' from team
     )
     insert into allo.queue_assignments (user_id, queue_id, valid_from) select $2, $3, ${from}`,
    [teamId, userId, queueId, since, until],
  )
  const { rows } = await pool.query<{ entry_id: string }>(
    `insert into allo.queue_entries (queue_id, first_seen_at, outcome)
     select $1, ${fromMicros('$2::float8')}, 'remaining' from generate_series(1, $3) returning entry_id`,
    [queueId, since, dials.length],
  )
  await pool.query(
    `insert into allo.dials (team_id, entry_id, queue_id, user_id, position, call_id, dialled_at, outcome, first_seen_at,
       last_changed_at)
     select $1, d.entry_id, $2, $3, 0, $2 || d.ordinal, case when not d.is_undated then ${fromMicros('d.at')} end,
       d.outcome, ${fromMicros('d.at')}, ${fromMicros('d.at')}
     from unnest($4::bigint[], $5::float8[], $6::text[], $7::boolean[]) with ordinality
       d(entry_id, at, outcome, is_undated, ordinal)`,
    [
      teamId,
      queueId,
      userId,
      dials.map(({ entry }, index) => rows[entry ?? index]?.entry_id),
      dials.map(({ at }) => at),
      dials.map(({ outcome }) => outcome),
      dials.map(({ isUndated }) => isUndated ?? false),
    ],
  )
  return desk
}

/** As the calendar counts them. */
export function asCounted(dials: readonly DeskDial[]): CountedDial[] {
  return dials.map(({ at, outcome, entry }, index) => ({ at, outcome, stay: String(entry ?? index) }))
}
