/** How figures and instants are written on the page. A number and its unit are never torn apart. */
import { inWords as inWordsWithSpaces } from '../../text/duration.ts'
import type { Rate } from '../scope.ts'

/** A figure says that its span of time was partly not read from this unread share on. */
export const PARTLY_UNREAD = 0.05
/** A span with a greater unread share counts as not read. */
export const UNREAD = 0.99

const NBSP = '\u00a0'
const integers = new Intl.NumberFormat('en')

export function count(value: number): string {
  return integers.format(value)
}

/** `1 queue`, `2 queues`. */
export function countOf(value: number, one: string, many = `${one}s`): string {
  return `${count(value)}${NBSP}${value === 1 ? one : many}`
}

/** What a connection rate divides by: `2,228 dials with a result`. */
export function resolvedDials({ whole }: Pick<Rate, 'whole'>): string {
  return `${countOf(whole, 'dial')} with a result`
}

/** Never 0 % or 100 % of what is only nearly so. */
export function percent(share: number): string {
  const percents = share * 100
  if (percents <= 0 || percents >= 100) return `${percents.toFixed(0)}${NBSP}%`
  const isNearEnd = percents < 1 || percents > 99
  return `${Math.min(Math.max(percents, 0.1), 99.9).toFixed(isNearEnd ? 1 : 0)}${NBSP}%`
}

/** `29–34 %`, `0.0–0.4 %`; a dash where there is nothing to divide by. */
export function range({ low, high }: Rate): string {
  if (low === null || high === null) return '–'
  const ends = (digits: number) => [(low * 100).toFixed(digits), (high * 100).toFixed(digits)]
  const [from, to] = ends(0)
  return `${(from === to ? ends(1) : [from, to]).join('–')}${NBSP}%`
}

export function duration(seconds: number): string {
  return inWordsWithSpaces(seconds).replaceAll(' ', NBSP)
}

export interface Clock {
  readonly timeZone: string
  /** `Wed 25 Nov 14:05` */
  when(instant: string): string
  /** `Wed 25 Nov` */
  day(instant: string): string
  /** `14:05` */
  time(instant: string): string
}

export function clockOf(timeZone: string): Clock {
  const dayFormat = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
  })
  const timeFormat = new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'short', hourCycle: 'h23' })
  const day = (instant: string) => dayFormat.format(new Date(instant)).replace(',', '').replaceAll(' ', NBSP)
  const time = (instant: string) => timeFormat.format(new Date(instant))
  return { timeZone, day, time, when: (instant) => `${day(instant)}${NBSP}${time(instant)}` }
}

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

/** 1 Monday to 7 Sunday. */
export function weekdayName(weekday: number): string {
  return weekdays[weekday - 1] ?? ''
}

const endReasons: Readonly<Record<string, string>> = {
  queue_replaced: 'reset',
  queue_gone: 'gone, with no other instead',
  deleted: 'deleted, and the queue continued',
}

export function endReason(reason: string | null): string {
  return endReasons[reason ?? ''] ?? reason ?? ''
}

const outcomes: Readonly<Record<string, string>> = {
  connected: 'Connected',
  voicemail: 'Voicemail',
  not_reached: 'Not reached',
  failed: 'Failed',
  other: 'Other',
  in_progress: 'No result yet',
  remaining: 'Not dialled',
}

export function outcomeName(outcome: string): string {
  return outcomes[outcome] ?? outcome
}

/** `Ann`, `Ann and Bo`, `Ann, Bo and 3 more`. */
export function listed(names: readonly string[], shown = 3): string {
  const [last = '', ...others] = [...names].reverse()
  if (names.length <= 1) return last
  if (names.length <= shown) return `${others.reverse().join(', ')} and ${last}`
  return `${names.slice(0, shown - 1).join(', ')} and ${countOf(names.length - shown + 1, 'more', 'more')}`
}
