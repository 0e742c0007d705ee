import type { Timestamp } from './types.ts'

/**
 * Converts a timestamp of the API to text that Postgres reads as the same `timestamptz` with any settings. Null: it
 * can't be read. It never becomes a JavaScript Date, which has no microseconds and only Node's time zone. The calendar
 * is checked here, because a text that Postgres refuses would make the reading of the whole queue fail.
 *
 * A timestamp without a zone (`2026-04-30T10:00:00`, as queues have it) is in `naiveTimeZone`, an IANA name.
 */
export function toTimestamp(text: string, naiveTimeZone: string): Timestamp | null {
  const parts = shape.exec(text)
  if (!parts) return null
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '00', fraction, zone] = parts
  if (!isOnCalendar(Number(year), Number(month), Number(day))) return null
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null

  // Cut, not rounded: .9999999 must not become the next second.
  const digits = fraction ? `.${fraction.slice(0, 6)}` : ''
  const suffix = zone === undefined ? naiveSuffix(naiveTimeZone) : offset(zone)
  return suffix === null ? null : `${year}-${month}-${day}T${hour}:${minute}:${second}${digits}${suffix}`
}

const shape =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?: ?(Z|UTC|[+-]\d\d(?::?\d\d)?))?$/i

function isOnCalendar(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false
  return day <= 28 || day <= daysIn(year, month)
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}

function naiveSuffix(zone: string): string {
  return /^(?:Etc\/)?(?:UTC|GMT)$|^Z$/i.test(zone) ? 'Z' : ` ${zone}`
}

/** Postgres takes offsets up to 15:59 and refuses the rest. */
function offset(zone: string): string | null {
  const upper = zone.toUpperCase()
  if (upper === 'Z' || upper === 'UTC') return 'Z'
  const hours = zone.slice(1, 3)
  const minutes = zone.slice(3).replace(':', '') || '00'
  return Number(hours) > 15 || Number(minutes) > 59 ? null : `${zone[0]}${hours}:${minutes}`
}
