/**
 * Some worker of the team checks the data: after the first pass, then every hour, and sooner while something is wrong,
 * so that it is soon known to be mended. Nothing is checked again that no pass has touched since.
 */

import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import { saveResults } from '../quality/results.ts'
import { failsBadly, runChecks } from '../quality/run-checks.ts'
import { ask, type Pool } from '../store/postgres/database.ts'
import { claimTask, finishTask } from '../store/postgres/maintenance.ts'
import { teamOnRecord } from '../store/queries/status.ts'
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
  const claim = await claimTask(pool, teamId, 'check', everySeconds)
  if (claim === null) return
  try {
    const report = await runChecks(pool, teamId, signal)
    await saveResults(pool, teamId, report)
    const failed = report.results.filter(({ status }) => status === 'failed')
    const names = failed.map(({ name }) => name)
    const summary = `${report.results.length} checks, ${failed.length} failed`
    await finishTask(pool, claim, { summary })
    logger.info({ event: 'data_checked', failed: names }, summary)
    for (const { name, sentence } of failed.filter(failsBadly))
      logger.error({ event: 'data_doubted', check: name }, sentence)
  } catch (error) {
    // Left unfinished, it is taken up by another worker.
    signal.throwIfAborted()
    await finishTask(pool, claim, { error: messageOf(error) })
    throw error
  }
  await onChecked()
}

/** Null: there is nothing (new) to look at. */
async function secondsBetween(pool: Pool, teamId: string): Promise<number | null> {
  const { rows } = await ask<{ is_new: boolean; is_wrong: boolean }>(
    pool,
    'looking whether to check',
    `select exists (select from allo.sync_passes where team_id = $1 and status in ('ok', 'partial'))
         and last.finished_at > coalesce((select started_at from allo.maintenance where team_id = $1 and task = 'check'), '-infinity')
         as is_new,
       exists (select from allo.quality_results where team_id = $1 and severity = 'error' and status = 'failed') as is_wrong
     from (select finished_at from allo.sync_passes where team_id = $1 and finished_at is not null
           order by started_at desc limit 1) last`,
    [teamId],
  )
  const [due] = rows
  if (due === undefined || !due.is_new) return null
  return due.is_wrong ? AGAIN_AFTER_SECONDS : EVERY_SECONDS
}
