import type { CallStep } from './calls.ts'
import type { Random } from './random.ts'
import type { NotReachedReason } from './shapes.ts'

/** What a rep does, and how long after the step before. */
export interface TimedStep {
  readonly afterMs: number
  readonly step: RepStep
}

/**
 * - `dial`: the first number that was not called yet; if there is none, new numbers are appended
 * - `dial_again`: the number that was called last
 * - `id`, results: of the call of that number
 * - `append`, `remove`: numbers are added at the end; a waiting number is removed, which renumbers later ones
 * - `reset`: a new queue with as many numbers as the old one
 */
export type RepStep = CallStep | 'dial' | 'dial_again' | 'append' | 'remove' | 'reset'

/** One call after the other without end, with an append or a removal now and then. */
export function* callsInOrder(random: Random): Generator<TimedStep> {
  for (;;) {
    yield* oneCall(random)
    if (random.chance(0.02)) yield { afterMs: 0, step: 'append' }
    if (random.chance(0.01)) yield { afterMs: 0, step: 'remove' }
  }
}

/** A pause and a call. A few of the numbers that are not reached are dialled again at once. */
export function* oneCall(random: Random): Generator<TimedStep> {
  const pauseMs = random.chance(0.05) ? between(random, 20_000, 90_000) : between(random, 1500, 10_000)
  yield { afterMs: pauseMs, step: 'dial' }
  const isReached = yield* dialledCall(random)
  if (isReached || !random.chance(0.05)) return
  yield { afterMs: between(random, 2000, 8000), step: 'dial_again' }
  yield* dialledCall(random)
}

/** It rings for 5 to 25 seconds; a conversation takes up to 3 minutes. The result appears at the end of the call. */
function* dialledCall(random: Random): Generator<TimedStep, boolean> {
  const idMs = between(random, 100, 1500)
  yield { afterMs: idMs, step: 'id' }
  const ringMs = between(random, 5000, 25_000) - idMs
  const drawn = random.next()
  if (drawn < 0.6) {
    yield { afterMs: ringMs, step: { not_reached_destination_reason: random.pick(NOT_REACHED) } }
    return false
  }
  if (drawn < 0.8) {
    yield { afterMs: ringMs, step: { detected_outbound_voicemail: true } }
    const voicemail_left = random.chance(0.5)
    yield { afterMs: between(random, 2000, 25_000), step: { routing_result: 'VOICEMAIL', voicemail_left } }
    return true
  }
  // Cubed, because most conversations are short.
  const talkMs = 180_000 * random.next() ** 3
  yield { afterMs: ringMs + talkMs, step: { routing_result: drawn < 0.98 ? 'ANSWERED' : 'FAILED' } }
  return true
}

/** With fractions, so that the calls of two reps have no rhythm in common. */
function between(random: Random, leastMs: number, mostMs: number): number {
  return leastMs + random.next() * (mostMs - leastMs)
}

const NOT_REACHED: readonly NotReachedReason[] = [
  'RING_TIMEOUT',
  'RING_TIMEOUT',
  'RING_TIMEOUT',
  'BUSY',
  'DECLINED',
  'CALLEE_TEMPORARILY_UNAVAILABLE',
]
