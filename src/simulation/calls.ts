import type { Random } from './random.ts'
import type { CallResult, NotReachedReason, RoutingResult } from './shapes.ts'

/** The id of the call appears, or its result. */
export type CallStep = 'id' | Partial<CallResult>

/** The moves by which the API shows one call, in order. */
export function stepsOfACall(random: Random, hasId: boolean): CallStep[] {
  const id: CallStep[] = hasId ? [] : ['id']
  const drawn = random.next()
  if (drawn < 0.3) return [...id, { routing_result: random.pick(ANSWERS) }]
  if (drawn < 0.55) {
    const left = random.chance(0.5)
    return [
      ...id,
      { detected_outbound_voicemail: true },
      { routing_result: 'VOICEMAIL', voicemail_left: left },
    ]
  }
  if (drawn < 0.88) {
    // Some calls never get an id.
    const reached = random.chance(0.8) ? id : []
    return [...reached, { not_reached_destination_reason: random.pick(NOT_REACHED) }]
  }
  if (drawn < 0.96) return [...id, { routing_result: random.pick(FAILURES) }]
  return id
}

const ANSWERS: readonly RoutingResult[] = [
  'ANSWERED',
  'ANSWERED',
  'ANSWERED',
  'ANSWERED',
  'TRANSFERRED_EXTERNAL',
  'TRANSFERRED_BLAND',
  'TRANSFERRED_ELEVEN_LABS',
]
const FAILURES: readonly RoutingResult[] = [
  'FAILED',
  'FAILED',
  'FAILED_EXTERNAL',
  'BLOCKED',
  'CLOSED',
  'RECEIVED',
]
const NOT_REACHED: readonly NotReachedReason[] = [
  'RING_TIMEOUT',
  'RING_TIMEOUT',
  'RING_TIMEOUT',
  'BUSY',
  'DECLINED',
  'CALLEE_TEMPORARILY_UNAVAILABLE',
  'NOT_IN_SERVICE',
  'NETWORK_ERROR',
]
