/**
 * The service: the schedule, the jobs of passes and readings, and how it stops. It stays up while Redis, Postgres
 * or the API are gone, says what it waits for, and is right again at the next interval.
 */
import { type Job, WaitingError } from 'bullmq'
import type { Schedule } from '../config.ts'
import type { WorkerContext } from './context.ts'
import type { JobBackend, JobData, JobQueue, JobWorker, Processor } from './job-backend.ts'
import { toJobError } from './job-error.ts'
import { runPass } from './pass-job.ts'
import { createReadingJob } from './reading-job.ts'
import { putAgainEveryMs, putSchedule } from './schedule.ts'

export interface RunningWorker {
  readonly passes: JobQueue
  readonly readings: JobQueue
  /** Hands back what is being read without costing an attempt, and resolves within the timeout. Twice is once. */
  stop(): Promise<void>
}

export function startWorker(
  context: WorkerContext,
  jobs: JobBackend,
  settings: {
    readonly schedule: Schedule
    readonly readingsAtOnce: number
    readonly shutdownTimeoutMs: number
  },
): RunningWorker {
  const { logger, keyFingerprint, leases } = context
  // One process group per key: teams share Redis and Postgres without seeing each other's jobs.
  const passes = jobs.openQueue(`allo-passes-${keyFingerprint}`)
  const readings = jobs.openQueue(`allo-readings-${keyFingerprint}`)
  const runReading = createReadingJob(context)

  const readingWorker = jobs.startWorker(
    readings.name,
    settings.readingsAtOnce,
    givingBack((job, _, signal) => runReading(job, signal)),
  )
  const passWorker = jobs.startWorker(
    passes.name,
    1,
    givingBack((job, token, signal) => runPass(context, readings, job, token, signal)),
  )

  let isPutting = false
  let wasPut = false
  const keepSchedule = async () => {
    if (isPutting) return
    isPutting = true
    try {
      await jobs.ping()
      await putSchedule(passes, settings.schedule)
      if (!wasPut) logger.info({ event: 'schedule_put', ...settings.schedule }, 'the schedule is in place')
      wasPut = true
    } catch (error) {
      wasPut = false
      const message = error instanceof Error ? error.message : String(error)
      logger.warn({ event: 'jobs_unreachable', backend: jobs.kind }, `waiting for ${jobs.kind}: ${message}`)
    } finally {
      isPutting = false
    }
  }
  const scheduleTimer = setInterval(keepSchedule, putAgainEveryMs(settings.schedule))
  void keepSchedule()

  let stopping: Promise<void> | null = null
  const stop = async () => {
    clearInterval(scheduleTimer)
    const workers = [readingWorker, passWorker]
    for (const worker of workers) worker.cancelAllJobs('shutting down')
    await Promise.all(workers.map((worker) => closeWithin(worker, settings.shutdownTimeoutMs)))
    leases.stop()
    await Promise.all([passes, readings].map((queue) => withinOrNever(queue.close(), 1000)))
  }
  return {
    passes,
    readings,
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}

/** A job that is told to stop goes back to wait as it was; another worker takes it, and no attempt is spent. */
function givingBack(
  run: (job: Job<JobData>, token: string | undefined, signal: AbortSignal) => Promise<void>,
): Processor {
  return async (job, token, signal) => {
    try {
      await run(job, token, signal)
    } catch (error) {
      if (signal.aborted && token !== undefined) {
        await job.moveToWait(token)
        throw new WaitingError()
      }
      throw error instanceof Error && error.name === 'WaitingChildrenError' ? error : toJobError(error)
    }
  }
}

/** With its backend gone, BullMQ waits for ever for the end of a worker. */
async function closeWithin(worker: JobWorker, ms: number): Promise<void> {
  if (await withinOrNever(worker.close(), ms)) return
  await withinOrNever(worker.close(true), 1000)
}

async function withinOrNever(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  const done = work.then(
    () => true,
    () => true,
  )
  try {
    return await Promise.race([done, late])
  } finally {
    clearTimeout(timer)
  }
}
