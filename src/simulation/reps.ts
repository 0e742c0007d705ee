import type { Move, Outcome } from './moves.ts'
import type { NumberRow } from './shapes.ts'
import type { RepStep, TimedStep } from './timed-calls.ts'
import type { CurrentQueue, World } from './world.ts'

export interface Rep {
  /** Idempotent. No move is made afterwards. */
  stop(): void
}

/**
 * A rep in real time: makes each step a move of the world when its time has come. A step that is no longer possible, such
 * as the result of a call whose queue was reset, is left out.
 */
export function startRep(
  world: World,
  userId: string,
  steps: Iterable<TimedStep>,
  observe: (outcome: Outcome, move: Move) => void = () => undefined,
): Rep {
  const ahead = steps[Symbol.iterator]()
  let lastCalled: string | null = null
  let dueAt = performance.now()
  let timer: NodeJS.Timeout | undefined

  function make(step: RepStep): void {
    const queue = world.currentQueue(userId)
    if (!queue) return
    const row = chooseNumber(queue, step, lastCalled)
    if (step === 'dial') lastCalled = row?.number_to ?? null
    const move = moveOf(step, { userId, queue, row })
    if (move) observe(world.apply(move), move)
  }

  function waitForNext(): void {
    const { value, done } = ahead.next()
    if (done) return
    // Counted from when the last step was due: late timers do not add up.
    dueAt += value.afterMs
    timer = setTimeout(() => {
      make(value.step)
      waitForNext()
    }, dueAt - performance.now())
  }

  waitForNext()
  return { stop: () => clearTimeout(timer) }
}

/** The number that the step is about. Undefined: there is none. */
function chooseNumber(queue: CurrentQueue, step: RepStep, lastCalled: string | null): NumberRow | undefined {
  const rows = queue.rows()
  if (step === 'dial') return rows.find(isUncalled)
  if (step === 'remove') return rows.filter(isUncalled).at(2)
  return rows.find((row) => row.number_to === lastCalled && !isUncalled(row))
}

/** Null: not possible now. */
function moveOf(
  step: RepStep,
  { userId, queue, row }: { userId: string; queue: CurrentQueue; row: NumberRow | undefined },
): Move | null {
  if (step === 'append') return { type: 'append', userId, count: 10 }
  if (step === 'reset') return { type: 'reset', userId, fill: queue.size }
  if (!row) return step === 'dial' ? { type: 'append', userId, count: 40 } : null
  const { position } = row
  if (step === 'remove') return { type: 'remove_positions', userId, positions: [position] }
  if (step === 'dial' || step === 'dial_again') return { type: 'dial', userId, position, callId: false }
  if (step === 'id') return { type: 'place_call', userId, position }
  return { type: 'result', userId, position, result: step }
}

function isUncalled({ call_start_date, call_id }: NumberRow): boolean {
  return call_start_date === null && call_id === null
}
