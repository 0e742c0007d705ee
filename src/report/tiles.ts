/** The figures at the head of a report that none of its tables has, each with what it is compared with. */
import { areAsked, askedOf, type Scope } from './scope.ts'

/** Dials since midnight; and of the same weekday a week ago, from midnight to the same time of day. */
export interface Today {
  readonly dials: number
  readonly weekAgo: number
}

export async function todayOf(scope: Scope): Promise<Today> {
  const { today, weekAgo } = scope.period
  const count = (from: string, to: string) => `(select count(*)::int from reporting.dials
    where ${areAsked} and counted_at >= ${from}::timestamptz and counted_at <= ${to}::timestamptz)`
  const { rows } = await scope.client.query<Today>(
    `select ${count('$4', '$5')} as dials, ${count('$6', '$7')} as "weekAgo"`,
    [...askedOf(scope), today.from, today.to, weekAgo.from, weekAgo.to],
  )
  return rows[0] ?? { dials: 0, weekAgo: 0 }
}

/** From when a number was put into a queue until it was dialled for the first time, by when that was. */
export interface FirstDials {
  readonly numbers: number
  /** Null: there were none. */
  readonly medianSeconds: number | null
}

/** Of the period, and of the one before. */
export async function firstDialsOf(scope: Scope): Promise<readonly [FirstDials, FirstDials]> {
  const { client, period } = scope
  const { rows } = await client.query<FirstDials & { isNow: boolean }>(
    `select first_dialled_at > $5::timestamptz as "isNow", count(*)::int as numbers,
       percentile_cont(0.5) within group (order by seconds_to_first_dial) as "medianSeconds"
     from reporting.number_entries
     where entry_id in (select entry_id from reporting.dials
         where ${areAsked} and counted_at > $4::timestamptz and counted_at <= $6::timestamptz)
       and first_dialled_at > $4::timestamptz and first_dialled_at <= $6::timestamptz
       and seconds_to_first_dial is not null
     group by 1`,
    [...askedOf(scope), period.previous.from, period.from, period.to],
  )
  const none = { numbers: 0, medianSeconds: null }
  return [rows.find(({ isNow }) => isNow) ?? none, rows.find(({ isNow }) => !isNow) ?? none]
}

/** What is left in current queues. */
export interface Remaining {
  readonly remaining: number
  readonly queues: number
  /** Teammates of whom it is not known whether they have a queue. */
  readonly unknown: number
}

export async function remainingNow(scope: Scope): Promise<Remaining> {
  const { rows } = await scope.client.query<Remaining>(
    `select coalesce(sum(remaining), 0)::int as remaining, count(queue_id)::int as queues,
       count(*) filter (where queue_state = 'unknown')::int as unknown
     from reporting.teammates where ${areAsked} and (is_listed or left_at is null)`,
    askedOf(scope),
  )
  return rows[0] ?? { remaining: 0, queues: 0, unknown: 0 }
}

/** What was left when the period began, of those who were on the team then and of whom it is known. */
export interface RemainingThen {
  readonly remaining: number
  readonly teammates: number
  readonly known: number
}

export async function remainingThen(scope: Scope): Promise<RemainingThen> {
  const { rows } = await scope.client.query<RemainingThen>(
    `select coalesce(sum(held.remaining), 0)::int as remaining, count(*)::int as teammates,
       count(held.remaining)::int as known
     from allo.teammates t
     left join lateral (
       select case when a.queue_id is null then 0 else s.remaining end as remaining
       from reporting.queue_assignments a
       left join lateral (
         select remaining from allo.queue_snapshots where queue_id = a.queue_id and observed_at <= $4::timestamptz
         order by observed_at desc limit 1
       ) s on true
       where a.user_id = t.user_id and ($3::text is null or a.queue_id = $3) and a.valid_from <= $4::timestamptz
         and $4::timestamptz < coalesce(a.valid_to, a.unknown_since, 'infinity')
         and not exists (select from reporting.coverage_gaps g where g.user_id = t.user_id
           and g.gap_from < $4::timestamptz and $4::timestamptz < coalesce(g.gap_to, 'infinity'))
     ) held on true
     where t.team_id = $1 and ($2::text is null or t.user_id = $2) and ($3::text is null or held.remaining is not null)
       and t.first_seen_at <= $4::timestamptz and $4::timestamptz < coalesce(t.left_at, 'infinity')`,
    [...askedOf(scope), scope.period.from],
  )
  return rows[0] ?? { remaining: 0, teammates: 0, known: 0 }
}
