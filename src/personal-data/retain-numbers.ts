import { eraseNumbers } from '../store/reading/erase-numbers.ts'
import { replaceCallIds } from './call-ids.ts'
import { forQueuesWithStays, isOver, type RetentionRun } from './retention-run.ts'

/**
 * Erases numbers that were removed before `before`, or whose queue ended or became unobservable before. Their entries
 * stay under the same number key, a pseudonym. Returns the number of entries.
 */
export function retainNumbers(run: RetentionRun, before: string): Promise<number> {
  // With a NUMBER_KEY, an entry without a number key waits for the next run, because it could not be computed later.
  const isNamed = run.numberKeys === null ? 'true' : 'e.number_key is not null'
  const due = `e.number_to is not null and ${isOver} and ${isNamed}`
  return forQueuesWithStays(run, { due, before, doing: 'erasing old numbers' }, async (client, stays) => {
    await replaceCallIds(client, stays, run.numberKeys)
    await eraseNumbers(client, stays, null)
  })
}
