/**
 * How long teammates were not read in a span of time, from the function `reporting.unread_times`. Dials of unread time
 * may appear later or never, so the figures of a span that was hardly read are unreliable.
 */
import { type SQL, sql } from 'drizzle-orm'
import { array, run } from '../store/postgres/query.ts'
import type { TimeSpan } from './period.ts'
import { isOfTeammate, type Scope } from './scope.ts'

/** Unread share of each span, over all teammates on the team then: 0 to 1; null: no teammate was on the team. */
export async function unreadShares(
  scope: Scope,
  spans: readonly TimeSpan[],
): Promise<readonly (number | null)[]> {
  const rows = await run<{ nth: number; share: number | null }>(
    scope.client,
    // As numeric: a sum of floats depends on the order of the rows.
    sql`select nth, (sum((unread_seconds - seconds_before_joining)::numeric) / nullif(sum(
        (extract(epoch from period_to - period_from)::float8 - seconds_before_joining)::numeric), 0))::float8 as share
      from ${unreadTimes(scope, spans)} and is_on_team
      group by nth`,
  )
  const shares = new Map(rows.map(({ nth, share }) => [nth, share]))
  return spans.map((_, index) => shares.get(index + 1) ?? null)
}

/** Unread seconds of each span, by `user_id`. */
export async function unreadSeconds(
  scope: Scope,
  spans: readonly TimeSpan[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const rows = await run<{ userId: string; seconds: readonly number[] }>(
    scope.client,
    sql`select user_id as "userId", array_agg(unread_seconds order by nth) as seconds
      from ${unreadTimes(scope, spans)}
      group by user_id`,
  )
  return new Map(rows.map(({ userId, seconds }) => [userId, seconds]))
}

function unreadTimes(scope: Scope, spans: readonly TimeSpan[]): SQL {
  const since = array(spans.map(({ from }) => from))
  const until = array(spans.map(({ to }) => to))
  const { queue } = scope.filters
  const holds =
    queue === null
      ? sql``
      : sql` and user_id in (select user_id from reporting.queues where queue_id = ${queue})`
  return sql`reporting.unread_times(${since}::timestamptz[], ${until}::timestamptz[]) where ${isOfTeammate(scope)}${holds}`
}
