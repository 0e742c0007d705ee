/**
 * The service until its signal is aborted. It opens what it works with in this order, and waits for each as long as a
 * retry can help: pages and the watch of Postgres, Postgres, the read budget, the job backend; then the chores.
 */
import type { Logger } from 'pino'
import type { ConfigWithKey } from '../../config/config.ts'
import { messageOf } from '../../errors.ts'
import { startHttp } from '../../http/server.ts'
import { mask } from '../../logger.ts'
import { choiceOf } from '../../pass/choose-teammates.ts'
import { createLeaseKeeper } from '../../pass/leases.ts'
import { followSideEffects } from '../../pass/side-effects.ts'
import { openNumberKeys } from '../../personal-data/open-number-keys.ts'
import type { NumberKeys } from '../../snapshot/number-key.ts'
import { assertSchemaIsCurrent } from '../../store/migrate/migrate.ts'
import { keyFingerprint, openReadBudget } from '../../store/pass/read-budget.ts'
import { openPool, type Pool } from '../../store/postgres/database.ts'
import { createDatabaseProbe } from '../../store/postgres/probe.ts'
import { reachDatabase } from '../../store/postgres/reach-database.ts'
import {
  recordConversionTags,
  recordReportTimeZone,
  recordSpeedToLead,
} from '../../store/queries/settings.ts'
import { untilAborted } from '../../terminal/interruption.ts'
import { version } from '../../version.ts'
import { within } from '../../waiting.ts'
import { checkEveryMs, createAlerts } from '../../worker/alerts.ts'
import { type Chore, withChores } from '../../worker/chore.ts'
import type { WorkerContext } from '../../worker/context.ts'
import { trackCredentials } from '../../worker/credentials.ts'
import { createDatabaseWatch, type DatabaseState } from '../../worker/database-watch.ts'
import { createFailureLog } from '../../worker/failure-log.ts'
import { cadenceOf, secondsToNextRun } from '../../worker/freshness.ts'
import { createMetrics } from '../../worker/metrics.ts'
import { createNumberKeyBackfill } from '../../worker/number-key-backfill.ts'
import { createQualityChecks } from '../../worker/quality.ts'
import { createRetention } from '../../worker/retention.ts'
import { createWebhook, type Webhook } from '../../worker/webhook.ts'
import type { WorkerState } from '../../worker/worker-state.ts'
import { type OpenAllo, withAllo } from '../open/allo.ts'
import { checkTimeZones } from '../open/check-time-zones.ts'
import { type OpenDatabase, withDatabase } from '../open/database.ts'
import { prepareDatabase } from '../open/prepare-database.ts'
import { openTracing } from './open-tracing.ts'
import { createPassesChore, openJobs } from './passes.ts'
import { retryStart } from './retry-start.ts'
import type { Service } from './service-context.ts'

/** Of a probe of Postgres; a slower one could not carry a pass. */
const DATABASE_DEADLINE_MS = 5000

export async function runService(
  config: ConfigWithKey,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  const metrics = createMetrics()
  const state: WorkerState = {
    waitingFor: 'Postgres',
    waitingBecause: null,
    database: null,
    worker: null,
    looks: null,
  }
  const tracing = config.otlpEndpoint === null ? null : await openTracing(config.otlpEndpoint)
  const webhook = openWebhook(config)
  const pages = createPages({ config, state, metrics, logger })
  const service = { config, logger, signal, metrics, state, refreshPages: pages.refresh, webhook }
  const watch = createDatabaseWatch({
    ask: () => stateOfDatabase(state),
    webhook,
    metrics,
    logger,
    version,
    mask: (text) => mask(text, config.secrets()),
  })
  try {
    await withChores([pages, watch], () =>
      withDatabase(config, (database) => serve(service, database), {
        name: 'worker',
        signal,
        reach: (pool, url) => retryStart(service, 'Postgres', () => reachDatabase(pool, url)),
      }),
    )
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await webhook?.close()
    await tracing?.close()
  }
}

async function serve(service: Service, database: OpenDatabase): Promise<void> {
  const { config, state, metrics } = service
  const { url, isEmbedded } = database
  const numberKeys = await prepare(service, database)
  const watchPool = openPool(url, { max: 3, name: 'watch' })
  const kind = isEmbedded ? 'embedded' : 'own'
  state.database = { pool: watchPool, probe: createDatabaseProbe(url), kind }
  const openBudget = (fingerprint: string) =>
    retryStart(service, 'Postgres', () => openReadBudget(url, fingerprint))
  try {
    const run = (open: OpenAllo) => work(service, { database, watchPool, numberKeys, open })
    await withAllo(config, openBudget, run, {
      onAnswer: (status) => metrics.count({ type: 'answered', status }),
    })
  } finally {
    state.waitingFor = 'its end: the worker is stopping'
    state.database = null
    await watchPool.end()
  }
}

/** The database in the form this version needs, and its number keys. */
async function prepare(service: Service, database: OpenDatabase): Promise<NumberKeys | null> {
  const { config, logger } = service
  const { url, pool } = database
  await retryStart(service, 'Postgres', async () => {
    for (const warning of await checkTimeZones(pool, config)) logger.warn({ event: 'configuration' }, warning)
    if (!config.autoMigrate) return assertSchemaIsCurrent(pool)
    const { note } = await prepareDatabase(config, url)
    if (note !== null) logger.info({ event: 'roles' }, note)
  })
  await retryStart(service, 'Postgres', () => recordReportTimeZone(pool, config.reportTimeZone))
  await retryStart(service, 'Postgres', () => recordConversionTags(pool, config.conversionTags))
  await retryStart(service, 'Postgres', () => recordSpeedToLead(pool, config))
  return retryStart(service, 'Postgres', () => openNumberKeys(config, database))
}

interface Opened {
  readonly database: OpenDatabase
  readonly watchPool: Pool
  readonly numberKeys: NumberKeys | null
  readonly open: OpenAllo
}

/** All chores of a worker: to add one, add it here. */
async function work(service: Service, opened: Opened): Promise<void> {
  const { config, signal, webhook } = service
  const { database, watchPool } = opened
  const jobs = await openJobs(service, database.url)
  const context = contextOf(service, opened)
  const alerts = createAlerts({ ...config, ...context, pool: watchPool, webhook })
  const chores: readonly Chore[] = [
    createPassesChore(service, { ...opened, context, jobs }),
    createNumberKeyBackfill({ ...context, signal }),
    alerts,
    createQualityChecks({
      ...context,
      everyMs: checkEveryMs(config.schedule, config.freshnessSloMs),
      onChecked: alerts.runNow,
    }),
    createRetention({ ...config, ...context }),
  ]
  await withChores(chores, () => untilAborted(signal))
  await jobs.close()
}

function contextOf(
  { config, logger, metrics }: Service,
  { database, numberKeys, open }: Opened,
): WorkerContext {
  return {
    ...open,
    pool: database.pool,
    numberKeys,
    leases: createLeaseKeeper(database.pool),
    choice: choiceOf(config, []),
    cadence: () => cadenceOf(config.schedule, config.freshnessSloMs, new Date()),
    sideEffects: followSideEffects(open),
    secondsToNextRun: () => secondsToNextRun(config.schedule, new Date()),
    logger,
    version,
    failures: createFailureLog(logger),
    credentials: trackCredentials((reason) =>
      reason === null
        ? logger.info({ event: 'credentials_accepted' }, 'Allo accepts the key again')
        : logger.error({ event: 'credentials_refused' }, reason),
    ),
    metrics,
  }
}

function createPages({
  config,
  ...rest
}: Pick<Service, 'config' | 'state' | 'metrics' | 'logger'>): Chore & { refresh(): void } {
  let http: Awaited<ReturnType<typeof startHttp>> | null = null
  return {
    async start() {
      const fingerprint = keyFingerprint(config.apiKey.value())
      http = await startHttp({
        ...rest,
        config,
        keyFingerprint: fingerprint,
        version,
        secrets: config.secrets,
      })
    },
    refresh: () => http?.refresh(),
    stop: async () => http?.stop(),
  }
}

function openWebhook({ alertWebhookUrl, proxy }: ConfigWithKey): Webhook | null {
  const userAgent = `allo-queue-mirror/${version}`
  return alertWebhookUrl === null ? null : createWebhook(alertWebhookUrl, proxy(), { userAgent })
}

/** Before Postgres is open, the error of the last try to open it. */
async function stateOfDatabase({
  database,
  waitingFor,
  waitingBecause,
}: WorkerState): Promise<DatabaseState> {
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
