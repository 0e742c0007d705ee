/** The jobs of a team, as the job backend reports them within two seconds. */

import type { Schedule } from '../config/config.ts'
import { messageOf } from '../errors.ts'
import { within } from '../waiting.ts'
import type { JobBackend, JobQueue, Queues } from './jobs.ts'

export interface JobsStatus {
  readonly backend: 'redis' | 'postgres'
  /** Why the backend did not report; null: it did. */
  readonly problem: string | null
  /** Processes that take jobs of this team. */
  readonly workers: number | null
  readonly nextRunAt: string | null
  /** The stored schedule: that of the worker that started last. Null: none is stored. */
  readonly schedule: Schedule | null
  /** By queue and state. */
  readonly counts: Readonly<Record<'passes' | 'readings', Readonly<Record<string, number>>>> | null
}

const DEADLINE_MS = 2000

export async function jobsStatus(
  jobs: Pick<JobBackend, 'kind' | 'ping'>,
  { passes, readings }: Queues,
): Promise<JobsStatus> {
  const ask = async (): Promise<JobsStatus> => {
    await jobs.ping()
    const [schedulers, ticks, workers, ofPasses, ofReadings] = await Promise.all([
      passes.getJobSchedulers(),
      passes.getJobs(['delayed']),
      passes.getWorkersCount(),
      passes.getJobCounts(),
      readings.getJobCounts(),
    ])
    // Of two workers that put the same schedule at the same moment, it may name the tick after the next.
    const next = Math.min(
      ...schedulers.flatMap((scheduler) => scheduler.next ?? []),
      ...ticks.map(({ timestamp, delay }) => timestamp + delay),
    )
    return {
      backend: jobs.kind,
      problem: null,
      workers,
      nextRunAt: Number.isFinite(next) ? new Date(next).toISOString() : null,
      schedule: scheduleOf(schedulers),
      counts: { passes: ofPasses, readings: ofReadings },
    }
  }
  try {
    return await within(DEADLINE_MS, ask())
  } catch (error) {
    const problem = messageOf(error)
    return { backend: jobs.kind, problem, workers: null, nextRunAt: null, schedule: null, counts: null }
  }
}

/** Of several, which workers of a rolling update may leave for a moment, the one that all agree on (schedule.ts). */
function scheduleOf(schedulers: Awaited<ReturnType<JobQueue['getJobSchedulers']>>): Schedule | null {
  const [first] = schedulers.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  if (first?.pattern !== undefined) return { cron: first.pattern, timeZone: first.tz ?? 'UTC' }
  return first?.every === undefined ? null : { everyMs: first.every }
}
