/**
 * What can happen to a queue in Allo between two requests, as a list of values. Each move says all that it can do to a
 * model. `ordinaryMoves` are those that Allo is known to have; `impossibleMoves` are those that the guarantees exclude.
 */
import {
  currentQueue,
  lastCallStep,
  type Model,
  type ModelQueue,
  type Name,
  nameText,
  type Row,
  users,
} from './model.ts'

export interface Move {
  readonly name: string
  readonly steps: (model: Model, fresh: FreshNames) => readonly Step[]
}

/** One thing that a move can do to a model. */
export interface Step {
  readonly what: string
  readonly model: Model
}

/** Names that are not in use. Which ones makes no difference to the reader, so the smallest are taken. */
export interface FreshNames {
  number(): number
  /** For a number that is added once more. */
  created(number: number): number
  queue(): number
}

export const append: Move = {
  name: 'append a number',
  steps: (model, fresh) =>
    eachQueue(model, (queue) =>
      placesIn(queue.rows).map(({ where, position }) => ({
        what: `append ${fresh.number()} ${where}`,
        queue: withRow(queue, { number: fresh.number(), created: 0, position, call: 0 }),
      })),
    ),
}

const appendAgain: Move = {
  name: 'append a number that is or was there, with a new created_at',
  steps: (model, fresh) =>
    eachQueue(model, (queue) =>
      knownNumbers(queue).flatMap((number) =>
        placesIn(queue.rows).map(({ where, position }) => {
          const name = { number, created: fresh.created(number) }
          return {
            what: `append ${nameText(name)} ${where}`,
            queue: withRow(queue, { ...name, position, call: 0 }),
          }
        }),
      ),
    ),
}

export const remove: Move = {
  name: 'remove a number, with or without renumbering',
  steps: (model) => eachQueue(model, removals),
}

export const removeAndAppend: Move = {
  name: 'remove a number and append one at once',
  steps: (model, fresh) =>
    eachQueue(model, (queue) =>
      removals(queue).flatMap(({ what, queue: smaller }) =>
        placesIn(smaller.rows).flatMap(({ where, position }) => {
          const names = [{ number: fresh.number(), created: 0 }, ...addedAgain(smaller, fresh)]
          return names.map((name) => ({
            what: `${what}, append ${nameText(name)} ${where}`,
            queue: withRow(smaller, { ...name, position, call: 0 }),
          }))
        }),
      ),
    ),
}

const clearUncalled: Move = {
  name: 'clear the numbers that were not called',
  steps: (model) =>
    eachQueue(model, (queue) => {
      const rows = queue.rows.filter(({ call }) => call > 0)
      return rows.length === queue.rows.length ? [] : [{ what: 'clear uncalled', queue: { ...queue, rows } }]
    }),
}

export const reset: Move = {
  name: 'reset: a new, empty queue',
  steps: (model, fresh) =>
    model.team.map((holder) => ({
      what: `reset of ${holder}`,
      model: { ...model, queues: [...model.queues, { id: fresh.queue(), holder, rows: [], left: null }] },
    })),
}

export const removeQueue: Move = {
  name: 'remove a queue: an older one may come back',
  steps: (model) =>
    currentQueues(model).map((queue) => ({
      what: `queue ${queue.id} removed`,
      model: { ...model, queues: model.queues.filter((other) => other !== queue) },
    })),
}

export const reassign: Move = {
  name: 'reassign a queue',
  steps: (model) =>
    currentQueues(model).flatMap((queue) =>
      model.team
        .filter((user) => user !== queue.holder)
        .map((holder) => ({
          what: `queue ${queue.id} reassigned to ${holder}`,
          model: {
            ...model,
            queues: [...model.queues.filter((other) => other !== queue), { ...queue, holder }],
          },
        })),
    ),
}

export const swap: Move = {
  name: 'swap the queues of two teammates',
  steps: (model) => {
    const [one, other] = users.map((user) => currentQueue(model, user))
    if (one === undefined || other === undefined) return []
    const rest = model.queues.filter((queue) => queue !== one && queue !== other)
    const queues = [...rest, { ...one, holder: other.holder }, { ...other, holder: one.holder }]
    return [{ what: 'queues swapped', model: { ...model, queues } }]
  },
}

/** Teammates call their numbers in order, so the next step is that of the first call that has not ended. */
export const dial: Move = {
  name: 'the next step of a call',
  steps: (model) =>
    eachQueue(model, (queue) => {
      const dialled = queue.rows.find(({ call }) => call < lastCallStep)
      if (dialled === undefined) return []
      const next = { ...dialled, call: dialled.call + 1 }
      const rows = queue.rows.map((row) => (row === dialled ? next : row))
      return [{ what: `step ${next.call} of the call to ${nameText(next)}`, queue: { ...queue, rows } }]
    }),
}

export const leave: Move = {
  name: 'a teammate leaves the team',
  steps: (model) =>
    model.team.map((user) => ({
      what: `${user} leaves`,
      model: { ...model, team: model.team.filter((other) => other !== user) },
    })),
}

export const comeBack: Move = {
  name: 'a teammate comes back',
  steps: (model) =>
    users
      .filter((user) => !model.team.includes(user))
      .map((user) => ({
        what: `${user} comes back`,
        model: { ...model, team: users.filter((other) => other === user || model.team.includes(other)) },
      })),
}

export const ordinaryMoves: readonly Move[] = [
  append,
  appendAgain,
  remove,
  removeAndAppend,
  clearUncalled,
  reset,
  removeQueue,
  reassign,
  swap,
  dial,
  leave,
  comeBack,
]

/** No operation of Allo is known that does this: a number changes its position for that of a number behind it. */
export const moveWithinQueue: Move = {
  name: 'move a number within the queue',
  steps: (model) =>
    eachQueue(model, ({ rows, ...queue }) =>
      rows.flatMap((row, from) =>
        rows.flatMap((_, to) => {
          if (from === to) return []
          const others = rows.filter((other) => other !== row)
          const order = [...others.slice(0, to), row, ...others.slice(to)]
          const moved = order.map((each, index) => ({ ...each, position: rows[index]?.position ?? index }))
          return [{ what: `${nameText(row)} moved from ${from} to ${to}`, queue: { ...queue, rows: moved } }]
        }),
      ),
    ),
}

/** The same, if Allo then changes `updated_at` of each number that moved, which is not documented. */
export const moveAndTouch: Move = {
  name: 'move a number within the queue, which changes updated_at',
  steps: (model, fresh) =>
    moveWithinQueue.steps(model, fresh).map(({ what, model: after }) => ({
      what,
      model: { ...after, queues: after.queues.map((queue, index) => touchMoved(queue, model.queues[index])) },
    })),
}

function touchMoved(queue: ModelQueue, before: ModelQueue | undefined): ModelQueue {
  const rows = queue.rows.map((row) => {
    const old = before?.rows.find(({ number, created }) => number === row.number && created === row.created)
    return old?.position === row.position ? row : { ...row, touched: (row.touched ?? 0) + 1 }
  })
  return { ...queue, rows }
}

/** Within one second: Allo gives the same `created_at` to the number that left and to the one that is added. */
export const removeAndAppendTwin: Move = {
  name: 'add the number that left last again, within the second in which it was first added',
  steps: (model) =>
    eachQueue(model, (queue) =>
      removals(queue).flatMap(({ what, queue: smaller }) =>
        [queue.left, smaller.left].flatMap((name) =>
          name === null
            ? []
            : placesIn(smaller.rows).map(({ where, position }) => ({
                what: `${what}, append a twin of ${nameText(name)} ${where}`,
                queue: withRow(smaller, { ...name, position, call: 0 }),
              })),
        ),
      ),
    ),
}

function currentQueues(model: Model): ModelQueue[] {
  return users.flatMap((user) => currentQueue(model, user) ?? [])
}

/** What `change` can do to each current queue. */
export function eachQueue(
  model: Model,
  change: (queue: ModelQueue) => readonly { readonly what: string; readonly queue: ModelQueue }[],
): Step[] {
  return currentQueues(model).flatMap((before) =>
    change(before).map(({ what, queue }) => ({
      what: `queue ${before.id}: ${what}`,
      model: { ...model, queues: model.queues.map((other) => (other === before ? queue : other)) },
    })),
  )
}

function removals(queue: ModelQueue): { what: string; queue: ModelQueue }[] {
  return queue.rows.flatMap((row, index) => {
    const rows = queue.rows.filter((other) => other !== row)
    const left = { number: row.number, created: row.created }
    const kept = { what: `remove ${nameText(row)}`, queue: { ...queue, rows, left } }
    if (index === rows.length) return [kept]
    const closedUp = rows.map((other) =>
      other.position > row.position ? { ...other, position: other.position - 1 } : other,
    )
    return [
      { ...kept, what: `${kept.what} without renumbering` },
      { what: `${kept.what} and renumber`, queue: { ...queue, rows: closedUp, left } },
    ]
  })
}

/** Where a number can be added: at the end, or in the first slot that is free. */
function placesIn(rows: readonly Row[]): { where: string; position: number }[] {
  const end = (rows.at(-1)?.position ?? -1) + 1
  const free = rows.findIndex(({ position }, index) => position !== index)
  const places = [{ where: 'at the end', position: end }]
  return free === -1 ? places : [...places, { where: 'in a free slot', position: free }]
}

function withRow(queue: ModelQueue, row: Row): ModelQueue {
  return { ...queue, rows: [...queue.rows, row].sort((a, b) => a.position - b.position) }
}

/** The first number, for a duplicate, and the one that left last. */
function knownNumbers({ rows, left }: ModelQueue): number[] {
  const numbers = [rows[0]?.number, left?.number].filter((number) => number !== undefined)
  return [...new Set(numbers)]
}

function addedAgain({ left }: ModelQueue, fresh: FreshNames): Name[] {
  return left === null ? [] : [{ number: left.number, created: fresh.created(left.number) }]
}
