import { type CallStep, stepsOfACall } from './calls.ts'
import { personName } from './invented-people.ts'
import type { Move } from './move.ts'
import { newNumbers, type Person, type Present, type Queue } from './present.ts'
import { find, gaps, type Place, placeAt } from './roster.ts'
import type { Dial } from './timeline.ts'

/** How often each thing happens on a sales day, relative to the others. */
export const SALES_DAY = {
  progress: 75,
  dial: 30,
  second_dial: 3,
  sync: 8,
  touch: 4,
  append: 5,
  duplicate: 1,
  remove_number: 1.5,
  remove_positions: 1.5,
  clear_uncalled: 0.2,
  refill: 1,
  reset: 0.4,
  first_queue: 0.4,
  remove_queue: 0.1,
  restore_queue: 0.1,
  settings: 0.4,
  reassign: 0.2,
  swap: 0.15,
  leave: 0.12,
  return: 0.12,
  block: 0.1,
  unblock: 0.12,
  join: 0.08,
  edit_teammate: 0.1,
}

export type Pace = Partial<Record<keyof typeof SALES_DAY, number>>

export interface SalesDay {
  /** A random move that is possible now; with `userId`, one of that teammate's own queue. Null: nothing is. */
  next(userId?: string): Move | null
}

export function createSalesDay(present: Present, pace: Pace, keyOwnerId: string): SalesDay {
  const { random } = present
  const weights = { ...SALES_DAY, ...pace }
  const kinds = Object.keys(SALES_DAY) as (keyof typeof SALES_DAY)[]
  const total = kinds.reduce((sum, kind) => sum + weights[kind], 0)
  const stepsToCome = new WeakMap<Dial, CallStep[]>()
  let everybody: Person[] = []

  function next(userId?: string): Move | null {
    for (let attempt = 0; attempt < 50; attempt += 1) {
      const move = proposals[pickKind()](userId)
      if (move && (userId === undefined || 'position' in move || OWN_QUEUE.has(move.type))) return move
    }
    return null
  }

  function pickKind(): keyof typeof SALES_DAY {
    let drawn = random.next() * total
    for (const kind of kinds) {
      drawn -= weights[kind]
      if (drawn < 0) return kind
    }
    return 'touch'
  }

  function someone(fits: (person: Person) => boolean, only?: string): Person | null {
    if (everybody.length !== present.people.size) everybody = [...present.people.values()]
    if (only !== undefined) {
      const person = present.people.get(only)
      return person && fits(person) ? person : null
    }
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const person = random.pick(everybody)
      if (fits(person)) return person
    }
    return null
  }

  function someQueue(only?: string): { userId: string; queue: Queue } | null {
    const person = someone(({ isOnTeam, queueId }) => isOnTeam && queueId !== null, only)
    const queue = present.queues.get(person?.queueId ?? '')
    return person && queue ? { userId: person.id, queue } : null
  }

  function somePlace(only?: string): { userId: string; queue: Queue; place: Place } | null {
    const chosen = someQueue(only)
    const size = chosen?.queue.roster.size ?? 0
    const place = chosen && size > 0 ? placeAt(chosen.queue.roster, random.int(0, size - 1)) : null
    return chosen && place ? { ...chosen, place } : null
  }

  /** Finds an open call that is still visible, and forgets those that are not. */
  function progress(only?: string): Move | null {
    const open = [...present.openDials.values()].filter((dial) => !only || dial.userId === only)
    for (let attempt = 0; attempt < 4 && open.length > 0; attempt += 1) {
      const dial = random.pick(open)
      const queue = present.queues.get(dial.queueId)
      const holder = present.people.get(queue?.row.assignee_id ?? '')
      if (queue?.standing !== 'current' || !holder?.isOnTeam) {
        if (random.chance(0.2)) present.openDials.delete(dial.entryId)
        continue
      }
      const steps = stepsToCome.get(dial) ?? stepsOfACall(random, dial.call_id !== null)
      stepsToCome.set(dial, steps)
      const step = steps.shift()
      const place = find(queue.roster, ({ stay }) => stay.entryId === dial.entryId)
      if (!step || !place) {
        present.openDials.delete(dial.entryId)
        continue
      }
      const target = { userId: holder.id, position: place.position }
      return step === 'id' ? { type: 'place_call', ...target } : { type: 'result', ...target, result: step }
    }
    return null
  }

  function dial(only?: string): Move | null {
    const chosen = someQueue(only)
    if (!chosen || present.people.get(chosen.userId)?.row.status !== 'ACTIVE') return null
    // The dialer starts at the top; sometimes a rep picks a number by hand.
    const byHand = random.chance(0.1) ? somePlace(chosen.userId)?.place : null
    const isUncalled = (candidate: Place['entry']) => candidate.call_start_date === null
    const place = byHand && isUncalled(byHand.entry) ? byHand : find(chosen.queue.roster, isUncalled)
    if (!place) return null
    return { type: 'dial', userId: chosen.userId, position: place.position, callId: random.chance(0.4) }
  }

  function secondDial(only?: string): Move | null {
    const chosen = somePlace(only)
    if (!chosen || chosen.place.entry.call_start_date === null) return null
    return {
      type: 'dial',
      userId: chosen.userId,
      position: chosen.place.position,
      callId: random.chance(0.4),
    }
  }

  function sync(only?: string): Move | null {
    const chosen = somePlace(only)
    if (!chosen) return null
    const target = { userId: chosen.userId, position: chosen.place.position }
    const before = chosen.place.entry.sync_status
    const status = before === 'NOT_SYNCED' ? 'PROCESSING' : random.chance(0.9) ? 'SYNCED' : 'NOT_SYNCED'
    return before === status ? null : { type: 'sync', ...target, status }
  }

  function append(only?: string): Move | null {
    const chosen = someQueue(only)
    if (!chosen) return null
    const count = random.chance(0.6) ? random.int(1, 3) : random.int(4, 30)
    const numbers = newNumbers(present, count)
    // A number that was in another queue before is queued again.
    const known = random.chance(0.15) ? somePlace()?.place.entry.stay.numberTo : undefined
    return { type: 'append', userId: chosen.userId, numbers: known ? [...numbers.slice(1), known] : numbers }
  }

  function duplicate(only?: string): Move | null {
    const chosen = somePlace(only)
    return chosen && { type: 'append', userId: chosen.userId, numbers: [chosen.place.entry.stay.numberTo] }
  }

  function removePositions(only?: string): Move | null {
    const chosen = somePlace(only)
    if (!chosen) return null
    const { roster } = chosen.queue
    const others = Array.from({ length: random.int(0, 3) }, () =>
      placeAt(roster, random.int(0, roster.size - 1)),
    )
    const positions = new Set([chosen.place, ...others].flatMap((place) => (place ? [place.position] : [])))
    return { type: 'remove_positions', userId: chosen.userId, positions: [...positions] }
  }

  function refill(only?: string): Move | null {
    const chosen = someQueue(only)
    const free = chosen ? gaps(chosen.queue.roster, 5) : []
    return chosen && free.length > 0
      ? { type: 'refill', userId: chosen.userId, position: random.pick(free) }
      : null
  }

  function twoWithQueues(): [string, string] | null {
    const one = someQueue()
    const other = someQueue()
    return one && other && one.userId !== other.userId ? [one.userId, other.userId] : null
  }

  function settings(only?: string): Move | null {
    const chosen = someQueue(only)
    if (!chosen) return null
    const { row } = chosen.queue
    const changes = random.pick([
      { name: random.pick(['Renewals', 'New leads', 'Call back', 'Événement à Zürich 🎪', null]) },
      { voicemail_handling: row.voicemail_handling === 'SKIP' ? 'NO_SKIP' : 'SKIP' } as const,
      { do_not_disturb: row.do_not_disturb === 'ENABLED' ? 'DISABLED' : 'ENABLED' } as const,
    ])
    return { type: 'settings', userId: chosen.userId, settings: changes }
  }

  function ofPerson(
    type: 'leave' | 'return' | 'block' | 'unblock',
    fits: (person: Person) => boolean,
  ): () => Move | null {
    return () => {
      const person = someone((candidate) => candidate.id !== keyOwnerId && fits(candidate))
      return person && { type, userId: person.id }
    }
  }

  const proposals: Record<keyof typeof SALES_DAY, (only?: string) => Move | null> = {
    progress,
    dial,
    second_dial: secondDial,
    sync,
    touch: (only) => {
      const chosen = somePlace(only)
      return chosen && { type: 'touch', userId: chosen.userId, position: chosen.place.position }
    },
    append,
    duplicate,
    remove_number: (only) => {
      const chosen = somePlace(only)
      return (
        chosen && { type: 'remove_number', userId: chosen.userId, number: chosen.place.entry.stay.numberTo }
      )
    },
    remove_positions: removePositions,
    clear_uncalled: (only) => {
      const chosen = someQueue(only)
      return chosen && { type: 'clear_uncalled', userId: chosen.userId }
    },
    refill,
    reset: (only) => {
      const chosen = someQueue(only)
      return (
        chosen && { type: 'reset', userId: chosen.userId, fill: random.chance(0.5) ? random.int(1, 60) : 0 }
      )
    },
    first_queue: (only) => {
      const person = someone(({ isOnTeam, queueId }) => isOnTeam && queueId === null, only)
      return person && { type: 'reset', userId: person.id, fill: random.int(0, 60) }
    },
    remove_queue: (only) => {
      const chosen = someQueue(only)
      return chosen && { type: 'remove_queue', userId: chosen.userId }
    },
    restore_queue: (only) => {
      const person = someone(
        ({ isOnTeam, queueId, olderQueueIds }) => isOnTeam && queueId !== null && olderQueueIds.length > 0,
        only,
      )
      return person && { type: 'remove_queue', userId: person.id, restoreOlder: true }
    },
    settings,
    reassign: () => {
      const chosen = someQueue()
      const to = someone(({ isOnTeam, queueId }) => isOnTeam && (queueId === null || random.chance(0.2)))
      return chosen && to && chosen.userId !== to.id
        ? { type: 'reassign', userId: chosen.userId, to: to.id }
        : null
    },
    swap: () => {
      const pair = twoWithQueues()
      return pair && { type: 'swap', userId: pair[0], with: pair[1] }
    },
    leave: ofPerson('leave', ({ isOnTeam }) => isOnTeam),
    return: ofPerson('return', ({ isOnTeam }) => !isOnTeam),
    block: ofPerson('block', ({ isOnTeam, row }) => isOnTeam && row.status === 'ACTIVE'),
    unblock: ofPerson('unblock', ({ isOnTeam, row }) => isOnTeam && row.status === 'BLOCKED'),
    join: () => ({ type: 'join', numbers: random.chance(0.3) ? null : random.int(0, 40) }),
    edit_teammate: () => {
      const person = someone(({ isOnTeam }) => isOnTeam)
      return person && { type: 'edit_teammate', userId: person.id, changes: { name: personName(random) } }
    },
  }

  return { next }
}

const OWN_QUEUE = new Set<Move['type']>([
  'append',
  'remove_number',
  'remove_positions',
  'clear_uncalled',
  'settings',
  'reset',
  'remove_queue',
])
