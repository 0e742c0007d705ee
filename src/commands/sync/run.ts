/** `sync`: runs one pass now. Progress goes to stderr, the result to stdout. */
import { type Config, type ConfigWithKey, readConfig, secretsOfEnvironment } from '../../config/config.ts'
import { type ExitCode, exitCodes } from '../../errors.ts'
import { choiceOf } from '../../pass/choose-teammates.ts'
import { runInProcess, type SyncObserver, type SyncResult } from '../../pass/run-in-process.ts'
import { backfillNumberKeys } from '../../personal-data/backfill.ts'
import { openNumberKeys } from '../../personal-data/open-number-keys.ts'
import type { NumberKeys } from '../../snapshot/number-key.ts'
import { assertSchemaIsCurrent } from '../../store/migrate/migrate.ts'
import { openReadBudget } from '../../store/pass/read-budget.ts'
import { recordReportTimeZone, recordSpeedToLead } from '../../store/queries/settings.ts'
import { withInterruption } from '../../terminal/interruption.ts'
import { print, printError, printJson } from '../../terminal/output.ts'
import { createProgress, isAtLeast, type Progress } from '../../terminal/progress.ts'
import { version } from '../../version.ts'
import { cadenceOf } from '../../worker/freshness.ts'
import { type OpenAllo, withAllo } from '../open/allo.ts'
import { checkTimeZones } from '../open/check-time-zones.ts'
import { asKnownError, withDatabase } from '../open/database.ts'
import { prepareDatabase } from '../open/prepare-database.ts'
import { toFailedJson, toJson, toSentence } from './result.ts'

export interface SyncArguments {
  readonly json: boolean
  readonly dryRun: boolean
  readonly users: readonly string[]
}

/** Prints the result, then throws the error that stopped the pass. With `--json` there is always a result on stdout. */
export async function runSync(args: SyncArguments): Promise<ExitCode> {
  const startedAt = performance.now()
  let result: SyncResult
  let config: ConfigWithKey
  try {
    config = readConfig({ needsApiKey: true })
    result = await onePass(config, args)
  } catch (error) {
    const durationMs = performance.now() - startedAt
    if (args.json) printJson(toFailedJson(error, args.dryRun, durationMs), secretsOfEnvironment())
    throw error
  }
  const sentence = toSentence(result, args.dryRun)
  if (args.json) printJson(toJson(result, args.dryRun), config.secrets())
  else if (config.logLevel !== 'silent') print(sentence)
  if (args.json && isAtLeast(config.logLevel, 'info')) printError(sentence)
  const failure = result.stoppedBy ?? result.bug
  if (failure !== null) throw failure
  if (result.status === 'ok') return exitCodes.ok
  const { failures } = toJson(result, args.dryRun)
  if (isAtLeast(config.logLevel, 'error')) {
    printError(
      `${failures.length} of ${result.teammates} teammates could not be read; their data stay as they were. Try again.`,
    )
  }
  return exitCodes.tryAgain
}

async function onePass(config: ConfigWithKey, args: SyncArguments): Promise<SyncResult> {
  const progress = createProgress(process.stderr, config.logLevel)
  const onFirst = () => progress.warn('Stopping. A second signal stops at once.')
  try {
    for (const warning of config.warnings) progress.warn(warning)
    return await withInterruption((signal) => openAndSync(config, args, progress, signal), { onFirst })
  } finally {
    progress.stop()
  }
}

/** Opens the database and the API, runs one pass, and closes them. `progress` shows or collects what happens. */
export async function openAndSync(
  config: ConfigWithKey,
  { dryRun, users }: Omit<SyncArguments, 'json'>,
  progress: Omit<Progress, 'stop'>,
  signal: AbortSignal,
): Promise<SyncResult> {
  if (config.databaseUrl === null) progress.step(`Starting the embedded Postgres in ${config.dataDir}`)
  return withDatabase(
    config,
    async ({ url, pool, isEmbedded }) => {
      for (const warning of await checkTimeZones(pool, config)) progress.warn(warning)
      if (config.autoMigrate && !dryRun) await prepareDatabase(config, url)
      else await assertSchemaIsCurrent(pool)
      if (!dryRun) {
        await recordReportTimeZone(pool, config.reportTimeZone)
        await recordSpeedToLead(pool, config)
      }
      const numberKeys = await openNumberKeys(config, { pool, isEmbedded }, { mayWrite: !dryRun })
      if (numberKeys !== null && !dryRun) await backfillNumberKeys(pool, numberKeys, signal)
      const openBudget = (fingerprint: string) => openReadBudget(url, fingerprint)
      return withAllo(config, openBudget, async (open) => {
        progress.watch(open)
        const result = await syncOnce(config, {
          pool,
          numberKeys,
          open,
          observer: progress,
          users,
          dryRun,
          signal,
        })
        for (const { where, what } of open.surprises.all()) {
          progress.warn(`New in the API: ${where}: ${what}.`)
        }
        return { ...result, stoppedBy: asKnownError(result.stoppedBy) }
      })
    },
    { mayCreate: !dryRun, signal },
  )
}

/** Runs one pass with open connections. The demo runs several. */
export function syncOnce(
  config: Config,
  run: {
    readonly pool: Parameters<typeof runInProcess>[0]['pool']
    readonly numberKeys: NumberKeys | null
    readonly open: OpenAllo
    readonly observer: SyncObserver
    readonly users?: readonly string[]
    readonly dryRun?: boolean
    readonly signal?: AbortSignal
  },
): Promise<SyncResult> {
  const { pool, numberKeys, open, observer, users = [], dryRun = false, signal } = run
  return runInProcess(
    { pool, numberKeys, observer, version, ...open },
    {
      ...choiceOf(config, users),
      trigger: 'manual',
      dryRun,
      cadence: cadenceOf(config.schedule, config.freshnessSloMs, new Date()),
      signal,
    },
  )
}
