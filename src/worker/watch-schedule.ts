/** Keeps the schedules of passes and of looks in the job backend as long as the worker runs, and logs each change of the first. */
import type { Logger } from 'pino'
import type { Schedule } from '../config/config.ts'
import { within } from '../waiting.ts'
import { type PeriodicChore, periodicChore } from './chore.ts'
import { backendNames } from './job-backend.ts'
import type { AllQueues, JobBackend } from './jobs.ts'
import { PLAN_EVERY_MS, planTick } from './look-jobs.ts'
import { keepSchedule, lookEveryMs, removeSchedules, type ScheduleState } from './schedule.ts'

/** Longer than the result of a probe is cached. */
const LOOK_DEADLINE_MS = 6000

export function watchSchedule(
  logger: Logger,
  jobs: JobBackend,
  { passes, looks }: Pick<AllQueues, 'passes' | 'looks'>,
  { schedule, isLive }: { readonly schedule: Schedule; readonly isLive: boolean },
): PeriodicChore {
  const keeper = keepSchedule(passes, schedule)
  const planning = keepSchedule(looks, { everyMs: PLAN_EVERY_MS }, planTick)
  const log = logChanges(logger, jobs.kind, schedule)
  const look = async () => {
    await jobs.ping()
    // Redis may be gone since the probe, and the query would wait until it is back. A second probe gives the reason.
    const sayWhy = async (late: unknown): Promise<never> => {
      await jobs.ping()
      throw late
    }
    log(await within(LOOK_DEADLINE_MS, keeper.look()).catch(sayWhy))
    await within<unknown>(LOOK_DEADLINE_MS, isLive ? planning.look() : removeSchedules(looks)).catch(sayWhy)
  }
  return periodicChore(lookEveryMs(schedule), look, (reason) => log('unreachable', reason))
}

function logChanges(logger: Logger, backend: JobBackend['kind'], schedule: Schedule) {
  let known: ScheduleState | 'unreachable' | null = null
  return (state: ScheduleState | 'unreachable', reason = '') => {
    if (state === 'put') logger.info({ event: 'schedule_put', ...schedule }, 'the schedule is in place')
    if (state === 'replaced' && known !== 'replaced') {
      const message = 'a worker that started later uses another schedule, which is valid for this worker too'
      logger.warn({ event: 'schedule_replaced', ...schedule }, message)
    }
    const name = backendNames[backend]
    if (state === 'unreachable')
      logger.warn({ event: 'jobs_unreachable', backend }, `waiting for ${name}: ${reason}`)
    else if (known === 'unreachable')
      logger.info({ event: 'jobs_reachable', backend }, `${name} answers again`)
    known = state
  }
}
