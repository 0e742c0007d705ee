/**
 * What the questions of one report have in common: one connection on which all of them see the same moment, whose
 * data, and of when. All instants are text, ISO 8601 in UTC with microseconds, as Postgres takes them back.
 */
import { type Client, inTransaction, type Pool } from '../store/postgres/database.ts'
import { type Days, FilterError, type Filters } from './filters.ts'

export interface Scope {
  readonly client: Client
  readonly teamId: string
  readonly filters: Filters
  readonly period: Period
}

/** A stretch is after `from` until `to`. */
export interface Stretch {
  readonly from: string
  readonly to: string
}

/** Days, weekdays and hours are those of `timeZone`. */
export interface Period extends Stretch {
  readonly timeZone: string
  readonly days: Days
  /** As long, and just before. */
  readonly previous: Stretch
  /** The local days of it, today last and only until now; the first one is whole. */
  readonly dates: readonly LocalDay[]
  readonly today: LocalDay
  /** The same weekday a week before, until the same time of day. */
  readonly weekAgo: Stretch
  /** For hours of the week: 28 days at least, since a week has too few dials for each of its hours. */
  readonly forHours: Stretch & { readonly days: Days }
}

export interface LocalDay extends Stretch {
  /** `2026-11-25` */
  readonly date: string
}

const DAYS_FOR_HOURS: Days = 28

/** `work` sees one moment of the database and can change nothing. A question that takes too long fails. */
export function readOneMoment<T>(
  pool: Pool,
  { doing, statementTimeoutMs }: { readonly doing: string; readonly statementTimeoutMs: number },
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return inTransaction(pool, doing, async (client) => {
    await client.query(`set transaction isolation level repeatable read, read only;
      set local statement_timeout = ${statementTimeoutMs}`)
    return work(client)
  })
}

/** Null: nothing was ever read of this team. */
export async function periodOf(client: Client, teamId: string, days: Days): Promise<Period | null> {
  const hoursDays = days > DAYS_FOR_HOURS ? days : DAYS_FOR_HOURS
  const { rows } = await client.query<{
    timeZone: string
    to: string
    ago: readonly [once: string, twice: string, week: string, hours: string]
    dates: readonly LocalDay[]
    weekAgoFrom: string
  }>(
    `select zone as "timeZone", ${instant('data_as_of')} as "to",
       (select json_agg(${instant('(local - make_interval(days => back)) at time zone zone')} order by nth)
        from unnest(array[$2::int, 2 * $2::int, 7, $3::int]) with ordinality as b(back, nth)) as ago,
       (select json_agg(json_build_object('date', to_char(day, 'YYYY-MM-DD'),
          'from', ${instant('allo.start_of_day(day, zone)')},
          'to', ${instant('least(allo.start_of_day(day + 1, zone), data_as_of)')}) order by day)
        from (select today - back as day from generate_series(0, $2::int - 1) back) of_period) as dates,
       ${instant('allo.start_of_day(today - 7, zone)')} as "weekAgoFrom"
     from (select data_as_of, report_time_zone as zone, data_as_of at time zone report_time_zone as local,
         (data_as_of at time zone report_time_zone)::date as today
       from reporting.teams where team_id = $1 and data_as_of is not null) team`,
    [teamId, days, hoursDays],
  )
  const [row] = rows
  const today = row?.dates.at(-1)
  if (row === undefined || today === undefined) return null
  const { timeZone, to, dates, weekAgoFrom } = row
  const [from, previousFrom, weekAgoTo, hoursFrom] = row.ago
  return {
    timeZone,
    days,
    from,
    to,
    previous: { from: previousFrom, to: from },
    dates,
    today,
    weekAgo: { from: weekAgoFrom, to: weekAgoTo },
    forHours: { days: hoursDays, from: hoursFrom, to },
  }
}

/** Throws FilterError unless the team has them. Returns what they are called; null: not asked for. */
export async function namesOf(
  client: Client,
  teamId: string,
  { teammate, queue }: Pick<Filters, 'teammate' | 'queue'>,
): Promise<{ readonly teammate: string | null; readonly queue: string | null }> {
  const { rows } = await client.query<{ teammate: string | null; queue: string | null }>(
    `select (select coalesce(name, user_id) from allo.teammates where team_id = $1 and user_id = $2) as teammate,
       (select coalesce(name, queue_id) from allo.queues where team_id = $1 and queue_id = $3) as queue`,
    [teamId, teammate, queue],
  )
  const names = rows[0] ?? { teammate: null, queue: null }
  if (teammate !== null && names.teammate === null) throw new FilterError('This team has no such teammate.')
  if (queue !== null && names.queue === null) throw new FilterError('This team has no such queue.')
  return names
}

/** Of `reporting.dials`; `askedOf` are its `$1` to `$3`. */
export const areAsked =
  'team_id = $1 and ($2::text is null or user_id = $2) and ($3::text is null or queue_id = $3)'

export function askedOf({ teamId, filters }: Scope): unknown[] {
  return [teamId, filters.teammate, filters.queue]
}

/** Of a part of a whole, with its 95 % Wilson bounds; null when there is nothing to divide by. */
export interface Rate {
  readonly part: number
  readonly whole: number
  readonly rate: number | null
  readonly low: number | null
  readonly high: number | null
}

/** SQL of a JSON object that is a Rate. `part` and `whole` are SQL of type bigint. */
export function rateOf(part: string, whole: string): string {
  return `json_build_object('part', ${part}, 'whole', ${whole}, 'rate', allo.rate(${part}, ${whole}),
    'low', allo.rate_low(${part}, ${whole}), 'high', allo.rate_high(${part}, ${whole}))`
}

export function instant(sql: string): string {
  return `to_char((${sql}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}
