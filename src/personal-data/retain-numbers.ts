import { sql } from 'drizzle-orm'
import { eraseNumbers } from '../store/reading/erase-numbers.ts'
import { replaceCallIds } from './call-ids.ts'
import { e, forQueuesWithEntries, type RetentionRun, wasOverBefore } from './retention-run.ts'

/**
 * Erases numbers that were removed before `before`, or whose queue ended or became unobservable before. Their entries
 * stay under the same number key, a pseudonym. Returns the number of entries.
 */
export function retainNumbers(run: RetentionRun, before: string): Promise<number> {
  // With a NUMBER_KEY, an entry without a number key waits for the next run, because it could not be computed later.
  const isNamed = run.numberKeys === null ? sql`true` : sql`${e.numberKey} is not null`
  const due = sql`${e.numberTo} is not null and ${wasOverBefore(before)} and ${isNamed}`
  return forQueuesWithEntries(run, { due, doing: 'erasing old numbers' }, async (client, entries) => {
    await replaceCallIds(client, entries, run.numberKeys)
    await eraseNumbers(client, entries, null)
  })
}
