/** `worker`: the service. Runs until SIGTERM or SIGINT; a second one stops it at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConfigWithKey } from '../config.ts'
import { type ExitCode, exitCodes } from '../exit-code.ts'
import { createLogger } from '../logger.ts'
import { DatabaseError } from '../store/database.ts'
import { assertSchemaIsCurrent, migrateDatabase } from '../store/migrate.ts'
import { version } from '../version.ts'
import { trackCredentials } from '../worker/credentials.ts'
import { openJobBackend } from '../worker/job-backend.ts'
import { createLeaseKeeper } from '../worker/lease-keeper.ts'
import { startWorker } from '../worker/worker.ts'
import { withAllo, withDatabase } from './open.ts'

/** Walks at once in one worker; more workers make more. */
const READINGS_AT_ONCE = 4

export async function runWorker(config: ConfigWithKey): Promise<ExitCode> {
  const secrets = () => [
    config.apiKey.value(),
    config.databaseUrl?.value() ?? '',
    config.redisUrl?.value() ?? '',
  ]
  const logger = createLogger(config.logLevel, process.stdout, secrets)
  const stopped = stopSignal()
  for (const warning of config.warnings) logger.warn({ event: 'configuration' }, warning)

  await withDatabase(config, async ({ url, pool, isEmbedded }) => {
    const isReady = await untilPostgresAnswers(stopped.signal, logger, () =>
      config.autoMigrate ? migrateDatabase(url) : assertSchemaIsCurrent(pool),
    )
    if (!isReady) return
    await withAllo(config, url, async (open) => {
      const redisUrl = config.redisUrl?.value() ?? null
      const jobs = await openJobBackend({ redisUrl, databaseUrl: url }, (error) =>
        logger.debug({ event: 'jobs_error' }, error.message),
      )
      const leases = createLeaseKeeper(pool)
      const choice = {
        users: [],
        only: config.onlyTeammates,
        except: config.exceptTeammates,
        includeBlocked: config.includeBlocked,
      }
      const context = { ...open, pool, leases, choice, logger, version, credentials: trackCredentials() }
      const worker = startWorker(context, jobs, {
        schedule: config.schedule,
        readingsAtOnce: config.concurrency === 'auto' ? READINGS_AT_ONCE : config.concurrency,
        shutdownTimeoutMs: config.shutdownTimeoutMs,
      })
      const database = isEmbedded ? 'embedded' : 'own'
      logger.info(
        { event: 'worker_started', version, jobs: jobs.kind, database },
        `worker started, jobs in ${jobs.kind}`,
      )
      await stopped.promise
      logger.info({ event: 'worker_stopping' }, 'stopping: what is being read goes back')
      await worker.stop()
      await jobs.close()
    })
  })
  logger.info({ event: 'worker_stopped' }, 'worker stopped')
  return exitCodes.ok
}

function stopSignal(): { signal: AbortSignal; promise: Promise<void> } {
  const controller = new AbortController()
  const promise = new Promise<void>((resolve) => controller.signal.addEventListener('abort', () => resolve()))
  const stop = () => {
    if (controller.signal.aborted) process.exit(exitCodes.ok)
    controller.abort()
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  return { signal: controller.signal, promise }
}

/** False when told to stop before. */
async function untilPostgresAnswers(
  signal: AbortSignal,
  logger: ReturnType<typeof createLogger>,
  work: () => Promise<unknown>,
): Promise<boolean> {
  for (let waitMs = 500; !signal.aborted; waitMs = Math.min(waitMs * 2, 10_000)) {
    try {
      await work()
      return true
    } catch (error) {
      if (!(error instanceof DatabaseError && error.retryable)) throw error
      logger.warn({ event: 'database_unreachable' }, `waiting for Postgres: ${error.message}`)
      await sleep(waitMs, undefined, { signal }).catch(() => undefined)
    }
  }
  return false
}
