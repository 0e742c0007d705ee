/** `worker`: the service. Runs until SIGTERM or SIGINT; a second one stops it at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { ConfigWithKey } from '../config.ts'
import { type ExitCode, exitCodes } from '../exit-code.ts'
import { createLogger } from '../logger.ts'
import { assertSchemaIsCurrent, migrateDatabase } from '../store/migrate.ts'
import { openReadBudget } from '../store/read-budget.ts'
import { untilAborted, withInterruption } from '../terminal/interruption.ts'
import { version } from '../version.ts'
import { trackCredentials } from '../worker/credentials.ts'
import { openJobBackend } from '../worker/job-backend.ts'
import { createLeaseKeeper } from '../worker/lease-keeper.ts'
import { startWorker } from '../worker/worker.ts'
import { type OpenDatabase, withAllo, withDatabase } from './open.ts'
import { reachDatabase } from './reach-database.ts'

/** Of the time to stop in; the rest is for closing what they used. */
const SHARE_FOR_JOBS = 0.7

/** Walks at once in one worker; more workers make more. */
const READINGS_AT_ONCE = 4

export async function runWorker(config: ConfigWithKey): Promise<ExitCode> {
  const urls = [config.databaseUrl, config.redisUrl]
  const secrets = () => [config.apiKey.value(), ...urls.map((url) => passwordOf(url?.value()))]
  const logger = createLogger(config.logLevel, process.stdout, secrets)
  for (const warning of config.warnings) logger.warn({ event: 'configuration' }, warning)
  const onFirst = () => {
    logger.info({ event: 'worker_stopping' }, 'stopping: what is being read goes back')
    leaveInTime(config.shutdownTimeoutMs, logger)
  }
  await withInterruption(
    async (signal) => {
      const waiting = { signal, logger }
      try {
        await withDatabase(config, (database) => serve(config, database, waiting), {
          name: 'worker',
          reach: (pool, url) => persist(waiting, 'Postgres', () => reachDatabase(pool, url)),
        })
      } catch (error) {
        if (!signal.aborted) throw error
      }
    },
    { onFirst },
  )
  logger.info({ event: 'worker_stopped' }, 'worker stopped')
  return exitCodes.ok
}

interface Waiting {
  readonly signal: AbortSignal
  readonly logger: Logger
}

async function serve(config: ConfigWithKey, { url, pool, isEmbedded }: OpenDatabase, waiting: Waiting) {
  const { signal, logger } = waiting
  await persist<unknown>(waiting, 'Postgres', () =>
    config.autoMigrate ? migrateDatabase(url) : assertSchemaIsCurrent(pool),
  )
  const openBook = (fingerprint: string) =>
    persist(waiting, 'Postgres', () => openReadBudget(url, fingerprint))
  await withAllo(config, openBook, async (open) => {
    const redisUrl = config.redisUrl?.value() ?? null
    const onError = (error: Error) => logger.debug({ event: 'jobs_error' }, error.message)
    const jobs = await persist(waiting, 'the jobs', () =>
      openJobBackend({ redisUrl, databaseUrl: url }, onError),
    )
    const choice = {
      users: [],
      only: config.onlyTeammates,
      except: config.exceptTeammates,
      includeBlocked: config.includeBlocked,
    }
    const leases = createLeaseKeeper(pool)
    const context = { ...open, pool, leases, choice, logger, version, credentials: trackCredentials() }
    const worker = await persist(waiting, 'the jobs', () =>
      startWorker(context, jobs, {
        schedule: config.schedule,
        readingsAtOnce: config.concurrency === 'auto' ? READINGS_AT_ONCE : config.concurrency,
        shutdownTimeoutMs: config.shutdownTimeoutMs * SHARE_FOR_JOBS,
      }),
    )
    const database = isEmbedded ? 'embedded' : 'own'
    logger.info(
      { event: 'worker_started', version, jobs: jobs.kind, database },
      `jobs are kept in ${jobs.kind}`,
    )
    await untilAborted(signal)
    await worker.stop()
    await jobs.close()
  })
}

/** Connections to what has gone wait for ever to be closed; what was being read is taken over all the same. */
function leaveInTime(shutdownTimeoutMs: number, logger: Logger): void {
  setTimeout(() => {
    logger.warn({ event: 'worker_stopped' }, 'worker stopped without waiting any longer')
    process.exit(exitCodes.ok)
  }, shutdownTimeoutMs * 0.95).unref()
}

/** Tries again while trying again can help, and says what it waits for. */
async function persist<T>({ signal, logger }: Waiting, what: string, work: () => Promise<T>): Promise<T> {
  for (let waitMs = 500; ; waitMs = Math.min(waitMs * 2, 10_000)) {
    try {
      return await work()
    } catch (error) {
      const canHelp = error instanceof Error && 'retryable' in error && error.retryable === true
      if (!canHelp || signal.aborted) throw error
      logger.warn({ event: 'waiting', for: what }, `waiting for ${what}: ${error.message}`)
      await sleep(waitMs, undefined, { signal })
    }
  }
}

function passwordOf(url: string | undefined): string {
  return url === undefined ? '' : decodeURIComponent(new URL(url).password)
}
