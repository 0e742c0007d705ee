/**
 * Once a day one worker of the team erases what is older than configured. A failure is logged and recorded, and one of
 * the workers retries within an hour.
 */

import type { Logger } from 'pino'
import { type Retention, retain, retainedInWords } from '../personal-data/retain.ts'
import type { NumberKeys } from '../snapshot/number-key.ts'
import type { Pool } from '../store/postgres/database.ts'
import { runTask } from '../store/postgres/maintenance.ts'
import { teamOnRecord } from '../store/queries/status.ts'
import { type PeriodicChore, periodicChore } from './chore.ts'

export interface RetentionSettings {
  readonly pool: Pool
  readonly keyFingerprint: string
  readonly numberKeys: NumberKeys | null
  readonly retention: Retention
  readonly logger: Logger
}

const DAY_SECONDS = 86_400
const EVERY_MS = 10 * 60_000

/** A stop waits for the current transaction. Another worker erases the rest. */
export function createRetention(settings: RetentionSettings): PeriodicChore {
  const { logger } = settings
  return periodicChore(
    EVERY_MS,
    (signal) => retainIfDue(settings, signal),
    (reason) => logger.warn({ event: 'retain_failed' }, reason),
  )
}

async function retainIfDue(settings: RetentionSettings, signal: AbortSignal): Promise<void> {
  const { pool, keyFingerprint, numberKeys, retention, logger } = settings
  const team = await teamOnRecord(pool, keyFingerprint)
  if (team === null) return
  const { teamId } = team
  const task = { teamId, task: 'retain', everySeconds: DAY_SECONDS, signal } as const
  const done = await runTask(pool, task, async () => {
    const retained = await retain({ pool, teamId, numberKeys, signal }, retention)
    return signal.aborted ? null : { retained, summary: retainedInWords(retained) }
  })
  if (done !== null) logger.info({ event: 'retained', ...done.retained }, done.summary)
}
