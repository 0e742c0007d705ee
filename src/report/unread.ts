/**
 * How long teammates were not read in a span of time, from the function `reporting.unread_time`. Dials of unread time
 * may appear later or never, so the figures of a span that was hardly read are unreliable.
 */
import { type SQL, sql } from 'drizzle-orm'
import { array, run } from '../store/postgres/query.ts'
import { isOfTeammate, type Scope, type TimeSpan } from './scope.ts'

/** Unread share of each span, over all teammates on the team then: 0 to 1; null: no teammate was on the team. */
export async function unreadShares(
  scope: Scope,
  spans: readonly TimeSpan[],
): Promise<readonly (number | null)[]> {
  const rows = await run<{ share: number | null }>(
    scope.client,
    // As numeric: a sum of floats depends on the order of the rows.
    sql`select (sum((u.unread_seconds - u.seconds_before_joining)::numeric) / nullif(sum(
        (extract(epoch from s.until - s.since)::float8 - u.seconds_before_joining)::numeric), 0))::float8 as share
      from ${table(spans)}
      left join lateral (${unreadTime(scope)} and is_on_team) u on true
      group by s.nth order by s.nth`,
  )
  return rows.map(({ share }) => share)
}

/** Unread seconds of each span, by `user_id`. */
export async function unreadSeconds(
  scope: Scope,
  spans: readonly TimeSpan[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const rows = await run<{ userId: string; seconds: readonly number[] }>(
    scope.client,
    sql`select u.user_id as "userId", array_agg(u.unread_seconds order by s.nth) as seconds
      from ${table(spans)} cross join lateral (${unreadTime(scope)}) u
      group by u.user_id`,
  )
  return new Map(rows.map(({ userId, seconds }) => [userId, seconds]))
}

function table(spans: readonly TimeSpan[]): SQL {
  const since = array(spans.map(({ from }) => from))
  const until = array(spans.map(({ to }) => to))
  return sql`unnest(${since}::timestamptz[], ${until}::timestamptz[]) with ordinality as s(since, until, nth)`
}

function unreadTime(scope: Scope): SQL {
  const { queue } = scope.filters
  const holds =
    queue === null
      ? sql``
      : sql` and user_id in (select user_id from reporting.queues where queue_id = ${queue})`
  return sql`select * from reporting.unread_time(s.since, s.until) where ${isOfTeammate(scope)}${holds}`
}
