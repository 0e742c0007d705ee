import type { QueueNumber } from '../allo/types.ts'
import type { NumberKeys } from './number-key.ts'
import { oneSpelling, readPhoneNumber } from './phone-number.ts'
import { createRedactor } from './redact-number.ts'

/**
 * Removes suppressed phone numbers from the rows of a queue. Such a row keeps its position and its call fields, but
 * loses the number and its unknown fields, and gets another call id unless the id surely does not contain the number.
 * Call this before anything is compared or digested, so that the row is the same at every reading. Returns the same
 * array if there is nothing to conceal.
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

/** The keys under which a number may be suppressed: of the number as written, and of its normalised spelling. */
export function suppressionKeys(number: string, numberKeys: NumberKeys): string[] {
  const keys = [number, ...(isPlain.test(number) ? [] : oneWay(number))].flatMap(
    (text) => numberKeys.keyOf(text) ?? [],
  )
  return [...new Set(keys)]
}

/** Already normalised, as most numbers are: a country code and a national number without a leading zero. */
const isPlain = /^\+[1-9](?!\d{0,2}0)\d{6,14}$/

function oneWay(number: string): string[] {
  const phone = readPhoneNumber(number)
  return phone === null ? [] : [oneSpelling(phone)]
}

/** Deterministic, and not reversible without the key. Different ids stay different. */
export function concealedCallId(callId: string, numberKeys: NumberKeys): string {
  // Encode as hex, because a number key ignores punctuation, and two ids may differ only there.
  return `concealed-${numberKeys.keyOf(Buffer.from(callId).toString('hex'))}`
}
