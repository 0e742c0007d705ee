import { type CallStep, stepsOfACall } from './calls.ts'
import { type Chooser, type ChosenNumber, type ChosenQueue, createChooser } from './choose.ts'
import { personName } from './invented-people.ts'
import type { Move } from './moves.ts'
import type { Random } from './random.ts'
import { gaps, type Place, placeOfEntry } from './roster.ts'
import { newNumbers, type Person, type TeamState } from './team-state.ts'
import type { Dial } from './timeline.ts'

export interface SalesDay {
  /** A random move that is possible now; with `only`, one of that teammate's own queue. Null: there is none. */
  next(only?: string): Move | null
}

/** Weights that differ from those of `kinds`. */
export type Pace = { readonly [Kind in keyof typeof kinds]?: number }

export function createSalesDay(team: TeamState, pace: Pace, keyOwnerId: string): SalesDay {
  const choose = createChooser(team)
  const day: Day = { team, random: team.random, choose, keyOwnerId, stepsToCome: new WeakMap() }
  const weights = new Map<string, number>(Object.entries(pace))
  const weighted = Object.entries(kinds).map(([name, [weight, propose]]) => ({
    weight: weights.get(name) ?? weight,
    propose,
  }))
  return {
    next(only) {
      for (let attempt = 0; attempt < 50; attempt += 1) {
        const move = team.random.pickWeighted(weighted).propose(day, only)
        if (move) return move
      }
      return null
    },
  }
}

interface Day {
  readonly team: TeamState
  readonly random: Random
  readonly choose: Chooser
  readonly keyOwnerId: string
  /** Of each open call. */
  readonly stepsToCome: WeakMap<Dial, CallStep[]>
}

/** Null: not possible now. */
type Propose = (day: Day, only?: string) => Move | null

const ofNumber =
  (propose: (chosen: ChosenNumber, day: Day) => Move | null): Propose =>
  (day, only) => {
    const chosen = day.choose.number(only)
    return chosen && propose(chosen, day)
  }

const ofQueue =
  (propose: (chosen: ChosenQueue, day: Day) => Move | null): Propose =>
  (day, only) => {
    const chosen = day.choose.queue(only)
    return chosen && propose(chosen, day)
  }

/** Concerns more than the own queue of one teammate. */
const ofTeam =
  (propose: (day: Day) => Move | null): Propose =>
  (day, only) => {
    const move = propose(day)
    return only === undefined ? move : null
  }

const ofMember = (
  type: 'leave' | 'return' | 'block' | 'unblock',
  fits: (person: Person) => boolean,
): Propose =>
  ofTeam(({ choose, keyOwnerId }) => {
    const person = choose.person((candidate) => candidate.id !== keyOwnerId && fits(candidate))
    return person && { type, userId: person.id }
  })

/** Finds an open call that is still visible, and forgets those that are not. */
const progress: Propose = ({ team, random, stepsToCome }, only) => {
  const open = [...team.openDials.values()].filter((dial) => !only || dial.userId === only)
  for (let attempt = 0; attempt < 4 && open.length > 0; attempt += 1) {
    const dial = random.pick(open)
    const queue = team.queues.get(dial.queueId)
    const holder = team.people.get(queue?.row.assignee_id ?? '')
    if (queue?.standing !== 'current' || !holder?.isOnTeam) {
      if (random.chance(0.2)) team.openDials.delete(dial.entryId)
      continue
    }
    const steps = stepsToCome.get(dial) ?? stepsOfACall(random, dial.call_id !== null)
    stepsToCome.set(dial, steps)
    const step = steps.shift()
    const place = placeOfEntry(queue.roster, dial.entryId)
    if (!step || !place) {
      team.openDials.delete(dial.entryId)
      continue
    }
    const target = { userId: holder.id, position: place.position }
    return step === 'id' ? { type: 'place_call', ...target } : { type: 'result', ...target, result: step }
  }
  return null
}

const dial = ofQueue(({ userId, queue }, { team, random, choose }) => {
  if (team.people.get(userId)?.row.status !== 'ACTIVE') return null
  // The dialer starts at the top; sometimes a rep picks a number by hand.
  const byHand = random.chance(0.1) ? choose.number(userId) : null
  const isUncalled = ({ entry }: Place) => entry.call_start_date === null
  const chosen = byHand && isUncalled(byHand) ? byHand : queue.roster.find(isUncalled)
  if (!chosen) return null
  return { type: 'dial', userId, position: chosen.position, callId: random.chance(0.4) }
})

const secondDial = ofNumber(({ userId, position, entry }, { random }) =>
  entry.call_start_date === null ? null : { type: 'dial', userId, position, callId: random.chance(0.4) },
)

const sync = ofNumber(({ userId, position, entry }, { random }) => {
  const before = entry.sync_status
  const status = before === 'NOT_SYNCED' ? 'PROCESSING' : random.chance(0.9) ? 'SYNCED' : 'NOT_SYNCED'
  return before === status ? null : { type: 'sync', userId, position, status }
})

const append = ofQueue(({ userId }, { team, random, choose }) => {
  const numbers = newNumbers(team, random.chance(0.6) ? random.int(1, 3) : random.int(4, 30))
  // A number that was in another queue before is queued again.
  const known = random.chance(0.15) ? choose.number()?.entry.stay.numberTo : undefined
  return { type: 'append', userId, numbers: known ? [...numbers.slice(1), known] : numbers }
})

const removePositions = ofNumber(({ userId, queue: { roster }, position }, { random }) => {
  const others = Array.from({ length: random.int(0, 3) }, () => random.pick(roster).position)
  const positions = new Set([position, ...others])
  return { type: 'remove_positions', userId, positions: [...positions] }
})

const refill = ofQueue(({ userId, queue }, { random }) => {
  const free = gaps(queue.roster, 5)
  return free.length === 0 ? null : { type: 'refill', userId, position: random.pick(free) }
})

const firstQueue: Propose = ({ random, choose }, only) => {
  const person = choose.person(({ isOnTeam, queueId }) => isOnTeam && queueId === null, only)
  return person && { type: 'reset', userId: person.id, fill: random.int(0, 60) }
}

const restoreQueue: Propose = ({ choose }, only) => {
  const person = choose.person(
    ({ isOnTeam, queueId, olderQueueIds }) => isOnTeam && queueId !== null && olderQueueIds.length > 0,
    only,
  )
  return person && { type: 'remove_queue', userId: person.id, restoreOlder: true }
}

const settings = ofQueue(({ userId, queue: { row } }, { random }) => {
  const changes = random.pick([
    { name: random.pick(['Renewals', 'New leads', 'Call back', 'Événement à Zürich 🎪', null]) },
    { voicemail_handling: row.voicemail_handling === 'SKIP' ? 'NO_SKIP' : 'SKIP' } as const,
    { do_not_disturb: row.do_not_disturb === 'ENABLED' ? 'DISABLED' : 'ENABLED' } as const,
  ])
  return { type: 'settings', userId, settings: changes }
})

const reassign = ofTeam(({ random, choose }) => {
  const from = choose.queue()
  const to = choose.person(({ isOnTeam, queueId }) => isOnTeam && (queueId === null || random.chance(0.2)))
  return from && to && from.userId !== to.id ? { type: 'reassign', userId: from.userId, to: to.id } : null
})

const swap = ofTeam(({ choose }) => {
  const one = choose.queue()
  const other = choose.queue()
  return one && other && one.userId !== other.userId
    ? { type: 'swap', userId: one.userId, with: other.userId }
    : null
})

const join = ofTeam(({ random }) => ({
  type: 'join',
  numbers: random.chance(0.3) ? null : random.int(0, 40),
}))

const editTeammate = ofTeam(({ random, choose }) => {
  const person = choose.person(({ isOnTeam }) => isOnTeam)
  return person && { type: 'edit_teammate', userId: person.id, changes: { name: personName(random) } }
})

/** What happens on a sales day, each with how often it does, relative to the others. */
const kinds = {
  progress: [75, progress],
  dial: [30, dial],
  second_dial: [3, secondDial],
  sync: [8, sync],
  touch: [4, ofNumber(({ userId, position }) => ({ type: 'touch', userId, position }))],
  append: [5, append],
  duplicate: [
    1,
    ofNumber(({ userId, entry }) => ({ type: 'append', userId, numbers: [entry.stay.numberTo] })),
  ],
  remove_number: [
    1.5,
    ofNumber(({ userId, entry }) => ({ type: 'remove_number', userId, number: entry.stay.numberTo })),
  ],
  remove_positions: [1.5, removePositions],
  clear_uncalled: [0.2, ofQueue(({ userId }) => ({ type: 'clear_uncalled', userId }))],
  refill: [1, refill],
  reset: [
    0.4,
    ofQueue(({ userId }, { random }) => ({
      type: 'reset',
      userId,
      fill: random.chance(0.5) ? random.int(1, 60) : 0,
    })),
  ],
  first_queue: [0.4, firstQueue],
  remove_queue: [0.1, ofQueue(({ userId }) => ({ type: 'remove_queue', userId }))],
  restore_queue: [0.1, restoreQueue],
  settings: [0.4, settings],
  reassign: [0.2, reassign],
  swap: [0.15, swap],
  leave: [0.12, ofMember('leave', ({ isOnTeam }) => isOnTeam)],
  return: [0.12, ofMember('return', ({ isOnTeam }) => !isOnTeam)],
  block: [0.1, ofMember('block', ({ isOnTeam, row }) => isOnTeam && row.status === 'ACTIVE')],
  unblock: [0.12, ofMember('unblock', ({ isOnTeam, row }) => isOnTeam && row.status === 'BLOCKED')],
  join: [0.08, join],
  edit_teammate: [0.1, editTeammate],
} as const satisfies Record<string, readonly [weight: number, propose: Propose]>
