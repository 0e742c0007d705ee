/** Single numbers and calls to look at. Numbers are masked, as everywhere in schema reporting. */
import { type SQL, sql } from 'drizzle-orm'
import { one, run } from '../store/postgres/query.ts'
import { instant } from './instant.ts'
import { isAsked, type Scope, within } from './scope.ts'

export interface FollowUps {
  /** Wait longer than 7 days, longest first. Null: there are too many numbers to look at each. */
  readonly stale: Excerpt<StaleNumber> | null
  /** Stand uncalled in a current queue although a person had answered before, newest first. Null: as above. */
  readonly queuedAgain: Excerpt<QueuedAgain> | null
  /** Dials of the period without a result, newest first. */
  readonly unresolved: Excerpt<UnresolvedDial>
}

/** The first of them; `count` stops at `COUNTED`. */
export interface Excerpt<T> {
  readonly count: number
  readonly first: readonly T[]
}

export interface Concerned {
  readonly teammate: string
  readonly number: string | null
}

interface StaleNumber extends Concerned {
  readonly waitingSeconds: number
  readonly position: number
}

interface QueuedAgain extends Concerned {
  readonly queuedAt: string
  readonly stays: number
}

interface UnresolvedDial extends Concerned {
  readonly at: string
}

/** Of current queues: each is looked for in all queues of the team. */
export const MOST_NUMBERS = 50_000
export const COUNTED = 1000
const SHOWN = 15

export async function followUpsOf(scope: Scope): Promise<FollowUps> {
  const isTooMuch = await hasMoreNumbers(scope)
  const concerned = sql`coalesce(teammate_name, user_id) as teammate, number_masked as number`
  return {
    stale: isTooMuch
      ? null
      : await excerptOf<StaleNumber>(
          scope,
          sql`select ${concerned}, waiting_seconds as "waitingSeconds", position from reporting.stale_numbers
        where ${isAsked(scope)}`,
          sql`"waitingSeconds" desc, teammate, position`,
        ),
    queuedAgain: isTooMuch
      ? null
      : await excerptOf<QueuedAgain>(
          scope,
          sql`select ${concerned}, ${instant(sql`first_seen_at`)} as "queuedAt", entries::int as stays
        from reporting.requeued_numbers
        where ${isAsked(scope)} and has_connected_before and outcome = 'remaining'
          and queue_id in (select queue_id from reporting.queues where team_id = ${scope.teamId} and queue_state = 'current')
          and entry_id in (select entry_id from reporting.current_numbers n where n.queue_id = requeued_numbers.queue_id)`,
          sql`"queuedAt" desc, teammate, number`,
        ),
    unresolved: await excerptOf<UnresolvedDial>(
      scope,
      sql`select ${concerned}, ${instant(sql`counted_at`)} as at from reporting.dials
        where ${isAsked(scope)} and outcome = 'in_progress' and is_unresolved and ${within(sql`counted_at`, scope.period)}`,
      sql`at desc, teammate, number`,
    ),
  }
}

async function hasMoreNumbers(scope: Scope): Promise<boolean> {
  const { numbers } = await one<{ numbers: number }>(
    scope.client,
    sql`select coalesce(sum(numbers), 0)::float8 as numbers from reporting.teammates where ${isAsked(scope)}`,
  )
  return numbers > MOST_NUMBERS
}

async function excerptOf<T extends Concerned>(
  { client }: Scope,
  which: SQL,
  order: SQL,
): Promise<Excerpt<T>> {
  const rows = await run<T & { count: number }>(
    client,
    sql`with all_of_them as materialized (${which})
      select *, (select count(*)::int from (select from all_of_them limit ${COUNTED}) counted) as count
      from all_of_them order by ${order} limit ${SHOWN}`,
  )
  return { count: rows[0]?.count ?? 0, first: rows }
}
