import type { QueueNumber } from '../allo/types.ts'
import type { NumberKeys } from './number-key.ts'
import { oneSpelling, readPhoneNumber } from './phone-number.ts'
import { createRedactor } from './redact-number.ts'

/**
 * The numbers of a queue as they may be kept: one that is suppressed stays in its place and with what became of it,
 * but without the number, without unknown fields, and under another call id where that holds the number. To be asked
 * before anything is compared or digested, so that a suppressed number is the same at every reading. The same array
 * when there is nothing to conceal.
 */
export function conceal(
  numbers: readonly QueueNumber[],
  suppressed: ReadonlySet<string>,
  numberKeys: NumberKeys,
): readonly QueueNumber[] {
  if (suppressed.size === 0) return numbers
  let isAny = false
  const kept = numbers.map((number) => {
    const { numberTo, callId } = number
    if (numberTo === null || !suppressionKeys(numberTo, numberKeys).some((key) => suppressed.has(key)))
      return number
    isAny = true
    const concealed = { ...number, numberTo: null, extra: null }
    const holdsNumber = callId !== null && createRedactor([numberTo])?.redact(callId) !== callId
    return holdsNumber ? { ...concealed, callId: concealedCallId(callId, numberKeys) } : concealed
  })
  return isAny ? kept : numbers
}

/** The keys under which a number may be suppressed: as it is written, and in the one way that is recorded. */
export function suppressionKeys(number: string, numberKeys: NumberKeys): string[] {
  const keys = [number, ...(isPlain.test(number) ? [] : oneWay(number))].flatMap(
    (text) => numberKeys.keyOf(text) ?? [],
  )
  return [...new Set(keys)]
}

/** Most numbers are: country code and national number, no zero between them that could be too many. */
const isPlain = /^\+[1-9](?!\d{0,2}0)\d{6,14}$/

function oneWay(number: string): string[] {
  const phone = readPhoneNumber(number)
  return phone === null ? [] : [oneSpelling(phone)]
}

/** The same at every reading, and it leads nowhere without the key. Different ids stay different. */
export function concealedCallId(callId: string, numberKeys: NumberKeys): string {
  // A number key ignores punctuation, which may be all that tells two ids apart.
  return `concealed-${numberKeys.keyOf(Buffer.from(callId).toString('hex'))}`
}
