/**
 * The schedule in the job backend. The worker checks it as long as it runs, because a Redis that lost its data lost the
 * schedule too, without any error.
 *
 * The worker that started last wins: at its start it stores its own schedule and removes the others. Later it only
 * restores its own schedule if there is none. Otherwise the old and the new processes of a rolling update would replace
 * each other's schedule again and again, and each replacement begins a pass at once.
 */
import type { JobsOptions } from 'bullmq'
import type { Schedule } from '../config/config.ts'
import type { JobQueue } from './jobs.ts'

const KEEP_PASSES_SECONDS = 7 * 24 * 3600

/** The job that a schedule makes. */
export interface ScheduledJob {
  readonly name: string
  readonly opts: JobsOptions
}

export const passTick: ScheduledJob = {
  name: 'pass',
  opts: {
    removeOnComplete: { age: KEEP_PASSES_SECONDS, count: 1000 },
    removeOnFail: { age: KEEP_PASSES_SECONDS, count: 1000 },
  },
}

/** `replaced`: a worker with other settings was started later. */
export type ScheduleState = 'put' | 'there' | 'replaced'

export interface ScheduleKeeper {
  look(): Promise<ScheduleState>
}

export function keepSchedule(queue: JobQueue, schedule: Schedule, job = passTick): ScheduleKeeper {
  const id = schedulerId(schedule)
  let isStarting = true
  let severalInARow = 0

  const put = () =>
    queue.upsertJobScheduler(
      id,
      'cron' in schedule ? { pattern: schedule.cron, tz: schedule.timeZone } : { every: schedule.everyMs },
      { ...job, data: {} },
    )
  const removeAllBut = async (kept: string | undefined, keys: readonly string[]) => {
    for (const key of keys) if (key !== kept) await queue.removeJobScheduler(key)
  }

  return {
    async look() {
      const keys = (await queue.getJobSchedulers()).map(({ key }) => key).sort()
      if (isStarting) {
        // In this order: another worker must never see none, and put back what is about to go.
        await put()
        await removeAllBut(id, keys)
        isStarting = false
        return 'put'
      }
      // Two that started at the same moment may have kept both; all agree on the first.
      severalInARow = keys.length > 1 ? severalInARow + 1 : 0
      if (severalInARow > 1) await removeAllBut(keys[0], keys)
      if (keys.length > 0 && !keys.includes(id)) return 'replaced'
      if (severalInARow > 0) return 'there'
      // Idempotent. Also repairs a schedule whose next tick was lost.
      await put()
      return keys.length === 0 ? 'put' : 'there'
    },
  }
}

/** For a queue that has no schedule any more. */
export async function removeSchedules(queue: JobQueue): Promise<void> {
  for (const { key } of await queue.getJobSchedulers()) await queue.removeJobScheduler(key)
}

/** How long the schedule may be gone before it is put back: well within one interval. */
export function lookEveryMs(schedule: Schedule): number {
  return 'cron' in schedule ? 30_000 : Math.min(Math.max(schedule.everyMs / 3, 1000), 30_000)
}

/** Says what it does, so that a changed setting is another scheduler. */
function schedulerId(schedule: Schedule): string {
  return 'cron' in schedule
    ? `cron ${schedule.cron} ${schedule.timeZone}`.replaceAll(':', '-')
    : `every ${schedule.everyMs} ms`
}
