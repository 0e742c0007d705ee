/** One queue of the simulation, from its first number to its last reset. */
import { phoneNumber } from '../src/simulation/fiction.ts'
import { createRandom, type Random } from '../src/simulation/random.ts'
import type { NumberRow, QueueRow } from '../src/simulation/shapes.ts'
import { createWorld } from '../src/simulation/world.ts'
import { isWorkingTime, PASS_EVERY_MS, type QueuePlan } from './reporting-plan.ts'

export interface SimulatedQueue {
  /** Everything that happens in it up to then. */
  workUntil(at: number): void
  /** Null: as it was when last looked at. */
  look(): { readonly queue: QueueRow; readonly numbers: readonly NumberRow[] } | null
  readonly names: Names
}

/**
 * What is shown under the same name in several queues, each being a world of its own, is not the same here: only some
 * phone numbers were in a queue before.
 */
export interface Names {
  numberOf(shown: string): string
  callOf(shown: string | null): string | null
}

/** People and queues as a whole are planned: what is left are the moves within one. */
const withinAQueue = {
  append: 3,
  clear_uncalled: 0.03,
  reset: 0,
  first_queue: 0,
  remove_queue: 0,
  restore_queue: 0,
  reassign: 0,
  swap: 0,
  leave: 0,
  return: 0,
  block: 0,
  unblock: 0,
  join: 0,
  edit_teammate: 0,
}
const MOVES_BETWEEN_PASSES = 2.35
const QUEUED_BEFORE = 0.06

export function simulateQueue(plan: QueuePlan): SimulatedQueue {
  const random = createRandom(plan.seed)
  let now = plan.from
  let hasMoved = true
  const world = createWorld({
    seed: plan.seed,
    teammates: 1,
    withoutQueue: 1,
    renumberOnRemoval: plan.renumbers,
    pace: withinAQueue,
    clock: () => now,
  })
  const userId = world.keyOwner()
  world.apply({ type: 'reset', userId, fill: plan.numbersAtFirst })
  let worked = plan.from

  return {
    workUntil(at) {
      for (; worked < at; worked += PASS_EVERY_MS) {
        if (!isWorkingTime(worked)) continue
        const moves = random.count(MOVES_BETWEEN_PASSES)
        for (let move = 1; move <= moves; move += 1) {
          now = worked + (move * PASS_EVERY_MS) / (moves + 1)
          world.act(1, { userId })
        }
        hasMoved ||= moves > 0
      }
    },
    look() {
      if (!hasMoved) return null
      hasMoved = false
      const current = world.currentQueue(userId)
      if (!current) throw new Error(`${plan.seed} is gone`)
      return { queue: current.queue, numbers: current.rows() }
    },
    names: nameApart(plan, random),
  }
}

function nameApart(plan: QueuePlan, random: Random): Names {
  const numbers = new Map<string, string>()
  return {
    numberOf(shown) {
      const known = numbers.get(shown)
      if (known !== undefined) return known
      const before = plan.firstNumbersBefore
      const wasQueued = before.length > 0 && random.chance(QUEUED_BEFORE)
      const number = phoneNumber(
        wasQueued ? random.pick(before) + random.int(0, 59) : plan.firstNumber + numbers.size,
      )
      numbers.set(shown, number)
      return number
    },
    callOf: (shown) => shown && `${shown}${plan.firstNumber}`,
  }
}
