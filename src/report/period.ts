/** The period of a report, the one it is compared with, and their instants. */
import { type SQL, sql } from 'drizzle-orm'
import type { Client } from '../store/postgres/database.ts'
import { array, maybeOne, one } from '../store/postgres/query.ts'
import { type CalendarDays, calendarDays, daysFrom, plusDays } from './calendar.ts'
import { type AskedPeriod, type Days, noPeriod } from './filters.ts'
import { instant } from './instant.ts'

/** After `from`, until and including `to`. */
export interface TimeSpan {
  readonly from: string
  readonly to: string
}

/** Days, weekdays and hours are those of `timeZone`. A period of whole days begins 1 µs before their first midnight. */
export interface Period extends TimeSpan {
  /** As asked: the filters of a CSV of the same period. */
  readonly asked: AskedPeriod
  readonly timeZone: string
  /** Until the last reading, or the last look that changed something. */
  readonly asOf: string
  /** Whole local days. Null: it goes back a number of days from `asOf`. */
  readonly calendar: CalendarDays | null
  /** It ends with `asOf`. */
  readonly isOpen: boolean
  /** Of `from` to `to`, rounded to whole days. */
  readonly days: number
  /** What it is compared with. */
  readonly previous: TimeSpan
  /** Its local days, in order; of a rolling period, whole ones, today last. Today is only until now. */
  readonly dates: readonly LocalDay[]
  readonly today: LocalDay
  /** The same weekday a week before today, until the same time of day. */
  readonly weekAgo: TimeSpan
  /** For hours of the week: 28 days at least, since a week has too few dials for each of its hours. */
  readonly forHours: TimeSpan & { readonly days: number; readonly asked: AskedPeriod }
}

export interface LocalDay extends TimeSpan {
  /** `2026-11-25` */
  readonly date: string
}

const DAYS_FOR_HOURS: Days = 28

/** Null: nothing of this team was ever read. Throws FilterError when all of the period lies in the future. */
export async function periodOf(client: Client, teamId: string, asked: AskedPeriod): Promise<Period | null> {
  const moment = await maybeOne<Moment>(
    client,
    sql`select report_time_zone as "timeZone", ${instant(sql`live_as_of`)} as "asOf",
        to_char(live_as_of at time zone report_time_zone, 'YYYY-MM-DD') as date
      from reporting.teams where team_id = ${teamId} and live_as_of is not null`,
  )
  if (moment === null) return null
  return asked.days === null
    ? calendarPeriod(client, moment, asked)
    : rollingPeriod(client, moment, asked.days)
}

interface Moment {
  readonly timeZone: string
  readonly asOf: string
  /** Of `asOf`. */
  readonly date: string
}

type Spans = Pick<Period, 'from' | 'to' | 'previous' | 'dates' | 'today' | 'weekAgo'> & { forHours: TimeSpan }

async function rollingPeriod(client: Client, moment: Moment, days: Days): Promise<Period> {
  const hoursDays = days > DAYS_FOR_HOURS ? days : DAYS_FOR_HOURS
  const daysAgo = (ago: number) => localDaysAgo(moment, ago)
  const to = sql`${moment.asOf}::timestamptz`
  const spans = await spansOf(client, moment, {
    first: plusDays(moment.date, 1 - days),
    last: moment.date,
    period: [daysAgo(days), to],
    previous: [daysAgo(2 * days), daysAgo(days)],
    forHours: [daysAgo(hoursDays), to],
  })
  const forHours = { ...spans.forHours, days: hoursDays, asked: { ...noPeriod, days: hoursDays } }
  const asked = { ...noPeriod, days }
  return { ...moment, ...spans, asked, calendar: null, isOpen: true, days, forHours }
}

async function calendarPeriod(client: Client, moment: Moment, asked: AskedPeriod): Promise<Period> {
  const calendar = calendarDays(asked, moment.date)
  const { first, last, before } = calendar
  const days = daysFrom(first, last)
  const isOpen = last === moment.date
  const firstForHours = days < DAYS_FOR_HOURS ? plusDays(last, 1 - DAYS_FOR_HOURS) : first
  const sameTime = sql`(${before.last}::date + (${moment.asOf}::timestamptz at time zone ${moment.timeZone})::time)
    at time zone ${moment.timeZone}`
  const endOf = (day: string) => beforeStartOf(plusDays(day, 1))
  const end = isOpen ? sql`${moment.asOf}::timestamptz` : endOf(last)
  const spans = await spansOf(client, moment, {
    first,
    last,
    period: [beforeStartOf(first), end],
    previous: [
      beforeStartOf(before.first),
      isOpen ? sql`least(${sameTime}, ${endOf(before.last)})` : endOf(before.last),
    ],
    forHours: [beforeStartOf(firstForHours), end],
  })
  const forHours = {
    ...spans.forHours,
    days: Math.max(days, DAYS_FOR_HOURS),
    asked: { ...noPeriod, from: firstForHours, to: last },
  }
  return { ...moment, ...spans, asked, calendar, isOpen, days, forHours }
}

interface SpansToAsk {
  readonly first: string
  readonly last: string
  readonly period: readonly [SQL, SQL]
  readonly previous: readonly [SQL, SQL]
  readonly forHours: readonly [SQL, SQL]
}

function spansOf(client: Client, moment: Moment, spans: SpansToAsk): Promise<Spans> {
  const { first, last, period, previous, forHours } = spans
  const asOf = sql`${moment.asOf}::timestamptz`
  const span = ([from, to]: readonly [SQL, SQL]) =>
    sql`json_build_object('from', ${instant(from)}, 'to', ${instant(to)})`
  const localDay = (day: SQL) =>
    sql`json_build_object('date', to_char(${day}, 'YYYY-MM-DD'), 'from', ${instant(startOf(day))},
      'to', ${instant(sql`least(${startOf(sql`${day} + 1`)}, ${asOf})`)})`
  const dates = Array.from({ length: daysFrom(first, last) }, (_, index) => plusDays(first, index))
  const weekAgo = plusDays(moment.date, -7)
  return one<Spans>(
    client,
    sql`select ${instant(period[0])} as "from", ${instant(period[1])} as "to", ${span(previous)} as previous,
        ${span(forHours)} as "forHours", ${localDay(sql`${moment.date}::date`)} as today,
        ${span([startOf(sql`${weekAgo}::date`), localDaysAgo(moment, 7)])} as "weekAgo",
        (select json_agg(${localDay(sql`day`)} order by day) from unnest(${array(dates)}::date[]) day) as dates`,
  )
}

/** The same local time, a number of days before. */
function localDaysAgo({ asOf, timeZone }: Moment, days: number): SQL {
  return sql`((${asOf}::timestamptz at time zone ${timeZone}) - make_interval(days => ${days}::int)) at time zone ${timeZone}`
}

function startOf(day: SQL): SQL {
  return sql`reporting.start_of_day(${day})`
}

/** The last instant before a day: a span that begins there has all of the day. */
function beforeStartOf(day: string): SQL {
  return sql`(${startOf(sql`${day}::date`)} - interval '1 microsecond')`
}
