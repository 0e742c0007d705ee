/**
 * The service: the schedule, the jobs of passes and readings, and how it stops. It stays up while Redis, Postgres
 * or the API are gone, says what it waits for, and is right again at the next interval.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Job, UnrecoverableError, WaitingChildrenError, WaitingError } from 'bullmq'
import type { Schedule } from '../config/config.ts'
import { messageOf } from '../errors.ts'
import { toMirrorError } from '../foreign-errors.ts'
import { DatabaseError } from '../store/postgres/database.ts'
import { within } from '../waiting.ts'
import type { WorkerContext } from './context.ts'
import {
  backendNames,
  type JobBackend,
  type JobData,
  type JobQueue,
  type JobWorker,
  type Processor,
  queueNames,
} from './job-backend.ts'
import { runPass } from './pass-job.ts'
import { createReadingJob } from './reading-job.ts'
import { keepSchedule, lookEveryMs, type ScheduleState } from './schedule.ts'

export interface RunningWorker {
  readonly passes: JobQueue
  readonly readings: JobQueue
  /** Hands back what is being read without costing an attempt, and resolves within the timeout. Twice is once. */
  stop(): Promise<void>
}

/** How long a job waits for a database that can't be reached, and how often that is said, however many jobs wait. */
const WITHOUT_DATABASE_MS = 3000
const TELL_EVERY_MS = 30_000
/** Longer than an answer of the backend is remembered. */
const LOOK_DEADLINE_MS = 6000

/** Rejects, and leaves nothing behind, when the jobs are kept in Postgres and it can't be reached. */
export async function startWorker(
  context: WorkerContext,
  jobs: JobBackend,
  settings: {
    readonly schedule: Schedule
    readonly readingsAtOnce: number
    readonly shutdownTimeoutMs: number
  },
): Promise<RunningWorker> {
  const { keyFingerprint, leases } = context
  const opened: { close(): Promise<void> }[] = []
  const keep = <T extends { close(): Promise<void> }>(one: T) => {
    opened.push(one)
    return one
  }
  const stopping = new AbortController()
  const run = givingBack(context, stopping.signal)
  try {
    const names = queueNames(keyFingerprint)
    const passes = keep(await jobs.openQueue(names.passes))
    const readings = keep(await jobs.openQueue(names.readings))
    const runReading = createReadingJob(context)
    const workers = [
      keep(
        await jobs.startWorker(
          readings.name,
          settings.readingsAtOnce,
          run((job, _, signal) => runReading(job, signal)),
        ),
      ),
      keep(
        await jobs.startWorker(
          passes.name,
          1,
          run((job, token, signal) => runPass(context, { passes, readings }, job, token, signal)),
        ),
      ),
    ]
    const schedule = lookAfterSchedule(context, jobs, passes, settings.schedule)

    let stopped: Promise<void> | null = null
    const stop = async () => {
      schedule.stop()
      // A job that is fetched only now gives itself back, too.
      stopping.abort(new Error('shutting down'))
      for (const worker of workers) worker.cancelAllJobs('shutting down')
      await Promise.all(workers.map((worker) => closeWithin(worker, settings.shutdownTimeoutMs)))
      leases.stop()
      await Promise.all([passes, readings].map((queue) => withinOrNever(queue.close(), 1000)))
    }
    return {
      passes,
      readings,
      stop() {
        stopped ??= stop()
        return stopped
      },
    }
  } catch (error) {
    stopping.abort(error)
    await Promise.all(opened.map((one) => withinOrNever(one.close(), 1000)))
    throw error
  }
}

function lookAfterSchedule(
  { logger }: WorkerContext,
  jobs: JobBackend,
  passes: JobQueue,
  schedule: Schedule,
): { stop(): void } {
  const keeper = keepSchedule(passes, schedule)
  let isLooking = false
  let known: ScheduleState | 'unreachable' | null = null
  const tell = (state: ScheduleState | 'unreachable', reason = '') => {
    if (state === 'put') logger.info({ event: 'schedule_put', ...schedule }, 'the schedule is in place')
    if (state === 'replaced' && known !== 'replaced') {
      const message = 'a worker that was started later goes by another schedule, which holds for this one too'
      logger.warn({ event: 'schedule_replaced', ...schedule }, message)
    }
    if (state === 'unreachable') {
      logger.warn(
        { event: 'jobs_unreachable', backend: jobs.kind },
        `waiting for ${backendNames[jobs.kind]}: ${reason}`,
      )
    } else if (known === 'unreachable') {
      logger.info({ event: 'jobs_reachable', backend: jobs.kind }, `${backendNames[jobs.kind]} answers again`)
    }
    known = state
  }
  const look = async () => {
    if (isLooking) return
    isLooking = true
    try {
      await jobs.ping()
      // A Redis that went away since would be waited for until it is back. Asked again, it says why.
      const lookAgain = async (late: unknown): Promise<never> => {
        await jobs.ping()
        throw late
      }
      tell(await within(LOOK_DEADLINE_MS, keeper.look()).catch(lookAgain))
    } catch (error) {
      tell('unreachable', messageOf(error))
    } finally {
      isLooking = false
    }
  }
  const timer = setInterval(look, lookEveryMs(schedule))
  void look()
  return { stop: () => clearInterval(timer) }
}

/**
 * What is common to all jobs. One that is told to stop goes back to wait as it was; another worker takes it, and no
 * attempt is spent. One of a pass that has begun waits for a database that is gone, and spends none either; a tick
 * does not, since the next one will do. While it waits it keeps its place: else a worker would try all jobs of a pass
 * in vain, again and again.
 */
function givingBack({ logger }: WorkerContext, stopping: AbortSignal) {
  let toldAt = Number.NEGATIVE_INFINITY
  const tellWaiting = (reason: string) => {
    if (performance.now() - toldAt < TELL_EVERY_MS) return
    toldAt = performance.now()
    logger.warn({ event: 'waiting', for: 'Postgres' }, `waiting for Postgres: ${reason}`)
  }
  return (
    run: (job: Job<JobData>, token: string | undefined, signal: AbortSignal) => Promise<void>,
  ): Processor =>
    async (job, token, cancelled) => {
      const signal = AbortSignal.any([cancelled, stopping])
      try {
        signal.throwIfAborted()
        await run(job, token, signal)
      } catch (thrown) {
        const error = toMirrorError(thrown)
        const { passId, userId } = job.data
        const isDatabaseGone = error instanceof DatabaseError && error.retryable && passId !== undefined
        if (isDatabaseGone && !signal.aborted) {
          tellWaiting(error.message)
          await sleep(WITHOUT_DATABASE_MS, undefined, { signal }).catch(() => undefined)
        }
        if ((isDatabaseGone || signal.aborted) && token !== undefined) {
          await job.moveToWait(token)
          throw new WaitingError()
        }
        if (thrown instanceof WaitingChildrenError) throw thrown
        const level = error.retryable ? 'warn' : 'error'
        logger[level]({ event: 'job_failed', job: job.name, passId, userId }, error.message)
        throw error.retryable ? error : new UnrecoverableError(error.message)
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
