/** `worker`: the service. Runs until SIGTERM or SIGINT; a second one stops it at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type ConfigWithKey, readConfig } from '../../config/config.ts'
import { connectionsInClear } from '../../config/plaintext.ts'
import { type ExitCode, exitCodes, messageOf } from '../../errors.ts'
import { toMirrorError } from '../../foreign-errors.ts'
import { type HttpServer, startHttp } from '../../http/server.ts'
import type { Workings } from '../../http/workings.ts'
import { createLogger, mask } from '../../logger.ts'
import { backfillNumberKeys } from '../../personal-data/backfill.ts'
import { openNumberKeys } from '../../personal-data/open-number-keys.ts'
import type { NumberKeys } from '../../snapshot/number-key.ts'
import { assertSchemaIsCurrent } from '../../store/migrate/migrate.ts'
import { keyFingerprint, openReadBudget } from '../../store/pass/read-budget.ts'
import { openPool } from '../../store/postgres/database.ts'
import { createDatabaseProbe } from '../../store/postgres/probe.ts'
import { reachDatabase } from '../../store/postgres/reach-database.ts'
import { recordReportTimeZone } from '../../store/queries/settings.ts'
import { untilAborted, withInterruption } from '../../terminal/interruption.ts'
import { logOutput } from '../../terminal/log-output.ts'
import { version } from '../../version.ts'
import { longestWait, within } from '../../waiting.ts'
import { lookEveryMs, startAlerts } from '../../worker/alerts.ts'
import { trackCredentials } from '../../worker/credentials.ts'
import { type DatabaseState, watchDatabase } from '../../worker/database-watch.ts'
import { cadenceOf } from '../../worker/freshness.ts'
import { inspectJobsInPostgres, inspectRedis, type JobsReport } from '../../worker/inspect-jobs.ts'
import { backendNames, openJobBackend } from '../../worker/job-backend.ts'
import { createLeaseKeeper } from '../../worker/lease-keeper.ts'
import { createMetrics, type WorkerMetrics } from '../../worker/metrics.ts'
import { startQualityChecks } from '../../worker/quality.ts'
import { startRetention } from '../../worker/retention.ts'
import { createWebhook, type Webhook } from '../../worker/webhook.ts'
import { startWorker } from '../../worker/worker.ts'
import { type OpenAllo, withAllo } from '../open/allo.ts'
import { checkTimeZones } from '../open/check-time-zones.ts'
import { type OpenDatabase, withDatabase } from '../open/database.ts'
import { prepareDatabase } from '../open/prepare-database.ts'

/** For a probe of Postgres; one that takes longer could not carry a pass. */
const DATABASE_DEADLINE_MS = 5000

/** Of the time to stop in; the rest is for closing what they used. */
const SHARE_FOR_JOBS = 0.7

/** Walks at once in one worker; more workers make more. */
const READINGS_AT_ONCE = 4

export async function runWorker(): Promise<ExitCode> {
  const config = readConfig({ needsApiKey: true })
  const logger = createLogger(config.logLevel, logOutput(process.stdout), config.secrets)
  for (const warning of [...config.warnings, ...connectionsInClear(config)])
    logger.warn({ event: 'configuration' }, warning)
  const onFirst = () => {
    logger.info({ event: 'worker_stopping' }, 'stopping: what is being read goes back')
    leaveInTime(config.shutdownTimeoutMs, logger)
  }
  const endWithinMs = config.shutdownTimeoutMs
  await withInterruption((signal) => runService(config, { logger, signal }), { onFirst, endWithinMs })
  logger.info({ event: 'worker_stopped' }, 'worker stopped')
  return exitCodes.ok
}

/** The service until the signal is aborted: pages first, then what it can reach, then passes on schedule. */
export async function runService(
  config: ConfigWithKey,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  const metrics = createMetrics()
  const workings: Workings = { waitingFor: 'Postgres', waitingBecause: null, database: null, worker: null }
  // Before anything else: whoever looks sees that it is alive, and what it waits for.
  const http = await startHttp({
    config,
    workings,
    keyFingerprint: keyFingerprint(config.apiKey.value()),
    metrics,
    logger,
    version,
    secrets: config.secrets,
  })
  const webhook = openWebhook(config)
  const service = { config, logger, signal, metrics, workings, http, webhook }
  const watch = watchDatabase({
    ask: () => stateOfDatabase(workings),
    webhook,
    metrics,
    logger,
    version,
    mask: (text) => mask(text, config.secrets()),
  })
  try {
    await withDatabase(config, (database) => serve(service, database), {
      name: 'worker',
      signal,
      reach: (pool, url) => persist(service, 'Postgres', () => reachDatabase(pool, url)),
    })
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await watch.stop()
    await webhook?.close()
    await http.stop()
  }
}

/** Before it is open, what the last attempt to open it came to. */
async function stateOfDatabase({ database, waitingFor, waitingBecause }: Workings): Promise<DatabaseState> {
  if (database === null) {
    return waitingFor === 'Postgres' && waitingBecause !== null ? { reason: waitingBecause } : 'unknown'
  }
  try {
    await within(DATABASE_DEADLINE_MS, database.probe.ask())
    return 'usable'
  } catch (error) {
    return { reason: messageOf(error) }
  }
}

interface Service {
  readonly config: ConfigWithKey
  readonly logger: Logger
  /** Aborts when it is to stop. */
  readonly signal: AbortSignal
  readonly metrics: WorkerMetrics
  readonly workings: Workings
  readonly http: HttpServer
  readonly webhook: Webhook | null
}

async function serve(service: Service, database: OpenDatabase) {
  const { config, logger, signal, metrics, workings, http, webhook } = service
  const { url, pool } = database
  await persist(service, 'Postgres', async () => {
    for (const warning of await checkTimeZones(pool, config)) logger.warn({ event: 'configuration' }, warning)
    if (!config.autoMigrate) return assertSchemaIsCurrent(pool)
    const { note } = await prepareDatabase(config, url)
    if (note !== null) logger.info({ event: 'roles' }, note)
  })
  await persist(service, 'Postgres', () => recordReportTimeZone(pool, config.reportTimeZone))
  const numberKeys = await persist(service, 'Postgres', () => openNumberKeys(config, database))
  const openBook = (fingerprint: string) =>
    persist(service, 'Postgres', () => openReadBudget(url, fingerprint))
  const run = async (open: OpenAllo) => {
    const redisUrl = config.redisUrl?.value() ?? null
    const onError = (error: Error) => logger.debug({ event: 'jobs_error' }, error.message)
    const jobs = await persist(service, 'the jobs', async () => {
      if (redisUrl === null) tellConcerns(await inspectJobsInPostgres(url), logger)
      return openJobBackend({ redisUrl, databaseUrl: url }, onError)
    })
    const choice = {
      users: [],
      only: config.onlyTeammates,
      except: config.exceptTeammates,
      includeBlocked: config.includeBlocked,
    }
    const leases = createLeaseKeeper(pool)
    const credentials = trackCredentials((reason) =>
      reason === null
        ? logger.info({ event: 'credentials_accepted' }, 'Allo accepts the key again')
        : logger.error({ event: 'credentials_refused' }, reason),
    )
    const cadence = () => cadenceOf(config.schedule, config.freshnessSloMs, new Date())
    const context = {
      ...open,
      pool,
      numberKeys,
      leases,
      choice,
      cadence,
      logger,
      version,
      credentials,
      metrics,
    }
    const worker = await persist(service, 'the jobs', () =>
      startWorker(context, jobs, {
        schedule: config.schedule,
        readingsAtOnce: config.concurrency === 'auto' ? READINGS_AT_ONCE : config.concurrency,
        shutdownTimeoutMs: config.shutdownTimeoutMs * SHARE_FOR_JOBS,
      }),
    )
    workings.worker = { jobs, ...worker, credentials, readsPerSecond: open.readsPerSecond }
    http.refresh()
    logger.info(
      { event: 'worker_started', version, jobs: jobs.kind, database: kindOf(database) },
      `jobs are kept in ${backendNames[jobs.kind]}`,
    )
    if (redisUrl !== null) await lookAtRedis(redisUrl, logger)
    const backfilling = nameNumbers(service, database, numberKeys)
    const alerts = startAlerts({ ...config, ...context, pool: watchPool, webhook })
    const everyMs = lookEveryMs(config.schedule, config.freshnessSloMs)
    const quality = startQualityChecks({ ...context, lookEveryMs: everyMs, onChecked: alerts.look })
    const retention = startRetention({ ...config, ...context })
    await untilAborted(signal)
    await Promise.all([worker.stop(), alerts.stop(), quality.stop(), retention.stop(), backfilling])
    workings.worker = null
    http.refresh()
    await jobs.close()
  }
  const watchPool = openPool(url, { max: 3, name: 'watch' })
  workings.database = { pool: watchPool, probe: createDatabaseProbe(url), kind: kindOf(database) }
  try {
    await withAllo(config, openBook, run, { onAnswer: metrics.answered })
  } finally {
    workings.waitingFor = 'its end: the worker is stopping'
    workings.database = null
    await watchPool.end()
  }
}

/** Beside the passes, since it may take a while; what fails is tried again at the next start. */
async function nameNumbers(
  { logger, signal }: Service,
  { pool }: OpenDatabase,
  numberKeys: NumberKeys | null,
): Promise<void> {
  if (numberKeys === null) {
    const message = 'NUMBER_KEY is not set: number_key stays empty, and no number can be suppressed'
    return logger.info({ event: 'no_number_key' }, message)
  }
  try {
    const entries = await backfillNumberKeys(pool, numberKeys, signal)
    if (entries > 0)
      logger.info({ event: 'number_keys_filled', entries }, 'older entries got their number key')
  } catch (error) {
    const reason = messageOf(error)
    logger.warn({ event: 'number_keys_failed' }, `older entries have no number key yet: ${reason}`)
  }
}

/** Nothing that keeps the worker from working; unreachable is told elsewhere, again and again. */
async function lookAtRedis(redisUrl: string, logger: Logger): Promise<void> {
  try {
    tellConcerns(await inspectRedis(redisUrl), logger)
  } catch (error) {
    const reason = messageOf(error)
    logger.debug({ event: 'jobs_error' }, `could not look at where jobs are kept: ${reason}`)
  }
}

function tellConcerns({ concerns }: JobsReport, logger: Logger): void {
  for (const concern of concerns) logger.warn({ event: 'jobs_concern' }, concern)
}

function kindOf({ isEmbedded }: OpenDatabase): 'embedded' | 'own' {
  return isEmbedded ? 'embedded' : 'own'
}

function openWebhook({ alertWebhookUrl, proxy }: ConfigWithKey): Webhook | null {
  const userAgent = `allo-queue-mirror/${version}`
  return alertWebhookUrl === null ? null : createWebhook(alertWebhookUrl, proxy(), { userAgent })
}

/** Whatever still hangs on something that is gone: what was being read is taken over all the same. */
function leaveInTime(shutdownTimeoutMs: number, logger: Logger): void {
  setTimeout(() => {
    const what = longestWait()
    const message = `worker stopped without waiting any longer${what === null ? '' : ` for ${what}`}`
    logger.warn({ event: 'worker_stopped' }, message)
    process.exit(exitCodes.ok)
  }, shutdownTimeoutMs * 0.95).unref()
}

/** Tries again while trying again can help, and says what it waits for. */
async function persist<T>(
  { signal, logger, workings }: Pick<Service, 'signal' | 'logger' | 'workings'>,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  workings.waitingFor = what
  workings.waitingBecause = null
  for (let waitMs = 500; ; waitMs = Math.min(waitMs * 2, 10_000)) {
    try {
      const done = await work()
      workings.waitingBecause = null
      return done
    } catch (thrown) {
      const error = toMirrorError(thrown)
      if (!error.retryable || signal.aborted) throw thrown
      workings.waitingBecause = error.message
      logger.warn({ event: 'waiting', for: what }, `waiting for ${what}: ${error.message}`)
      await sleep(waitMs, undefined, { signal })
    }
  }
}
