/** The chore of reading all queues on schedule, and the job backend it needs. */
import type { Logger } from 'pino'
import type { Config } from '../../config/config.ts'
import { messageOf } from '../../errors.ts'
import { version } from '../../version.ts'
import type { Chore } from '../../worker/chore.ts'
import type { WorkerContext } from '../../worker/context.ts'
import { inspectJobsInPostgres, inspectRedis, type JobsReport } from '../../worker/inspect-jobs.ts'
import { backendNames, openJobBackend } from '../../worker/job-backend.ts'
import type { JobBackend } from '../../worker/jobs.ts'
import { startWorker } from '../../worker/worker.ts'
import type { OpenAllo } from '../open/allo.ts'
import type { OpenDatabase } from '../open/database.ts'
import { retryStart } from './retry-start.ts'
import type { Service } from './service-context.ts'

/** Of SHUTDOWN_TIMEOUT; the rest is for closing what the jobs used. */
const SHARE_FOR_JOBS = 0.7

/** Teammates read at the same time in one worker. To read more, start more workers. */
const READINGS_AT_ONCE = 4

export function openJobs(service: Service, databaseUrl: string): Promise<JobBackend> {
  const { config, logger } = service
  const redisUrl = config.redisUrl?.value() ?? null
  const onError = (error: Error) => logger.debug({ event: 'jobs_error' }, error.message)
  return retryStart(service, 'the jobs', async () => {
    if (redisUrl === null) warnOf(await inspectJobsInPostgres(databaseUrl), logger)
    return openJobBackend({ redisUrl, databaseUrl }, onError)
  })
}

export function createPassesChore(
  service: Service,
  {
    context,
    jobs,
    database,
    open,
  }: { context: WorkerContext; jobs: JobBackend; database: OpenDatabase; open: OpenAllo },
): Chore {
  const { config, logger, state, refreshPages } = service
  let worker: Awaited<ReturnType<typeof startWorker>> | null = null
  return {
    async start() {
      const { dailyRequests } = config
      const looks = { looksPerSecond: () => shareOf(open, config), dailyRequests }
      const live = config.liveBudgetShare === 0 ? null : looks
      const calls = config.callDetails ? looks : null
      worker = await retryStart(service, 'the jobs', () =>
        startWorker(context, jobs, {
          schedule: config.schedule,
          live,
          calls,
          readingsAtOnce: config.concurrency === 'auto' ? READINGS_AT_ONCE : config.concurrency,
          shutdownTimeoutMs: config.shutdownTimeoutMs * SHARE_FOR_JOBS,
        }),
      )
      const { credentials } = context
      state.looks = worker.lookRequests
      state.worker = { jobs, ...worker, credentials, readsPerSecond: open.readsPerSecond }
      refreshPages()
      logger.info(
        {
          event: 'worker_started',
          version,
          jobs: jobs.kind,
          database: database.isEmbedded ? 'embedded' : 'own',
        },
        `jobs are kept in ${backendNames[jobs.kind]}`,
      )
      const redisUrl = config.redisUrl?.value() ?? null
      if (redisUrl !== null) await inspectAndWarn(redisUrl, logger)
    },
    async stop() {
      state.looks = null
      await worker?.stop()
      state.worker = null
      refreshPages()
    },
  }
}

/** Without looks, requests for details of calls have the share that looks have by default. */
const SHARE_WITHOUT_LOOKS = 0.25

/** Requests per second for looks and for details of calls; null: unlimited. */
function shareOf({ readsPerSecond }: OpenAllo, { liveBudgetShare }: Config): number | null {
  const rate = readsPerSecond()
  return rate === null ? null : rate * (liveBudgetShare || SHARE_WITHOUT_LOOKS)
}

/** Nothing here keeps the worker from working. That Redis is unreachable is logged by the worker, repeatedly. */
async function inspectAndWarn(redisUrl: string, logger: Logger): Promise<void> {
  try {
    warnOf(await inspectRedis(redisUrl), logger)
  } catch (error) {
    logger.debug({ event: 'jobs_error' }, `could not inspect the job backend: ${messageOf(error)}`)
  }
}

function warnOf({ concerns }: JobsReport, logger: Logger): void {
  for (const concern of concerns) logger.warn({ event: 'jobs_concern' }, concern)
}
