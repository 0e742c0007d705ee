/** Moves for the proof of looks. */
import { lastCallStep, nameText } from './model.ts'
import { dial, eachQueue, type Move } from './moves.ts'

/** Moves of the queue of one teammate only. */
function ofReader(move: Move): Move {
  const steps: Move['steps'] = (model, fresh) =>
    move.steps(model, fresh).filter(({ what }) => what.startsWith('queue 0:'))
  return { name: `${move.name}, of one teammate`, steps }
}

export const dialOfReader = ofReader(dial)

/** Of any number, by these steps. Back: Allo is not known to do it, but what a look says of it has to be true. */
function callSteps(by: readonly number[]): Move {
  return ofReader({
    name: 'any step of the call to any number',
    steps: (model) =>
      eachQueue(model, (queue) =>
        queue.rows.flatMap((row) =>
          by
            .map((count) => row.call + count)
            .filter((call) => call >= 0 && call <= lastCallStep)
            .map((call) => ({
              what: `the call to ${nameText(row)} is at step ${call}`,
              queue: {
                ...queue,
                rows: queue.rows.map((other) => (other === row ? { ...row, call } : other)),
              },
            })),
        ),
      ),
  })
}

export const anyDial = callSteps([1])
export const anyDialStep = callSteps([1, -1])

/** Two equal numbers, added at different times, change places, and both were called. */
export const swapTwins: Move = {
  name: 'equal numbers change places and are called',
  steps: (model) =>
    eachQueue(model, (queue) => {
      const [one, other, ...rest] = queue.rows
      if (one === undefined || other?.number !== one.number) return []
      const swapped = [
        { ...other, position: one.position, call: lastCallStep },
        { ...one, position: other.position, call: lastCallStep },
      ]
      return [{ what: 'equal numbers change places', queue: { ...queue, rows: [...swapped, ...rest] } }]
    }),
}
