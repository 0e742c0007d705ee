/**
 * The schedule in the job backend. It is put there at the start and again and again, because a Redis that lost its
 * data lost it too and nothing complains; putting the same one changes nothing. Schedules of former settings go.
 */
import type { Schedule } from '../config.ts'
import type { JobQueue } from './job-backend.ts'

const KEEP_PASSES_SECONDS = 7 * 24 * 3600

export async function putSchedule(passes: JobQueue, schedule: Schedule): Promise<void> {
  const id = schedulerId(schedule)
  for (const { key } of await passes.getJobSchedulers()) {
    if (key !== id) await passes.removeJobScheduler(key)
  }
  const repeat =
    'cron' in schedule ? { pattern: schedule.cron, tz: schedule.timeZone } : { every: schedule.everyMs }
  await passes.upsertJobScheduler(id, repeat, {
    name: 'pass',
    data: {},
    opts: {
      removeOnComplete: { age: KEEP_PASSES_SECONDS, count: 1000 },
      removeOnFail: { age: KEEP_PASSES_SECONDS, count: 1000 },
    },
  })
}

/** How long the schedule may be gone before it is put back: well within one interval. */
export function putAgainEveryMs(schedule: Schedule): number {
  return 'cron' in schedule ? 30_000 : Math.min(Math.max(schedule.everyMs / 3, 1000), 30_000)
}

/** Says what it does, so that a changed setting is another scheduler. */
function schedulerId(schedule: Schedule): string {
  return 'cron' in schedule
    ? `cron ${schedule.cron} ${schedule.timeZone}`.replaceAll(':', '-')
    : `every ${schedule.everyMs} ms`
}
