/**
 * What all queries of one report share: a transaction in which they see the same moment, the team, the filters and the
 * period. Instants are text: ISO 8601 in UTC with microseconds, which Postgres takes back unchanged.
 *
 * A report reads schema `reporting` only: a login with the reader's role can make one.
 */
import { type SQL, sql } from 'drizzle-orm'
import { type Client, inTransaction, type Pool } from '../store/postgres/database.ts'
import { maybeOne, one } from '../store/postgres/query.ts'
import { type Days, FilterError, type Filters } from './filters.ts'

export interface Scope {
  readonly client: Client
  readonly teamId: string
  readonly filters: Filters
  readonly period: Period
}

/** After `from`, until and including `to`. */
export interface TimeSpan {
  readonly from: string
  readonly to: string
}

/** Days, weekdays and hours are those of `timeZone`. */
export interface Period extends TimeSpan {
  readonly timeZone: string
  readonly days: Days
  /** As long, and just before. */
  readonly previous: TimeSpan
  /** The local days of it, today last and only until now; the first one is whole. */
  readonly dates: readonly LocalDay[]
  readonly today: LocalDay
  /** The same weekday a week before, until the same time of day. */
  readonly weekAgo: TimeSpan
  /** For hours of the week: 28 days at least, since a week has too few dials for each of its hours. */
  readonly forHours: TimeSpan & { readonly days: Days }
}

export interface LocalDay extends TimeSpan {
  /** `2026-11-25` */
  readonly date: string
}

const DAYS_FOR_HOURS: Days = 28

/** All queries of `work` see one moment of the database and can change nothing. A query that takes too long fails. */
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

/** Until the last reading, or the last look that changed something. Null: nothing of this team was ever read. */
export async function periodOf(client: Client, teamId: string, days: Days): Promise<Period | null> {
  const hoursDays = days > DAYS_FOR_HOURS ? days : DAYS_FOR_HOURS
  const daysAgo = (ago: number) =>
    instant(sql`(local - make_interval(days => ${ago}::int)) at time zone zone`)
  const startOfDay = (day: SQL) => sql`reporting.start_of_day(${day})`
  const asOf = instant(sql`live_as_of`)
  const row = await maybeOne<Omit<Period, 'days' | 'today' | 'forHours'> & { forHours: TimeSpan }>(
    client,
    sql`select zone as "timeZone", ${asOf} as "to", ${daysAgo(days)} as "from",
      json_build_object('from', ${daysAgo(2 * days)}, 'to', ${daysAgo(days)}) as previous,
      json_build_object('from', ${instant(startOfDay(sql`local::date - 7`))}, 'to', ${daysAgo(7)}) as "weekAgo",
      json_build_object('from', ${daysAgo(hoursDays)}, 'to', ${asOf}) as "forHours",
      (select json_agg(json_build_object('date', to_char(day, 'YYYY-MM-DD'), 'from', ${instant(startOfDay(sql`day`))},
          'to', ${instant(sql`least(${startOfDay(sql`day + 1`)}, live_as_of)`)}) order by day)
        from (select local::date - back as day from generate_series(0, ${days}::int - 1) back) of_period) as dates
    from (select live_as_of, report_time_zone as zone, live_as_of at time zone report_time_zone as local
      from reporting.teams where team_id = ${teamId} and live_as_of is not null) team`,
  )
  const today = row?.dates.at(-1)
  if (row === null || today === undefined) return null
  return { ...row, days, today, forHours: { days: hoursDays, ...row.forHours } }
}

interface Names {
  readonly teammate: string | null
  readonly queue: string | null
}

/** Throws FilterError unless the team has them. Returns their names; null: not asked for. */
export async function namesOf(
  client: Client,
  teamId: string,
  { teammate, queue }: Pick<Filters, 'teammate' | 'queue'>,
): Promise<Names> {
  const names = await one<Names>(
    client,
    sql`select
      (select coalesce(teammate_name, user_id) from reporting.teammates
       where team_id = ${teamId} and user_id = ${teammate}) as teammate,
      (select coalesce(queue_name, queue_id) from reporting.queues
       where team_id = ${teamId} and queue_id = ${queue}) as queue`,
  )
  if (teammate !== null && names.teammate === null) throw new FilterError('This team has no such teammate.')
  if (queue !== null && names.queue === null) throw new FilterError('This team has no such queue.')
  return names
}

/** Condition on a view with `team_id`, `user_id` and `queue_id`: rows of what the report is narrowed to. */
export function isAsked(scope: Scope): SQL {
  const { queue } = scope.filters
  return queue === null ? isOfTeammate(scope) : sql`${isOfTeammate(scope)} and queue_id = ${queue}`
}

/** The same on a view that has no queue. */
export function isOfTeammate({ teamId, filters: { teammate } }: Scope): SQL {
  return teammate === null ? sql`team_id = ${teamId}` : sql`team_id = ${teamId} and user_id = ${teammate}`
}

/** Condition: the instant is within the span. */
export function within(at: SQL, { from, to }: TimeSpan): SQL {
  return sql`${at} > ${from}::timestamptz and ${at} <= ${to}::timestamptz`
}

/** `count(*)` of the rows that meet the condition. */
export function countWhere(condition: SQL): SQL {
  return sql`count(*) filter (where ${condition})`
}

/** A part of a whole, with its 95 % Wilson bounds; null when the whole is 0. */
export interface Rate {
  readonly part: number
  readonly whole: number
  readonly rate: number | null
  readonly low: number | null
  readonly high: number | null
}

/** A JSON object that is a Rate, of two counts. */
export function rateOf(part: SQL, whole: SQL): SQL {
  return sql`json_build_object('part', ${part}, 'whole', ${whole}, 'rate', reporting.rate(${part}, ${whole}),
    'low', reporting.rate_low(${part}, ${whole}), 'high', reporting.rate_high(${part}, ${whole}))`
}

/** An instant as text. */
export function instant(at: SQL): SQL {
  return sql`to_char((${at}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}
