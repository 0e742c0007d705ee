/** Local days and hours, and the figures of a teammate's dials in them, computed with Intl, dial by dial. */
import type { Outcome } from './bookkeeping.ts'

export interface CountedDial {
  /** Whole microseconds since 1970, as everywhere here. */
  readonly at: number
  readonly outcome: Outcome
  /** Tells the stays that were dialled apart. */
  readonly stay: string
}

const SECOND = 1_000_000
const DAY = 86_400 * SECOND
const SESSION_PAUSE = 30 * 60 * SECOND

const formats = new Map<string, Intl.DateTimeFormat>()

/** The clock on the wall, as microseconds since 1970 of a zone without an offset. */
export function wallClock(at: number, zone: string): number {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  formats.set(zone, format)
  const part = new Map(
    format.formatToParts(Math.floor(at / 1000)).map(({ type, value }) => [type, Number(value)]),
  )
  const of = (type: Intl.DateTimeFormatPartTypes) => part.get(type) ?? 0
  const seconds =
    Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second')) / 1000
  return seconds * SECOND + (((at % SECOND) + SECOND) % SECOND)
}

export function localDay(at: number, zone: string): string {
  return new Date(wallClock(at, zone) / 1000).toISOString().slice(0, 10)
}

/** 1 Monday to 7 Sunday. */
export function localWeekday(at: number, zone: string): number {
  return new Date(wallClock(at, zone) / 1000).getUTCDay() || 7
}

export function localHour(at: number, zone: string): number {
  return new Date(wallClock(at, zone) / 1000).getUTCHours()
}

/** First instant of a local day. No zone is off by anything but quarters of an hour. */
export function startOfDay(day: string, zone: string): number {
  for (let at = Date.parse(day) * 1000 - DAY; ; at += 15 * 60 * SECOND) {
    if (localDay(at, zone) === day) return at
  }
}

export function nextDay(day: string): string {
  return new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10)
}

/** When the clock on the wall showed the same, so many days ago. */
export function daysBefore(at: number, days: number, zone: string): number {
  const wall = wallClock(at, zone) - days * DAY
  const guess = wall - (wallClock(at, zone) - at)
  return wall - (wallClock(guess, zone) - guess)
}

export function tally(dials: readonly CountedDial[]) {
  const count = (...outcomes: Outcome[]) => dials.filter(({ outcome }) => outcomes.includes(outcome)).length
  const resolved = dials.length - count('in_progress', 'remaining')
  return {
    dials: dials.length,
    resolved_dials: resolved,
    connected: count('connected'),
    picked_up: count('connected', 'voicemail'),
    voicemail: count('voicemail'),
    not_reached: count('not_reached'),
    failed: count('failed'),
    other: count('other'),
    in_progress: count('in_progress'),
    numbers_dialled: new Set(dials.map(({ stay }) => stay)).size,
    ...connectionRate(count('connected'), resolved),
  }
}

/** With the bounds of Wilson's score interval, as textbooks write it. */
export function connectionRate(connected: number, resolved: number) {
  if (resolved === 0) return { connection_rate: null, connection_rate_low: null, connection_rate_high: null }
  const z = 1.959963984540054
  const p = connected / resolved
  const middle = p + z ** 2 / (2 * resolved)
  const margin = z * Math.sqrt((p * (1 - p)) / resolved + z ** 2 / (4 * resolved ** 2))
  const whole = 1 + z ** 2 / resolved
  return {
    connection_rate: p,
    connection_rate_low: Math.max(0, (middle - margin) / whole),
    connection_rate_high: Math.min(1, (middle + margin) / whole),
  }
}

/** Sessions of dials of one day, and the seconds between the dials of each. */
export function sessions(dials: readonly CountedDial[]) {
  const at = dials.map((dial) => dial.at).sort((a, b) => a - b)
  const pauses = at.slice(1).map((one, index) => one - (at[index] ?? one))
  const short = pauses.filter((pause) => pause <= SESSION_PAUSE)
  return {
    sessions: at.length === 0 ? 0 : 1 + pauses.length - short.length,
    dialling_seconds: short.reduce((sum, pause) => sum + pause, 0) / SECOND,
    first_dial_at: at[0] ?? null,
    last_dial_at: at.at(-1) ?? null,
  }
}

/** Seconds of [from, to] that these periods cover, each part once. */
export function coveredSeconds(
  periods: readonly { readonly from: number; readonly to: number }[],
  from: number,
  to: number,
): number {
  let covered = 0
  let reached = from
  for (const period of [...periods].sort((a, b) => a.from - b.from)) {
    const begin = Math.max(reached, period.from)
    const end = Math.min(to, period.to)
    if (end <= begin) continue
    covered += end - begin
    reached = end
  }
  return covered / SECOND
}
