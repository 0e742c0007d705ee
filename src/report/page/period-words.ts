/** How a period is named on the page, and the one it is compared with. */
import type { DayRange } from '../calendar.ts'
import type { Period } from '../period.ts'
import { clockOf } from './words.ts'

export interface PeriodWords {
  /** In a title: `last 7 days`, `this week`, `October 2026`. */
  readonly title: string
  /** As a noun: `the last 7 days`, `this week`. */
  readonly noun: string
  /** In a sentence: `in 7 days`, `this week`, `in October 2026`. */
  readonly within: string
  /** `7 days before`, `Thu 19 Nov until 14:05`. */
  readonly before: string
  /** In a sentence: `in the 7 days before`, `on Thu 19 Nov until 14:05`. */
  readonly inBefore: string
  /** When it began: `7 days ago`, `Start of Mon 23 Nov`. */
  readonly start: string
}

export function periodWords(period: Period): PeriodWords {
  const { calendar, days } = period
  if (calendar === null) {
    return {
      title: `last ${days} days`,
      noun: `the last ${days} days`,
      within: `in ${days} days`,
      before: `${days} days before`,
      inBefore: `in the ${days} days before`,
      start: `${days} days ago`,
    }
  }
  const { title, within } = nameOf(period, calendar)
  const before = rangeWords(calendar.before, cutAt(period))
  const isDay = calendar.before.first === calendar.before.last
  const inBefore = isDay ? `on ${before}` : `from ${before}`
  return { title, noun: title, within, before, inBefore, start: `Start of ${dayWords(calendar.first)}` }
}

function nameOf(
  { asked, isOpen, asOf, timeZone }: Period,
  calendar: DayRange & { readonly unit: string },
): Pick<PeriodWords, 'title' | 'within'> {
  const { first, last, unit } = calendar
  if (asked.period === 'week' || asked.period === 'month') return same(`this ${asked.period}`)
  if (isOpen && first === last) return same('today')
  if (asked.period === 'yesterday') return same(`yesterday, ${dayWords(first)}`)
  if (unit === 'month') return { title: monthWords(first), within: `in ${monthWords(first)}` }
  const range = rangeWords(calendar, isOpen ? clockOf(timeZone).time(asOf) : null)
  return { title: range, within: first === last ? `on ${range}` : `from ${range}` }
}

function same(words: string): Pick<PeriodWords, 'title' | 'within'> {
  return { title: words, within: words }
}

/** The time of day until which an open period is compared; null: with all of the last day. */
function cutAt({ isOpen, previous, timeZone }: Period): string | null {
  const time = clockOf(timeZone).time(previous.to)
  return isOpen && time !== '23:59' ? time : null
}

/** `Thu 19 Nov`, `Thu 19 Nov until 14:05`, `Mon 16 Nov to Sun 22 Nov`. */
function rangeWords({ first, last }: DayRange, until: string | null): string {
  if (first === last) return until === null ? dayWords(first) : `${dayWords(first)} until ${until}`
  return `${dayWords(first)} to ${dayWords(last)}${until === null ? '' : ` ${until}`}`
}

const dayFormat = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  weekday: 'short',
  day: 'numeric',
  month: 'short',
})
const monthFormat = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', month: 'long', year: 'numeric' })

/** `Thu 19 Nov` of `2026-11-19`. */
export function dayWords(date: string): string {
  return dayFormat.format(new Date(date)).replace(',', '').replaceAll(' ', '\u00a0')
}

/** `November 2026` of a day in it. */
export function monthWords(date: string): string {
  return monthFormat.format(new Date(date)).replaceAll(' ', '\u00a0')
}
