/** What the teammates of the bench do, drawn from a seed before the run, so that each variant meets the same team. */
import type { Random } from '../../src/simulation/random.ts'
import { callsInOrder, oneCall, type TimedStep } from '../../src/simulation/timed-calls.ts'

/** Of the teammates. The others make one call, rest for longer than the mirror calls recent, and make another. */
export const DIALLING_SHARE = 0.6
/** From here on a teammate who rests is idle for the mirror, even if it saw their first call late. */
const IDLE_AFTER_MS = 440_000
const FIRST_CALL_WITHIN_MS = 50_000
const LAST_CALL_MS = 20_000

/** The steps of the teammate with this index. Every third teammate resets the queue once. */
export function shiftOf(
  index: number,
  teammates: number,
  random: Random,
  runMs: number,
): Iterable<TimedStep> {
  const resets = index % 3 === 0
  if (index < teammates * DIALLING_SHARE)
    return dial(random, {
      startMs: random.next() * 20_000,
      resetMs: resets ? within(random, 0.25, 0.9) * runMs : null,
    })
  const idleUntilMs = IDLE_AFTER_MS + random.next() * (runMs - IDLE_AFTER_MS - LAST_CALL_MS)
  return rest(random, { idleUntilMs, resets })
}

/** The reset comes between two calls. */
function* dial(
  random: Random,
  { startMs, resetMs }: { readonly startMs: number; readonly resetMs: number | null },
): Generator<TimedStep> {
  let now = 0
  let waitMs = startMs
  let resetDueMs = resetMs ?? Number.POSITIVE_INFINITY
  for (const { afterMs, step } of callsInOrder(random)) {
    if (step === 'dial' && now > resetDueMs) {
      resetDueMs = Number.POSITIVE_INFINITY
      yield { afterMs: 1500, step: 'reset' }
    }
    now += waitMs + afterMs
    yield { afterMs: waitMs + afterMs, step }
    waitMs = 0
  }
}

/** After the idle spell comes a call, or a reset and then a call. A run that is too short for it has none. */
function* rest(
  random: Random,
  { idleUntilMs, resets }: { readonly idleUntilMs: number; readonly resets: boolean },
): Generator<TimedStep> {
  const first = shortCall(random)
  yield* first
  if (idleUntilMs < IDLE_AFTER_MS) return
  const spentMs = first.reduce((sum, { afterMs }) => sum + afterMs, 0)
  const [next, ...others] = [...oneCall(random)]
  if (next === undefined) return
  yield { afterMs: idleUntilMs - spentMs, step: resets ? 'reset' : next.step }
  if (resets) yield next
  yield* others
}

function shortCall(random: Random): readonly TimedStep[] {
  for (;;) {
    const steps = [...oneCall(random)]
    if (steps.reduce((sum, { afterMs }) => sum + afterMs, 0) < FIRST_CALL_WITHIN_MS) return steps
  }
}

function within(random: Random, from: number, to: number): number {
  return from + random.next() * (to - from)
}
