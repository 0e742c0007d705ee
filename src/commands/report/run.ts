/** `report`: writes the worker's report page to one file, of which no link leads elsewhere. */
import { randomBytes } from 'node:crypto'
import { rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readConfig } from '../../config/config.ts'
import { type ExitCode, exitCodes, UsageError } from '../../errors.ts'
import { mask } from '../../logger.ts'
import { readReportFilters } from '../../report/filters.ts'
import { reportPage } from '../../report/page/page.ts'
import { takeReport } from '../../report/report.ts'
import { assertSchemaIsReadable } from '../../store/migrate/migrate.ts'
import { allTeams } from '../../store/pass/teammates.ts'
import type { Pool } from '../../store/postgres/database.ts'
import { printError } from '../../terminal/output.ts'
import { explainSystemError, reasonInWords } from '../../text/system-error.ts'
import { version } from '../../version.ts'
import { checkStoredTimeZone } from '../open/check-time-zones.ts'
import { withDatabase } from '../open/database.ts'

export interface ReportOptions {
  /** `-`: stdout. */
  readonly out: string
  readonly team?: string
  readonly teammate?: string
  readonly queue?: string
  readonly days?: string
  readonly period?: string
  readonly from?: string
  readonly to?: string
}

const STATEMENT_TIMEOUT_MS = 60_000

export async function runReport(options: ReportOptions): Promise<ExitCode> {
  const config = readConfig({ needsApiKey: false })
  const page = await withDatabase(config, ({ pool }) => makePage(pool, options), {
    name: 'report',
    mayCreate: false,
  })
  if (options.out === '-') {
    process.stdout.write(page)
    return exitCodes.ok
  }
  await writeWhole(options.out, page)
  if (config.logLevel !== 'silent') printError(`Wrote ${options.out}.`)
  return exitCodes.ok
}

async function makePage(pool: Pool, options: ReportOptions): Promise<string> {
  await assertSchemaIsReadable(pool)
  await checkStoredTimeZone(pool)
  const { out: _, team, ...asked } = options
  const filters = readReportFilters(asked)
  const teamId = await chosenTeam(pool, team)
  const report = await takeReport(pool, { teamId, filters, statementTimeoutMs: STATEMENT_TIMEOUT_MS })
  return mask(reportPage(report, { links: null, version }), [])
}

async function chosenTeam(pool: Pool, asked: string | undefined): Promise<string> {
  const known = (await allTeams(pool)).map(({ teamId }) => teamId)
  const [only] = known
  if (only === undefined) throw new UsageError('There are no data yet: no pass has named a team.')
  if (asked === undefined && known.length === 1) return only
  if (asked !== undefined && known.includes(asked)) return asked
  throw new UsageError(
    `${asked === undefined ? 'There is more than one team' : 'There is no such team'}: use --team with one of ${known.join(', ')}.`,
  )
}

/** Atomic: afterwards the file is complete, or the old file is unchanged. */
async function writeWhole(path: string, text: string): Promise<void> {
  const there = await stat(path).catch(() => null)
  if (there !== null && !there.isFile()) {
    throw new UsageError(`${path} exists and is not a file: name a file, or - for stdout.`)
  }
  // A short name of its own, because a suffix could make the name too long.
  const beside = join(dirname(path), `.report-${randomBytes(4).toString('hex')}.part`)
  try {
    // Employee data: readable only by the current user.
    await writeFile(beside, text, { flag: 'wx', mode: 0o600 })
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined)
    if (explainSystemError(error)?.retryable) throw error
    throw new UsageError(`The report can't be written to ${path}: ${reasonInWords(error)}.`, { cause: error })
  }
}
