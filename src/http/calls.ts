/** How far the details of calls are known, in a sentence: the command `status` and the status page show it. */
import type { CallStatus } from '../store/queries/call-status.ts'

const MISSING_SCOPE = 'API_KEY_INSUFFICIENT_SCOPE'

/** `1,234 known, 12 waiting, 3 given up`. Null: CALL_DETAILS is off, and no call is on record. */
export function callsInWords(calls: CallStatus | null, isOn: boolean): string | null {
  const { known, waiting, givenUp, heldBackBy } = calls ?? {
    known: 0,
    waiting: 0,
    givenUp: 0,
    heldBackBy: null,
  }
  if (!isOn && known + waiting + givenUp === 0) return null
  const counts = `${shown(known)} known, ${shown(waiting)} waiting, ${shown(givenUp)} given up`
  if (!isOn) return `${counts}; none is asked for: CALL_DETAILS is off`
  if (heldBackBy === null) return counts
  const why =
    heldBackBy === MISSING_SCOPE
      ? 'the API key needs the scope CONVERSATIONS_READ'
      : `Allo answered ${heldBackBy}`
  return `${counts}; none is asked for at the moment: ${why}`
}

function shown(count: number): string {
  return count.toLocaleString('en')
}
