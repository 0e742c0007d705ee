/**
 * Erases old data as configured: numbers, then history, then audit rows of readings. Works in short, independent
 * transactions: it may be stopped at any time, and run beside readings and in parallel. Ages use the database's clock.
 */
import { sql } from 'drizzle-orm'
import { type Pool, withDatabaseErrors } from '../store/postgres/database.ts'
import { one } from '../store/postgres/query.ts'
import { dials, queueEntries, queueNumbers, queueNumberVersions, queues } from '../store/schema.ts'
import { counted } from '../text/counted.ts'
import { backfillNumberKeys } from './backfill.ts'
import { renewStatistics } from './renew-statistics.ts'
import { retainHistory } from './retain-history.ts'
import { retainNumbers } from './retain-numbers.ts'
import { retainReadings } from './retain-readings.ts'
import type { RetentionRun } from './retention-run.ts'

/** In days; null: for ever. */
export interface Retention {
  /** After a number was removed, or its queue ended. */
  readonly numbersDays: number | null
  /** After an entry, a version of settings or an assignment ended. */
  readonly historyDays: number | null
  readonly readsDays: number
}

/** How many of each were erased or deleted. */
export interface Retained {
  readonly numbers: number
  readonly stays: number
  readonly readings: number
  readonly passes: number
}

export async function retain(run: RetentionRun, retention: Retention): Promise<Retained> {
  const { pool, numberKeys, signal } = run
  const { numbersDays, historyDays, readsDays } = retention
  if (numbersDays !== null && numberKeys !== null) await backfillNumberKeys(pool, numberKeys, signal)
  const erased = {
    numbers: numbersDays === null ? 0 : await retainNumbers(run, await daysAgo(pool, numbersDays)),
    stays: historyDays === null ? 0 : await retainHistory(run, await daysAgo(pool, historyDays)),
  }
  if (erased.numbers + erased.stays > 0) {
    await renewStatistics(pool, [queues, queueEntries, queueNumbers, queueNumberVersions, dials])
  }
  return { ...erased, ...(await retainReadings(run, await daysAgo(pool, readsDays))) }
}

export function retainedInWords({ numbers, stays, readings, passes }: Retained): string {
  return `erased ${counted(numbers, 'number')}; deleted ${counted(stays, 'entry', 'entries')}, ${counted(readings, 'reading')} and ${counted(passes, 'pass', 'passes')}`
}

async function daysAgo(pool: Pool, days: number): Promise<string> {
  const { at } = await withDatabaseErrors('asking the time', () =>
    one<{ at: string }>(pool, sql`select clock_timestamp() - make_interval(days => ${days}) as at`),
  )
  return at
}
