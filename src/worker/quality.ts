/**
 * One worker of the team runs the data checks: after the first pass, then every hour. While a check fails, it runs them
 * more often, so that a repair is noticed soon. Without a new pass since the last run, the checks are not run again.
 */

import { type SQL, sql } from 'drizzle-orm'
import type { Logger } from 'pino'
import { saveResults } from '../quality/results.ts'
import { failsBadly, runChecks } from '../quality/run-checks.ts'
import { type Pool, withDatabaseErrors } from '../store/postgres/database.ts'
import { runTask } from '../store/postgres/maintenance.ts'
import { one } from '../store/postgres/query.ts'
import { teamOnRecord } from '../store/queries/status.ts'
import { maintenance, qualityResults, syncPasses } from '../store/schema.ts'
import { type PeriodicChore, periodicChore } from './chore.ts'

export interface QualitySettings {
  readonly pool: Pool
  readonly keyFingerprint: string
  readonly logger: Logger
  readonly everyMs: number
  /** New results are stored. */
  readonly onChecked: () => Promise<void>
}

const EVERY_SECONDS = 3600
const AGAIN_AFTER_SECONDS = 300

export function createQualityChecks(settings: QualitySettings): PeriodicChore {
  const { logger, everyMs } = settings
  return periodicChore(
    everyMs,
    (signal) => checkIfDue(settings, signal),
    (reason) => logger.warn({ event: 'checking_failed' }, `the data could not be checked: ${reason}`),
  )
}

async function checkIfDue(
  { pool, keyFingerprint, logger, onChecked }: QualitySettings,
  signal: AbortSignal,
): Promise<void> {
  const team = await teamOnRecord(pool, keyFingerprint)
  if (team === null) return
  const { teamId } = team
  const everySeconds = await secondsBetween(pool, teamId)
  if (everySeconds === null) return
  const done = await runTask(pool, { teamId, task: 'check', everySeconds, signal }, async () => {
    const report = await runChecks(pool, teamId, { signal })
    await saveResults(pool, teamId, report)
    const failed = report.results.filter(({ status }) => status === 'failed')
    return { failed, summary: `${report.results.length} checks, ${failed.length} failed` }
  })
  if (done === null) return
  logger.info({ event: 'data_checked', failed: done.failed.map(({ name }) => name) }, done.summary)
  for (const { name, sentence } of done.failed.filter(failsBadly))
    logger.error({ event: 'data_doubted', check: name }, sentence)
  await onChecked()
}

/** Null: there is nothing new to check. */
async function secondsBetween(pool: Pool, teamId: string): Promise<number | null> {
  const { isNew, isWrong } = await withDatabaseErrors('looking whether to check', () =>
    one<{ isNew: boolean | null; isWrong: boolean }>(
      pool,
      sql`select ${lastFinished(teamId)} > coalesce(${lastChecked(teamId)}, '-infinity') and exists (
              select from ${syncPasses}
              where ${syncPasses.teamId} = ${teamId} and ${syncPasses.status} in ('ok', 'partial')) as "isNew",
            exists (
              select from ${qualityResults}
              where ${qualityResults.teamId} = ${teamId} and ${qualityResults.severity} = 'error'
                and ${qualityResults.status} = 'failed') as "isWrong"`,
    ),
  )
  if (!isNew) return null
  return isWrong ? AGAIN_AFTER_SECONDS : EVERY_SECONDS
}

/** Null: no pass has finished. */
function lastFinished(teamId: string): SQL {
  return sql`(select ${syncPasses.finishedAt} from ${syncPasses}
    where ${syncPasses.teamId} = ${teamId} and ${syncPasses.finishedAt} is not null
    order by ${syncPasses.startedAt} desc limit 1)`
}

/** Null: the data were never checked. */
function lastChecked(teamId: string): SQL {
  return sql`(select ${maintenance.startedAt} from ${maintenance}
    where ${maintenance.teamId} = ${teamId} and ${maintenance.task} = 'check')`
}
