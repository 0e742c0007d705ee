/**
 * The instants at which a cron expression is due, from cron-parser, with one correction. In time zones whose clocks go
 * forward at midnight (Africa/Cairo, Asia/Beirut, America/Santiago, America/Havana), cron-parser drops runs in the hour
 * that does not exist. Here such a run is due by the clock from before the change: 00:30 is half an hour after the
 * change.
 */
import { CronExpressionParser } from 'cron-parser'
import type { Schedule } from '../config/config.ts'
import { offsetsOf } from '../config/time-zone.ts'

type CronSchedule = Extract<Schedule, { readonly cron: string }>

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** The rarest expression is 29 February: at most eight years between two of them, as from 2096 to 2104. */
const FURTHEST_MS = 9 * 366 * DAY_MS

/** The first instant after `after`, in milliseconds. */
export function nextSlotMs(schedule: CronSchedule, after: number): number {
  const next = parse(schedule, after).next().getTime()
  const lost = slotsInGaps(schedule, after - DAY_MS, next).filter((slot) => slot > after)
  return Math.min(next, ...lost)
}

/**
 * The last instant before `before`, in milliseconds. It searches forward from earlier and earlier starts, because
 * cron-parser's own backward search throws on a day whose clocks go forward at midnight.
 */
export function previousSlotMs(schedule: CronSchedule, before: number): number {
  const hasSlotAfter = (start: number) => nextSlotMs(schedule, start) < before
  let room = MINUTE_MS
  while (!hasSlotAfter(before - room) && room < FURTHEST_MS) room *= 2
  let [early, late] = [before - room, before - room / 2]
  while (late - early > MINUTE_MS) {
    const middle = Math.floor((early + late) / 2)
    if (hasSlotAfter(middle)) early = middle
    else late = middle
  }
  return nextSlotMs(schedule, early)
}

function slotsInGaps(schedule: CronSchedule, from: number, to: number): number[] {
  return midnightGaps(schedule.timeZone, from, to).flatMap(({ at, minutes, offset }) => {
    const clockBefore = { cron: schedule.cron, timeZone: fixedZone(offset) }
    const end = at + minutes * MINUTE_MS
    const slots: number[] = []
    const due = parse(clockBefore, at - 1)
    for (let slot = due.next().getTime(); slot < end; slot = due.next().getTime()) slots.push(slot)
    return slots
  })
}

/**
 * Where the clocks go forward over midnight: `offset` is the one before, in minutes, as `minutes` are what is left out.
 */
function midnightGaps(timeZone: string, from: number, to: number) {
  const days: number[] = []
  for (let day = from; day < to + DAY_MS; day += DAY_MS) days.push(day)
  const offsets = offsetsOf(
    timeZone,
    days.map((day) => new Date(day)),
  )
  return days.flatMap((day, nth) => {
    const offset = offsets[nth] ?? 0
    const minutes = (offsets[nth + 1] ?? offset) - offset
    if (minutes <= 0) return []
    const at = changeBetween(timeZone, day, day + DAY_MS, offset)
    const localMinute = Math.round(at / MINUTE_MS + offset) % (DAY_MS / MINUTE_MS)
    return localMinute === 0 || localMinute + minutes > DAY_MS / MINUTE_MS ? [{ at, minutes, offset }] : []
  })
}

/** The first minute with another offset. */
function changeBetween(timeZone: string, from: number, to: number, offset: number): number {
  let before = Math.floor(from / MINUTE_MS)
  let after = Math.ceil(to / MINUTE_MS)
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (offsetsOf(timeZone, [new Date(middle * MINUTE_MS)])[0] === offset) before = middle
    else after = middle
  }
  return after * MINUTE_MS
}

/** As Luxon, which cron-parser uses, writes it. */
function fixedZone(offset: number): string {
  const hours = String(Math.floor(Math.abs(offset) / 60))
  const minutes = String(Math.abs(offset) % 60).padStart(2, '0')
  return `UTC${offset < 0 ? '-' : '+'}${hours}:${minutes}`
}

function parse({ cron, timeZone }: CronSchedule, at: number) {
  return CronExpressionParser.parse(cron, { currentDate: new Date(at), tz: timeZone })
}
