import type { QueueNumber } from '../allo/types.ts'
import type { NumberKeys } from './number-key.ts'

/**
 * The numbers of a queue as they may be kept: one that is suppressed stays in its place and with what became of it,
 * but without the number, and without fields that could hold it. To be asked before anything is compared or digested,
 * so that a suppressed number is the same at every reading. The same array when there is nothing to conceal.
 */
export function conceal(
  numbers: readonly QueueNumber[],
  suppressed: ReadonlySet<string>,
  numberKeys: NumberKeys,
): readonly QueueNumber[] {
  if (suppressed.size === 0) return numbers
  let isAny = false
  const kept = numbers.map((number) => {
    const key = numberKeys.keyOf(number.numberTo)
    if (key === null || !suppressed.has(key)) return number
    isAny = true
    return { ...number, numberTo: null, extra: null }
  })
  return isAny ? kept : numbers
}
