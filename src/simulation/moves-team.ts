import type { Outcome, When } from './move.ts'
import {
  addPerson,
  appendNumbers,
  changePerson,
  changeQueue,
  newNumbers,
  openQueue,
  type Person,
  type Present,
  type Queue,
  queueOf,
  teammate,
  touchQueue,
} from './present.ts'
import type { QueueRow, TeammateRow } from './shapes.ts'

/** Moves of teammates and of whole queues: created, replaced, reassigned. */
export const teamMoves = { settings, reset, removeQueue, reassign, swap, membership, join, edit }

function settings(
  present: Present,
  { userId, settings }: { userId: string; settings: Partial<QueueRow> },
  when: When,
): Omit<Outcome, 'at'> {
  const queue = queueOf(present, userId)
  touchQueue(queue, when.sourceTime, settings)
  changeQueue(present, queue, when.at)
  return { userIds: [userId], queueId: queue.id }
}

function reset(
  present: Present,
  { userId, fill = 0 }: { userId: string; fill?: number },
  when: When,
): Omit<Outcome, 'at'> {
  const person = teammate(present, userId)
  retireCurrent(present, person, when)
  const queue = openQueue(present, person, when.sourceTime)
  appendNumbers(present, queue, newNumbers(present, fill), { at: when.at, createdAt: when.sourceTime })
  changeQueue(present, queue, when.at)
  changePerson(present, person, when.at)
  return { userIds: [userId], queueId: queue.id }
}

function removeQueue(
  present: Present,
  { userId, restoreOlder = false }: { userId: string; restoreOlder?: boolean },
  when: When,
): Omit<Outcome, 'at'> {
  const person = teammate(present, userId)
  const queue = queueOf(present, userId)
  if (restoreOlder && person.olderQueueIds.length === 0) throw new Error(`${userId} has no older queue`)
  stand(present, queue, 'removed', when)
  person.queueId = null
  if (restoreOlder) {
    const older = present.queues.get(person.olderQueueIds.pop() ?? '')
    if (older) {
      person.queueId = older.id
      stand(present, older, 'current', when)
    }
  }
  changePerson(present, person, when.at)
  return { userIds: [userId], queueId: queue.id }
}

function reassign(
  present: Present,
  { userId, to }: { userId: string; to: string },
  when: When,
): Omit<Outcome, 'at'> {
  const giver = teammate(present, userId)
  const taker = teammate(present, to)
  const queue = queueOf(present, userId)
  if (giver === taker) throw new Error(`${userId} holds queue ${queue.id} already`)
  retireCurrent(present, taker, when)
  giver.queueId = null
  hand(present, queue, taker, when)
  changePerson(present, giver, when.at)
  changePerson(present, taker, when.at)
  return { userIds: [userId, to], queueId: queue.id }
}

function swap(present: Present, move: { userId: string; with: string }, when: When): Omit<Outcome, 'at'> {
  const one = teammate(present, move.userId)
  const other = teammate(present, move.with)
  const queue = queueOf(present, one.id)
  const otherQueue = queueOf(present, other.id)
  if (one === other) throw new Error(`${one.id} can't swap with itself`)
  hand(present, queue, other, when)
  hand(present, otherQueue, one, when)
  changePerson(present, one, when.at)
  changePerson(present, other, when.at)
  return { userIds: [one.id, other.id], queueId: queue.id }
}

function membership(
  present: Present,
  { type, userId }: { type: 'leave' | 'return' | 'block' | 'unblock'; userId: string },
  when: When,
): Omit<Outcome, 'at'> {
  const person = present.people.get(userId)
  if (!person) throw new Error(`no teammate has the id ${userId}`)
  if (person.isOnTeam === (type === 'return')) {
    throw new Error(`${userId} is ${person.isOnTeam ? 'on' : 'not on'} the team`)
  }
  if (type === 'leave' || type === 'return') person.isOnTeam = type === 'return'
  else {
    const status = type === 'block' ? 'BLOCKED' : 'ACTIVE'
    if (person.row.status === status) throw new Error(`${userId} is ${status} already`)
    person.row = { ...person.row, status }
  }
  changePerson(present, person, when.at)
  return { userIds: [userId] }
}

function join(
  present: Present,
  { name, numbers = 0 }: { name?: string; numbers?: number | null },
  when: When,
): Omit<Outcome, 'at'> {
  const person = addPerson(present, when.at, name === undefined ? {} : { name })
  if (numbers === null) return { userIds: [person.id] }
  return reset(present, { userId: person.id, fill: numbers }, when)
}

function edit(
  present: Present,
  { userId, changes }: { userId: string; changes: Partial<TeammateRow> },
  when: When,
): Omit<Outcome, 'at'> {
  const person = teammate(present, userId)
  person.row = { ...person.row, ...changes }
  changePerson(present, person, when.at)
  return { userIds: [userId] }
}

/** The API shows only the newest queue. An older one is kept in case the newer one is removed. */
function retireCurrent(present: Present, person: Person, when: When): void {
  const queue = person.queueId === null ? undefined : present.queues.get(person.queueId)
  if (!queue) return
  stand(present, queue, 'replaced', when)
  person.olderQueueIds.push(queue.id)
  person.queueId = null
}

function stand(present: Present, queue: Queue, standing: Queue['standing'], when: When): void {
  queue.standing = standing
  changeQueue(present, queue, when.at)
}

function hand(present: Present, queue: Queue, to: Person, when: When): void {
  to.queueId = queue.id
  touchQueue(queue, when.sourceTime, { assignee_id: to.id })
  changeQueue(present, queue, when.at)
}
