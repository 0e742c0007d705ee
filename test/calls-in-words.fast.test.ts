/** The sentence of `status` and of the status page about the details of calls. */
import { describe, expect, test } from 'vitest'
import { callsInWords } from '../src/http/calls.ts'

const calls = { known: 1234, waiting: 12, givenUp: 3, heldBackBy: null }
const none = { known: 0, waiting: 0, givenUp: 0, heldBackBy: null }

describe('the details of calls in words', () => {
  test('are the counts, and why none is asked for', () => {
    expect(callsInWords(calls, true)).toBe('1,234 known, 12 waiting, 3 given up')
    expect(callsInWords({ ...calls, heldBackBy: 'API_KEY_INSUFFICIENT_SCOPE' }, true)).toMatch(
      /; none is asked for at the moment: the API key needs the scope CONVERSATIONS_READ$/,
    )
    expect(callsInWords({ ...calls, heldBackBy: 'rate_limited' }, true)).toMatch(
      /: Allo answered rate_limited$/,
    )
    expect(callsInWords(calls, false)).toMatch(/; none is asked for: CALL_DETAILS is off$/)
  })

  test('are there before the first call, and not at all if they were never asked for', () => {
    expect(callsInWords(none, true)).toBe('0 known, 0 waiting, 0 given up')
    expect(callsInWords(null, true)).toBe('0 known, 0 waiting, 0 given up')
    expect(callsInWords(none, false)).toBeNull()
    expect(callsInWords(null, false)).toBeNull()
  })
})
