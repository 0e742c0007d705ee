/** The figures at the top of a report that no table of it has, each with what it is compared with. */
import { type SQL, sql } from 'drizzle-orm'
import { one, run } from '../store/postgres/query.ts'
import type { TimeSpan } from './period.ts'
import { countWhere, inBoth, isAsked, isOfTeammate, type Scope, within } from './scope.ts'

/** Since midnight; and of the same weekday a week ago, from midnight to the same time of day. */
export interface Today {
  readonly dials: number
  readonly weekAgo: number
  /** Dials that a person answered. */
  readonly reached: number
  readonly reachedWeekAgo: number
}

export function todayOf(scope: Scope): Promise<Today> {
  const { today, weekAgo } = scope.period
  const counts = ({ from, to }: TimeSpan): SQL => sql`(
    select count(*)::int as dials, ${countWhere(sql`is_connected`)}::int as reached from reporting.dials
    where ${isAsked(scope)} and counted_at >= ${from}::timestamptz and counted_at <= ${to}::timestamptz)`
  return one<Today>(
    scope.client,
    sql`select now.dials, before.dials as "weekAgo", now.reached, before.reached as "reachedWeekAgo"
      from ${counts(today)} now cross join ${counts(weekAgo)} before`,
  )
}

/** How long numbers waited for their first dial, of those first dialled in a period. */
export interface FirstDials {
  readonly numbers: number
  /** Null: there were none. */
  readonly medianSeconds: number | null
}

/** Of the period, and of the one before. */
export async function firstDialsOf(scope: Scope): Promise<readonly [FirstDials, FirstDials]> {
  const { client, period } = scope
  const at = sql`first_dialled_at`
  const rows = await run<FirstDials & { isNow: boolean }>(
    client,
    sql`select ${within(at, period)} as "isNow", count(*)::int as numbers,
        percentile_cont(0.5) within group (order by seconds_to_first_dial) as "medianSeconds"
      from reporting.number_entries
      where entry_id in (
          select entry_id from reporting.dials where ${isAsked(scope)} and ${within(sql`counted_at`, inBoth(period))})
        and (${within(at, period)} or ${within(at, period.previous)}) and seconds_to_first_dial is not null
      group by 1`,
  )
  const none = { numbers: 0, medianSeconds: null }
  return [rows.find(({ isNow }) => isNow) ?? none, rows.find(({ isNow }) => !isNow) ?? none]
}

/** Numbers left to call in current queues. */
export interface Remaining {
  readonly remaining: number
  readonly queues: number
  /** Of these queues, those with nothing left. */
  readonly exhausted: number
  /** Teammates for whom it is unknown whether they have a queue. */
  readonly unknown: number
}

export function remainingNow(scope: Scope): Promise<Remaining> {
  return one<Remaining>(
    scope.client,
    sql`select coalesce(sum(remaining), 0)::int as remaining, count(queue_id)::int as queues,
        count(*) filter (where remaining = 0)::int as exhausted, count(*) filter (where queue_state = 'unknown')::int as unknown
      from reporting.teammates where ${isAsked(scope)} and (is_listed or left_at is null)`,
  )
}

/** The same when the period began, of teammates who were on the team then. */
export interface RemainingThen {
  readonly remaining: number
  readonly teammates: number
  /** Teammates for whom it is known. */
  readonly known: number
}

export function remainingThen(scope: Scope): Promise<RemainingThen> {
  const { client, period, filters } = scope
  const at = sql`${period.from}::timestamptz`
  const [ofQueue, isKnown] =
    filters.queue === null
      ? [sql``, sql``]
      : [sql` and a.queue_id = ${filters.queue}`, sql` and held.remaining is not null`]
  return one<RemainingThen>(
    client,
    sql`select coalesce(sum(held.remaining), 0)::int as remaining, count(*)::int as teammates,
        count(held.remaining)::int as known
      from (select * from reporting.teammates where ${isOfTeammate(scope)}) t
      left join lateral (
        select case when a.queue_id is null then 0 else (
            select remaining from reporting.queue_burndown where queue_id = a.queue_id and observed_at <= ${at}
            order by observed_at desc limit 1) end as remaining
        from reporting.queue_assignments a
        where a.user_id = t.user_id${ofQueue} and a.valid_from <= ${at}
          and ${at} < coalesce(a.valid_to, a.unknown_since, 'infinity')
          and not exists (select from reporting.coverage_gaps g where g.user_id = t.user_id
            and g.gap_from < ${at} and ${at} < coalesce(g.gap_to, 'infinity'))
      ) held on true
      where t.first_seen_at <= ${at} and ${at} < coalesce(t.left_at, 'infinity')${isKnown}`,
  )
}
