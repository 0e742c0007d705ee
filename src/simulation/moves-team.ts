import type { ApplyMove } from './move.ts'
import type { QueueRow, TeammateRow } from './shapes.ts'
import {
  addPerson,
  appendNumbers,
  changeQueue,
  newNumbers,
  openQueue,
  type Person,
  personOf,
  type Queue,
  queueOf,
  recordPerson,
  recordQueue,
  type TeamState,
  teammate,
  type When,
} from './team-state.ts'

export interface OfTeammate {
  readonly userId: string
}

const settings: ApplyMove<
  OfTeammate & { settings: Partial<Pick<QueueRow, 'name' | 'voicemail_handling' | 'do_not_disturb'>> }
> = (team, { userId, settings }, when) => {
  const queue = queueOf(team, userId)
  changeQueue(team, queue, when, settings)
  return { userIds: [userId], queueId: queue.id }
}

/** A new queue with a new id, empty or with `fill` new numbers; the one there was is replaced. */
const reset: ApplyMove<OfTeammate & { fill?: number }> = (team, { userId, fill = 0 }, when) => {
  const person = teammate(team, userId)
  retireCurrent(team, person, when)
  const queue = openQueue(team, person, when.sourceTime)
  appendNumbers(team, queue, newNumbers(team, fill), when)
  recordQueue(team, queue, when.at)
  recordPerson(team, person, when.at)
  return { userIds: [userId], queueId: queue.id }
}

/** Removes the current queue; with `restoreOlder` the API shows the one it had replaced again. */
const removeQueue: ApplyMove<OfTeammate & { restoreOlder?: boolean }> = (
  team,
  { userId, restoreOlder = false },
  when,
) => {
  const person = teammate(team, userId)
  const queue = queueOf(team, userId)
  if (restoreOlder && person.olderQueueIds.length === 0) throw new Error(`${userId} has no older queue`)
  stand(team, queue, 'removed', when)
  const older = restoreOlder ? team.queues.get(person.olderQueueIds.pop() ?? '') : undefined
  if (older) stand(team, older, 'current', when)
  person.queueId = older?.id ?? null
  recordPerson(team, person, when.at)
  return { userIds: [userId], queueId: queue.id }
}

/** Reassigns the queue to another teammate, whose own queue, if any, is replaced. */
const reassign: ApplyMove<OfTeammate & { to: string }> = (team, { userId, to }, when) => {
  const giver = teammate(team, userId)
  const taker = teammate(team, to)
  const queue = queueOf(team, userId)
  if (giver === taker) throw new Error(`${userId} holds queue ${queue.id} already`)
  retireCurrent(team, taker, when)
  giver.queueId = null
  hand(team, queue, taker, when)
  recordPerson(team, giver, when.at)
  recordPerson(team, taker, when.at)
  return { userIds: [userId, to], queueId: queue.id }
}

const swap: ApplyMove<OfTeammate & { with: string }> = (team, move, when) => {
  const one = teammate(team, move.userId)
  const other = teammate(team, move.with)
  const queue = queueOf(team, one.id)
  const otherQueue = queueOf(team, other.id)
  if (one === other) throw new Error(`${one.id} can't swap with itself`)
  hand(team, queue, other, when)
  hand(team, otherQueue, one, when)
  recordPerson(team, one, when.at)
  recordPerson(team, other, when.at)
  return { userIds: [one.id, other.id], queueId: queue.id }
}

const leave: ApplyMove<OfTeammate> = (team, { userId }, when) => {
  const person = teammate(team, userId)
  person.isOnTeam = false
  recordPerson(team, person, when.at)
  return { userIds: [userId] }
}

const comeBack: ApplyMove<OfTeammate> = (team, { userId }, when) => {
  const person = personOf(team, userId)
  if (person.isOnTeam) throw new Error(`${userId} is on the team`)
  person.isOnTeam = true
  recordPerson(team, person, when.at)
  return { userIds: [userId] }
}

const becomes =
  (status: TeammateRow['status']): ApplyMove<OfTeammate> =>
  (team, { userId }, when) => {
    if (teammate(team, userId).row.status === status) throw new Error(`${userId} is ${status} already`)
    return changeRow(team, userId, { status }, when)
  }

/** `numbers` null: no queue. */
const join: ApplyMove<{ name?: string; numbers?: number | null }> = (team, { name, numbers = 0 }, when) => {
  const person = addPerson(team, when.at, name === undefined ? {} : { name })
  if (numbers === null) return { userIds: [person.id] }
  return reset(team, { userId: person.id, fill: numbers }, when)
}

const edit: ApplyMove<
  OfTeammate & { changes: Partial<Pick<TeammateRow, 'name' | 'email' | 'role' | 'image_url'>> }
> = (team, { userId, changes }, when) => changeRow(team, userId, changes, when)

/** Moves of teammates and of whole queues: created, replaced, reassigned. */
export const teamMoves = {
  settings,
  reset,
  remove_queue: removeQueue,
  reassign,
  swap,
  leave,
  return: comeBack,
  block: becomes('BLOCKED'),
  unblock: becomes('ACTIVE'),
  join,
  edit_teammate: edit,
}

function changeRow(team: TeamState, userId: string, changes: Partial<TeammateRow>, when: When) {
  const person = teammate(team, userId)
  person.row = { ...person.row, ...changes }
  recordPerson(team, person, when.at)
  return { userIds: [userId] }
}

/** The API shows only the newest queue. An older one is kept in case the newer one is removed. */
function retireCurrent(team: TeamState, person: Person, when: When): void {
  const queue = person.queueId === null ? undefined : team.queues.get(person.queueId)
  if (!queue) return
  stand(team, queue, 'replaced', when)
  person.olderQueueIds.push(queue.id)
  person.queueId = null
}

function stand(team: TeamState, queue: Queue, standing: Queue['standing'], when: When): void {
  queue.standing = standing
  recordQueue(team, queue, when.at)
}

function hand(team: TeamState, queue: Queue, to: Person, when: When): void {
  to.queueId = queue.id
  changeQueue(team, queue, when, { assignee_id: to.id })
}
