import { eraseNumbers } from '../store/reading/erase-numbers.ts'
import { replaceCallIds } from './call-ids.ts'
import { forQueuesWithStays, isOver, type RetentionRun } from './retention-run.ts'

/**
 * Erases the numbers that left before then, or whose queue ended or could be observed no longer. Their stays remain,
 * under the same number key: a pseudonym. Returns how many stays lost their number.
 */
export function retainNumbers(run: RetentionRun, before: string): Promise<number> {
  // With a key, one that could not be named just now waits for tomorrow: later nobody could.
  const isNamed = run.numberKeys === null ? 'true' : 'e.number_key is not null'
  const due = `e.number_to is not null and ${isOver} and ${isNamed}`
  return forQueuesWithStays(run, { due, before, doing: 'erasing old numbers' }, async (client, stays) => {
    await replaceCallIds(client, stays, run.numberKeys)
    await eraseNumbers(client, stays, null)
  })
}
