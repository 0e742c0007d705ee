/** `check`: runs every data check. Changes nothing; does not replace the results that a worker stored. */
import { z } from 'zod'
import { readConfig } from '../../config/config.ts'
import { type ExitCode, exitCodes } from '../../errors.ts'
import type { Output } from '../../json-output.ts'
import { mask } from '../../logger.ts'
import type { CheckResult } from '../../quality/check.ts'
import { failsBadly, qualityReportSchema, type RunOptions, runChecks } from '../../quality/run-checks.ts'
import { assertSchemaIsReadable } from '../../store/migrate/migrate.ts'
import { allTeams, teamSchema } from '../../store/pass/teammates.ts'
import type { Pool } from '../../store/postgres/database.ts'
import { print, printJson } from '../../terminal/output.ts'
import { createProgress } from '../../terminal/progress.ts'
import { counted } from '../../text/counted.ts'
import { printable } from '../../text/printable.ts'
import { withDatabase } from '../open/database.ts'

const teamReportSchema = z.object({ team: teamSchema, ...qualityReportSchema.shape })

type TeamReport = Output<typeof teamReportSchema>

export const checkSchema = z
  .object({ teams: z.array(teamReportSchema).describe('Empty before the first pass.') })
  .describe('What the checks of the data found, for each team in the database.')

interface CheckOptions {
  readonly json: boolean
  /** Also run the deep checks, with their progress on stderr if that is a terminal. */
  readonly deep: boolean
}

/** Returns the exit code `data` if a check of severity error failed. Warnings and notes are only printed. */
export async function runCheck({ json, deep }: CheckOptions): Promise<ExitCode> {
  const config = readConfig({ needsApiKey: false })
  const progress = deep && process.stderr.isTTY ? createProgress(process.stderr, config.logLevel) : null
  const onDone = (done: number) => progress?.step(`Comparing history: ${Math.floor(done * 100)} %`)
  const reports = await withDatabase(config, ({ pool }) => checkAll(pool, deep ? { deep: onDone } : {}), {
    name: 'check',
    mayCreate: false,
  }).finally(() => progress?.stop())
  if (json) printJson({ teams: reports } satisfies Output<typeof checkSchema>, config.secrets())
  else if (config.logLevel !== 'silent') print(mask(toScreen(reports).join('\n'), config.secrets()))
  const isBad = reports.some(({ results }) => results.some(failsBadly))
  return isBad ? exitCodes.data : exitCodes.ok
}

async function checkAll(pool: Pool, options: RunOptions): Promise<TeamReport[]> {
  await assertSchemaIsReadable(pool)
  const reports: TeamReport[] = []
  for (const team of await allTeams(pool)) {
    reports.push({ team, ...(await runChecks(pool, team.teamId, options)) })
  }
  return reports
}

function toScreen(reports: readonly TeamReport[]): string[] {
  if (reports.length === 0) return ['There are no data yet: no pass has named a team.']
  return reports.flatMap(({ team, results }) => [
    `${printable(team.name ?? 'Without a name')} (${printable(team.teamId)})`,
    ...results.map(
      (result) => `  ${signOf(result)} ${result.name.padEnd(24)}  ${printable(result.sentence)}`,
    ),
    summaryOf(results),
  ])
}

function signOf({ status, severity }: CheckResult): string {
  if (status !== 'failed') return status === 'passed' ? '✓' : '–'
  return { error: '✗', warn: '!', note: 'i' }[severity]
}

function summaryOf(results: readonly CheckResult[]): string {
  const failed = results.filter(({ status }) => status === 'failed')
  const bad = failed.filter(failsBadly).length
  const warnings = failed.filter(({ severity }) => severity === 'warn').length
  const also = warnings > 0 ? `, ${counted(warnings, 'warning')} (!)` : ''
  if (bad === 0) return `Nothing is wrong${also}.`
  return `${bad} of ${results.length} checks failed (✗)${also}: do not trust the data until this is fixed.`
}
