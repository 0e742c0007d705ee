/**
 * The service: the schedule, the jobs of passes and readings, and the shutdown. It stays up while Redis, Postgres or
 * the API are gone, reports what it waits for, and recovers at the next interval.
 */
import pTimeout from 'p-timeout'
import type { Schedule } from '../config/config.ts'
import { CALLS_JOB, createCallsJob, requestCalls } from './call-jobs.ts'
import type { WorkerContext } from './context.ts'
import { queueNames } from './job-backend.ts'
import type { AllQueues, JobBackend, JobWorker } from './jobs.ts'
import type { LookSettings } from './look-budget.ts'
import { createLookRequests, type LookRequests, runLookJob } from './look-jobs.ts'
import { runPass } from './pass-job.ts'
import { runReading } from './reading-job.ts'
import { processorFactory } from './run-job.ts'
import { watchSchedule } from './watch-schedule.ts'

export interface RunningWorker extends AllQueues {
  /** Null: no looks. */
  readonly lookRequests: LookRequests | null
  /** Requeues running jobs without using an attempt. Resolves within the timeout. Idempotent. */
  stop(): Promise<void>
}

export interface WorkerSettings {
  readonly schedule: Schedule
  readonly readingsAtOnce: number
  /** Null: no looks. */
  readonly live: LookSettings | null
  /** Null: no details of calls. */
  readonly calls: LookSettings | null
  readonly shutdownTimeoutMs: number
}

/** Most of them wait for the time of their looks. */
const LOOK_JOBS_AT_ONCE = 6

/** Rejects, and leaves nothing open, if the jobs are in Postgres and Postgres can't be reached. */
export async function startWorker(
  context: WorkerContext,
  jobs: JobBackend,
  settings: WorkerSettings,
): Promise<RunningWorker> {
  const opened: { close(): Promise<void> }[] = []
  const keep = <T extends { close(): Promise<void> }>(one: T) => {
    opened.push(one)
    return one
  }
  const stopping = new AbortController()
  const process = processorFactory(context.logger, stopping.signal)
  try {
    const names = queueNames(context.keyFingerprint)
    const passes = keep(await jobs.openQueue(names.passes))
    const readings = keep(await jobs.openQueue(names.readings))
    const looks = keep(await jobs.openQueue(names.looks))
    const queues = { passes, readings, looks }
    const read = process((job, _, signal) => runReading(context, job, signal))
    const { live, calls } = settings
    const onPlanned = async () => (calls === null ? undefined : requestCalls(looks))
    const pass = process(async (job, token, signal) => {
      await runPass(context, queues, job, token, signal)
      if (live === null) await onPlanned()
    })
    const workers = [
      keep(await jobs.startWorker(readings.name, settings.readingsAtOnce, read)),
      keep(await jobs.startWorker(passes.name, 1, pass)),
    ]
    const lookRequests =
      live === null ? null : createLookRequests({ context, queue: looks, onPlanned, ...live })
    const runCalls = calls === null ? null : createCallsJob(context, calls)
    if (live !== null || runCalls !== null) {
      const look = process(async (job, _, signal) => {
        if (job.name === CALLS_JOB) return runCalls?.(signal)
        if (live !== null) await runLookJob({ context, queue: looks, onPlanned, ...live }, job, signal)
      })
      workers.push(keep(await jobs.startWorker(looks.name, LOOK_JOBS_AT_ONCE, look)))
    }
    const schedule = watchSchedule(context.logger, jobs, queues, {
      schedule: settings.schedule,
      isLive: live !== null,
    })
    schedule.start()
    void schedule.runNow()
    const stop = async () => {
      // Not waited for: a job backend that is gone would delay the shutdown.
      void schedule.stop()
      // A job that is fetched only now is requeued, too.
      stopping.abort(new Error('shutting down'))
      for (const worker of workers) worker.cancelAllJobs('shutting down')
      await Promise.all(workers.map((worker) => closeWithin(worker, settings.shutdownTimeoutMs)))
      context.leases.stop()
      await Promise.all([passes, readings, looks].map((queue) => settlesWithin(1000, queue.close())))
    }
    let stopped: Promise<void> | null = null
    return {
      ...queues,
      lookRequests,
      stop() {
        stopped ??= stop()
        return stopped
      },
    }
  } catch (error) {
    stopping.abort(error)
    await Promise.all(opened.map((one) => settlesWithin(1000, one.close())))
    throw error
  }
}

/** With its backend gone, BullMQ waits for ever for the end of a worker. */
async function closeWithin(worker: JobWorker, ms: number): Promise<void> {
  if (await settlesWithin(ms, worker.close())) return
  await settlesWithin(1000, worker.close(true))
}

/** Whether the work ends in time, well or not. Never rejects. */
function settlesWithin(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  const settled = work.then(
    () => true,
    () => true,
  )
  return pTimeout(settled, { milliseconds, fallback: () => false })
}
