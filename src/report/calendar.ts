/** Which local days a period of the calendar has, and with which days it is compared. Pure: days are texts, `2026-11-25`. */
import { type AskedPeriod, FilterError } from './filters.ts'

export interface DayRange {
  readonly first: string
  /** Included. */
  readonly last: string
}

export interface CalendarDays extends DayRange {
  /**
   * A whole month is compared with the month before, anything else with the same weekdays: as many weeks earlier as it
   * takes not to overlap. While the period lasts, this is as much of it as has passed of the period.
   */
  readonly before: DayRange
  /** From Monday to Sunday, or the first of a month to its last: what `first` to `last` is, or will be. */
  readonly unit: 'day' | 'week' | 'month' | 'days'
}

/** Throws FilterError when all of it lies in the future. `asked` names no rolling period. */
export function calendarDays(asked: AskedPeriod, today: string): CalendarDays {
  const { first, last } = cut(daysAsked(asked, today), today)
  const unit = unitOf(asked, { first, last })
  return { first, last, unit, before: unit === 'month' ? monthBefore(first, last) : weeksBefore(first, last) }
}

function daysAsked({ period, from, to }: AskedPeriod, today: string): DayRange {
  if (from !== null && to !== null) return { first: from, last: to }
  if (period === 'yesterday') return { first: plusDays(today, -1), last: plusDays(today, -1) }
  if (period === 'week') return { first: plusDays(today, -daysSinceMonday(today)), last: today }
  if (period === 'month') return { first: firstOfMonth(today), last: today }
  return { first: today, last: today }
}

function cut({ first, last }: DayRange, today: string): DayRange {
  if (first > today) throw new FilterError('from is in the future.')
  return { first, last: last > today ? today : last }
}

function unitOf({ period }: AskedPeriod, { first, last }: DayRange): CalendarDays['unit'] {
  if (period === 'month' || (first.endsWith('-01') && last === lastOfMonth(first))) return 'month'
  if (first === last && period !== 'week') return 'day'
  const isWeek = daysSinceMonday(first) === 0 && last === plusDays(first, 6)
  return period === 'week' || isWeek ? 'week' : 'days'
}

function weeksBefore(first: string, last: string): DayRange {
  const back = -Math.ceil(daysFrom(first, last) / 7) * 7
  return { first: plusDays(first, back), last: plusDays(last, back) }
}

/** Of a whole month all of the month before; of a part as many days, if it has as many. */
function monthBefore(first: string, last: string): DayRange {
  const end = plusDays(first, -1)
  const sameDay = `${end.slice(0, 8)}${last.slice(8)}`
  return { first: firstOfMonth(end), last: last === lastOfMonth(first) || sameDay > end ? end : sameDay }
}

/** The days just before and just after that are as long, or the whole month or week; null: they have not begun. */
export function neighbours(
  { first, last, unit }: Pick<CalendarDays, 'first' | 'last' | 'unit'>,
  today: string,
): { readonly earlier: DayRange; readonly later: DayRange | null } {
  const [before, after] = [plusDays(first, -1), plusDays(last, 1)]
  const days = unit === 'week' ? 7 : daysFrom(first, last)
  const isMonth = unit === 'month'
  const earlier = { first: isMonth ? firstOfMonth(before) : plusDays(first, -days), last: before }
  const end = isMonth ? lastOfMonth(after) : plusDays(last, days)
  return { earlier, later: after > today ? null : { first: after, last: end > today ? today : end } }
}

/** From the month of `since` to that of `today`, newest first, `most` of them. */
export function monthsUntil(today: string, since: string, most: number): DayRange[] {
  const months: DayRange[] = []
  for (
    let last = today;
    last >= firstOfMonth(since) && months.length < most;
    last = plusDays(firstOfMonth(last), -1)
  ) {
    months.push({ first: firstOfMonth(last), last: lastOfMonth(last) })
  }
  return months
}

function firstOfMonth(day: string): string {
  return `${day.slice(0, 8)}01`
}

/** How many days from `first` to `last`, both included. */
export function daysFrom(first: string, last: string): number {
  return Math.round((Date.parse(last) - Date.parse(first)) / 86_400_000) + 1
}

/** The last day from Monday to Friday before this one. Public holidays are not known. */
export function workingDayBefore(day: string): string {
  const sinceFriday = daysSinceMonday(day) - 4
  return plusDays(day, sinceFriday > 0 ? -sinceFriday : sinceFriday === -4 ? -3 : -1)
}

export function plusDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10)
}

/** 0 on Mondays. */
function daysSinceMonday(day: string): number {
  return (new Date(day).getUTCDay() + 6) % 7
}

export function lastOfMonth(day: string): string {
  const [year = 0, month = 1] = day.split('-').map(Number)
  return new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10)
}
