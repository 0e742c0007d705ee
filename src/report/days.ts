/** What came of the dials of each local day, counted as `daily_activity` does; of a single day, of each of its hours. */
import { type SQL, sql } from 'drizzle-orm'
import { run } from '../store/postgres/query.ts'
import { instant } from './instant.ts'
import type { LocalDay, TimeSpan } from './period.ts'
import { isAsked, type Scope } from './scope.ts'

/** In the order in which they are shown. */
const noDials = { connected: 0, voicemail: 0, not_reached: 0, failed: 0, other: 0, in_progress: 0 }
export type DialOutcome = keyof typeof noDials
export const dialOutcomes = Object.keys(noDials) as readonly DialOutcome[]

export interface DayOfDials extends LocalDay {
  /** 0 to 23. Null: it is the whole day. */
  readonly hour: number | null
  readonly dials: number
  readonly byOutcome: Readonly<Record<DialOutcome, number>>
  /** Share of that time, 0 to 1, that was not read; null: no teammate is on the team. */
  readonly unread: number | null
}

/** A time in which dials are counted: a day, or an hour of one. */
export type Slot = LocalDay & Pick<DayOfDials, 'hour'>

/** Hours are shown from these on, and more if there are dials in them. */
const OFFICE_HOURS = { first: 8, last: 18 }

/** The days of the period and, if it is a single one, its hours; null: it is not. */
export async function slotsOf(
  scope: Scope,
): Promise<{ days: readonly Slot[]; hours: readonly Slot[] | null }> {
  const { dates } = scope.period
  const [day, another] = dates
  const hours = day === undefined || another !== undefined ? null : await hoursIn(scope, day)
  return { days: dates.map((date) => ({ ...date, hour: null })), hours }
}

/** `unread`: the unread share of each slot. */
export function daysOf(
  scope: Scope,
  slots: readonly Slot[],
  unread: readonly (number | null)[],
): Promise<readonly DayOfDials[]> {
  return dialsIn(scope, { slots, unread, hour: sql`null::int` })
}

/** Those that were used or are of the office. */
export async function hoursOfDay(
  scope: Scope,
  slots: readonly Slot[],
  unread: readonly (number | null)[],
): Promise<readonly DayOfDials[]> {
  const hours = await dialsIn(scope, { slots, unread, hour: sql`dialled_hour` })
  const used = hours.flatMap(({ dials, hour }) => (dials > 0 && hour !== null ? [hour] : []))
  const first = Math.min(OFFICE_HOURS.first, ...used)
  const last = Math.max(OFFICE_HOURS.last, ...used)
  return hours.filter(({ hour }) => hour !== null && hour >= first && hour <= last)
}

/** Those that have begun. When a clock changes, one of them is missing, or is two hours long. */
async function hoursIn({ client, period }: Scope, { date, to }: LocalDay): Promise<Slot[]> {
  const startOf = (hour: SQL) =>
    sql`(${date}::date + make_interval(hours => ${hour})) at time zone ${period.timeZone}`
  const rows = await run<TimeSpan & { hour: number }>(
    client,
    sql`select hour, ${instant(startOf(sql`hour`))} as "from",
        ${instant(sql`least(${startOf(sql`hour + 1`)}, ${to}::timestamptz)`)} as "to"
      from generate_series(0, 23) hour
      where ${startOf(sql`hour`)} < least(${startOf(sql`hour + 1`)}, ${to}::timestamptz) order by hour`,
  )
  return rows.map((hour) => ({ date, ...hour }))
}

interface DialsToCount {
  readonly slots: readonly Slot[]
  readonly unread: readonly (number | null)[]
  /** Of a dial, where slots are hours. */
  readonly hour: SQL
}

async function dialsIn(scope: Scope, { slots, unread, hour }: DialsToCount): Promise<readonly DayOfDials[]> {
  const { dates, to } = scope.period
  const rows = await run<Pick<Slot, 'date' | 'hour'> & { outcome: DialOutcome; dials: number }>(
    scope.client,
    sql`select to_char(dialled_date, 'YYYY-MM-DD') as date, ${hour} as hour, outcome, count(*)::int as dials
      from reporting.dials
      where ${isAsked(scope)} and counted_at >= ${dates[0]?.from}::timestamptz and counted_at <= ${to}::timestamptz
      group by 1, 2, 3`,
  )
  return slots.map((slot, index) => {
    const ofSlot = rows.filter(({ date, hour }) => date === slot.date && hour === slot.hour)
    const counted = Object.fromEntries(ofSlot.map(({ outcome, dials }) => [outcome, dials]))
    return {
      ...slot,
      dials: ofSlot.reduce((sum, { dials }) => sum + dials, 0),
      byOutcome: { ...noDials, ...counted },
      unread: unread[index] ?? null,
    }
  })
}
