/**
 * `doctor`: runs every check, even if earlier ones failed. Creates no schema and no data folder, and writes no row
 * except reservations of an existing read budget.
 */

import {
  type Config,
  ConfigError,
  type ConfigWithKey,
  type Problem,
  readConfig,
  secretsOfEnvironment,
} from '../../config/config.ts'
import { connectionsInClear } from '../../config/plaintext.ts'
import { ourNames } from '../../config/variables.ts'
import { inspectEmbeddedPostgres } from '../../embedded/postgres.ts'
import type { ExitCode } from '../../errors.ts'
import { placeOf } from '../../store/postgres/reach-database.ts'
import { withInterruption } from '../../terminal/interruption.ts'
import { print } from '../../terminal/output.ts'
import { embeddedFolder, type OpenDatabase, withDatabase } from '../open/database.ts'
import { checkAllo } from './allo.ts'
import { checkDatabase } from './database.ts'
import { checkJobs } from './jobs.ts'
import { checkPort, whyNoFolder } from './machine.ts'
import { createReport, type Report, type Subject } from './report.ts'
import { explainWebhooks } from './webhooks.ts'

export async function runDoctor(): Promise<ExitCode> {
  const report = createReport((line) => print(line), secretsOfEnvironment())
  return withInterruption(async (signal) => {
    const { config, problems } = readValidSettings()
    report.section('Configuration')
    for (const { variable, problem } of problems) report.about('setting').wrong(`${variable}: ${problem}`)
    for (const warning of config === null ? [] : [...config.warnings, ...connectionsInClear(config)])
      report.about('setting').warning(warning)
    if (config === null) {
      report.about('all others').skipped('they need a valid configuration')
      return report.finish()
    }
    if (problems.length === 0) report.about('settings').right('valid')

    await withDatabaseChecked(report, config, problems, signal, async (database) => {
      report.section(`Allo (${config.apiUrl})`)
      const blocking = [
        'ALLO_API_KEY',
        'ALLO_API_URL',
        'ALLO_AUTH_SCHEME',
        'HTTPS_PROXY',
        'HTTP_PROXY',
      ].filter((name) => concerns(problems, name))
      if (hasKey(config) && blocking.length === 0) await checkAllo(report, config, database, signal)
      else report.about('key').skipped(`not tried: correct ${blocking.join(', ')} first`)
      if (!concerns(problems, 'REDIS_URL')) await checkJobs(report, config, database)
      await checkPort(report, config.http)
      explainWebhooks(report, config.http)
    })
    return report.finish()
  })
}

/** Checks the database and calls `next` while it is open; with null if it could not be opened. */
async function withDatabaseChecked(
  report: Report,
  config: Config,
  problems: readonly Problem[],
  signal: AbortSignal,
  next: (database: OpenDatabase | null) => Promise<void>,
): Promise<void> {
  if (concerns(problems, 'DATABASE_URL')) {
    report.section('Database')
    report.about('Postgres').skipped('not tried: correct DATABASE_URL first')
    return next(null)
  }
  const url = config.databaseUrl?.value()
  report.section(`Database (${url === undefined ? 'embedded' : placeOf(url)})`)
  if (url === undefined && !(await hasEmbeddedData(report.about('data folder'), config))) return next(null)

  let isOpen = false
  await report.check('Postgres', () =>
    withDatabase(
      config,
      async (database) => {
        isOpen = true
        await checkDatabase(report, database, config)
        await next(database)
      },
      { mayCreate: false, name: 'doctor', signal },
    ),
  )
  if (!isOpen) await next(null)
}

async function hasEmbeddedData({ right, wrong }: Subject, config: Config): Promise<boolean> {
  const folder = embeddedFolder(config)
  const { state, version, detail = '' } = await inspectEmbeddedPostgres(folder)
  if (state === 'running' || state === 'stopped') {
    right(`Postgres ${version}, ${state}: ${detail}\nport and password: connection.json in that folder`)
    return true
  }
  const why = state === 'foreign' ? null : await whyNoFolder(folder)
  if (why !== null) {
    const wayOut = 'Set DATA_DIR to another folder, or DATABASE_URL.'
    wrong(`${folder} can't be created: ${why}. ${wayOut}`)
    return false
  }
  if (state === 'absent') {
    if (config.autoMigrate) right(`no data yet; the first sync creates them in ${folder}`)
    else wrong(`no data yet, and AUTO_MIGRATE=false: run migrate. Folder: ${folder}`)
    return false
  }
  const foreign = `${folder} contains other files. Set DATA_DIR to a new folder, or set DATABASE_URL.`
  wrong(state === 'foreign' ? foreign : detail)
  return false
}

/** The configuration without its invalid settings, so that the rest can be checked. Null: `.env` can't be read. */
function readValidSettings(): { config: Config | null; problems: readonly Problem[] } {
  try {
    return { config: readConfig({ needsApiKey: true }), problems: [] }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const { problems } = error
    const without = [...ourNames].filter((name) => concerns(problems, name.replace(/_FILE$/, '')))
    try {
      return { config: readConfig({ needsApiKey: false, without }), problems }
    } catch (stillWrong) {
      if (stillWrong instanceof ConfigError) return { config: null, problems }
      throw stillWrong
    }
  }
}

/** A value can come from NAME or from the file that NAME_FILE names. */
function concerns(problems: readonly Problem[], name: string): boolean {
  return problems.some(({ variable }) => variable === name || variable === `${name}_FILE`)
}

function hasKey(config: Config): config is ConfigWithKey {
  return config.apiKey !== null
}
