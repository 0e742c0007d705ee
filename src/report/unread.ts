/**
 * How long teammates were not read in a span of time, from the function `reporting.unread_times`. Dials of unread time
 * may appear later or never, so the figures of a span that was hardly read are unreliable.
 */
import { type SQL, sql } from 'drizzle-orm'
import { array, one } from '../store/postgres/query.ts'
import type { TimeSpan } from './period.ts'
import { isOfTeammate, type Scope } from './scope.ts'

export interface Unread {
  /** Of each span, over all teammates on the team then: 0 to 1; null: no teammate was on the team. */
  readonly shares: readonly (number | null)[]
  /** Seconds of each of the first spans, by `user_id`. */
  readonly secondsOf: ReadonlyMap<string, readonly number[]>
}

/** All spans in one call, because the gaps of all teammates are read for each call. */
export async function unreadIn(
  scope: Scope,
  spans: readonly TimeSpan[],
  { byTeammate }: { readonly byTeammate: number },
): Promise<Unread> {
  const { shares, seconds } = await one<{
    shares: readonly { nth: number; share: number | null }[]
    seconds: readonly { userId: string; seconds: readonly number[] }[]
  }>(
    scope.client,
    // The shares of whole microseconds: a sum of floats depends on the order of the rows.
    sql`with times as materialized (
        select nth, user_id, is_on_team, unread_seconds, (unread_seconds * 1e6)::bigint as unread,
          (seconds_before_joining * 1e6)::bigint as before_joining,
          (extract(epoch from period_to - period_from) * 1e6)::bigint as whole
        from ${unreadTimes(scope, spans)})
      select (select coalesce(json_agg(json_build_object('nth', nth, 'share', share)), '[]') from (
          select nth, (sum(unread - before_joining) / nullif(sum(whole - before_joining), 0))::float8 as share
          from times where is_on_team group by nth) of_spans) as shares,
        (select coalesce(json_agg(json_build_object('userId', user_id, 'seconds', seconds)), '[]') from (
          select user_id, array_agg(unread_seconds order by nth) as seconds
          from times where nth <= ${byTeammate} group by user_id) of_teammates) as seconds`,
  )
  const byNth = new Map(shares.map(({ nth, share }) => [nth, share]))
  return {
    shares: spans.map((_, index) => byNth.get(index + 1) ?? null),
    secondsOf: new Map(seconds.map(({ userId, seconds }) => [userId, seconds])),
  }
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
