/** The jobs of a team, as the job backend reports them within two seconds. */

import { z } from 'zod'
import type { Schedule } from '../config/config.ts'
import { messageOf } from '../errors.ts'
import { amount, instant, type Output } from '../json-output.ts'
import { within } from '../waiting.ts'
import type { JobBackend, JobQueue, Queues } from './jobs.ts'

const scheduleSchema = z.union([
  z.object({ everyMs: amount }),
  z.object({ cron: z.string(), timeZone: z.string() }),
])

const countsSchema = z.record(z.string(), amount).describe('Number of jobs by state.')

export const jobsStatusSchema = z.object({
  backend: z.enum(['redis', 'postgres']),
  problem: z.string().nullable().describe('Why the backend did not report. Null: it did.'),
  workers: amount.nullable().describe('Processes that take jobs of this team.'),
  nextRunAt: instant.nullable(),
  schedule: scheduleSchema
    .nullable()
    .describe('The stored schedule: that of the worker that started last. Null: none is stored.'),
  counts: z.object({ passes: countsSchema, readings: countsSchema }).nullable(),
})

export type JobsStatus = Output<typeof jobsStatusSchema>

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
