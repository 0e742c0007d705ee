/** The freshness target, and the time of the next run. The view allo.teammate_freshness says whose data are stale. */
import type { Schedule } from '../config/config.ts'
import type { Cadence } from '../store/pass/passes.ts'
import { nextSlotMs, previousSlotMs } from './cron-slots.ts'

/** Data are stale after this many missed runs in a row. */
const MISSED_RUNS = 3
/** After this many runs without a reading there is a coverage gap. */
const GAP_RUNS = 2

/** The freshness target now: data of a greater age are stale. For cron: the time since the third run before now. */
export function staleAfterMs(schedule: Schedule, sloMs: number | null, now: Date): number {
  if (sloMs !== null) return sloMs
  if (!('cron' in schedule)) return schedule.everyMs * MISSED_RUNS
  let slot = now.getTime()
  for (let missed = 0; missed < MISSED_RUNS; missed += 1) slot = previousSlotMs(schedule, slot)
  return now.getTime() - slot
}

/** For a pass that begins now: after how long without a reading there is a gap, and when its data become stale. */
export function cadenceOf(schedule: Schedule, sloMs: number | null, now: Date): Cadence {
  const dueIn = (runs: number) => Math.ceil(untilRunMs(schedule, runs, now) / 1000)
  return {
    gapAfterSeconds: dueIn(GAP_RUNS),
    staleAfterSeconds: sloMs === null ? dueIn(MISSED_RUNS) : Math.ceil(sloMs / 1000),
  }
}

/** From now to the next run. An interval counts from now, as for a run that begins now. */
export function secondsToNextRun(schedule: Schedule, now: Date): number {
  return untilRunMs(schedule, 1, now) / 1000
}

function untilRunMs(schedule: Schedule, runs: number, now: Date): number {
  if (!('cron' in schedule)) return schedule.everyMs * runs
  let slot = now.getTime()
  for (let run = 0; run < runs; run += 1) slot = nextSlotMs(schedule, slot)
  return slot - now.getTime()
}

/** Null for an interval: it counts from the worker's first run, which only the job backend knows. */
export function nextSlot(schedule: Schedule, now: Date): Date | null {
  return 'cron' in schedule ? new Date(nextSlotMs(schedule, now.getTime())) : null
}

export function describeSchedule(schedule: Schedule): string {
  return 'cron' in schedule ? `${schedule.cron} (${schedule.timeZone})` : `every ${toUnits(schedule.everyMs)}`
}

function toUnits(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const
  const [unit, size] = units.find(([, size]) => ms % size === 0) ?? ['ms', 1]
  return `${ms / size} ${unit}`
}
