import { emailOf, personName, phoneNumber } from './invented-people.ts'
import type { Random } from './random.ts'
import {
  appendEntries,
  EMPTY_ROSTER,
  type Entry,
  type Place,
  placeOfPosition,
  type Roster,
} from './roster.ts'
import { NO_RESULT, type QueueRow, type Role, type TeammateRow } from './shapes.ts'
import type { Dial, QueueStanding, Timeline } from './timeline.ts'

/** The present state of the team. Moves change it, and record each change in the timeline. */
export interface Present {
  readonly random: Random
  readonly timeline: Timeline
  readonly people: Map<string, Person>
  readonly queues: Map<string, Queue>
  /** The open dial of an entry, if any. */
  readonly openDials: Map<number, Dial>
  /** Phone numbers handed out so far: the next one is new to the team. */
  numbersUsed: number
  entriesMade: number
  /** A time of the source as text, as the API writes it: now, or some time ago. */
  sourceTime(msAgo?: number): string
  /** Whether this removal renumbers the rest. */
  renumbers(): boolean
}

export interface Person {
  readonly id: string
  row: TeammateRow
  isOnTeam: boolean
  queueId: string | null
  /** Queues that were replaced, latest last. The API shows none of them while a newer one exists. */
  readonly olderQueueIds: string[]
}

export interface Queue {
  readonly id: string
  row: QueueRow
  standing: QueueStanding
  roster: Roster
}

export function teammate(present: Present, userId: string): Person {
  const person = present.people.get(userId)
  if (!person) throw new Error(`no teammate has the id ${userId}`)
  if (!person.isOnTeam) throw new Error(`${userId} is not on the team`)
  return person
}

export function queueOf(present: Present, userId: string): Queue {
  const { queueId } = teammate(present, userId)
  const queue = queueId === null ? undefined : present.queues.get(queueId)
  if (!queue) throw new Error(`${userId} has no queue`)
  return queue
}

export function placeIn(queue: Queue, position: number): Place {
  const place = placeOfPosition(queue.roster, position)
  if (!place) throw new Error(`queue ${queue.id} has no number at position ${position}`)
  return place
}

export function changePerson(present: Present, person: Person, at: number): void {
  const teammate = person.isOnTeam ? person.row : null
  present.timeline.recordPerson(person.id, { at, teammate, queueId: person.queueId })
}

export function changeQueue(present: Present, queue: Queue, at: number): void {
  present.timeline.recordQueue({ at, standing: queue.standing, queue: queue.row, roster: queue.roster })
}

export function addPerson(
  present: Present,
  at: number,
  traits: { name?: string; role?: Role; status?: TeammateRow['status'] } = {},
): Person {
  const { random, people } = present
  const ordinal = people.size
  const name = traits.name ?? personName(random)
  const id = `usr-${random.text(12)}`
  const row: TeammateRow = {
    id,
    name,
    email: emailOf(name, ordinal),
    role: traits.role ?? 'MEMBER',
    status: traits.status ?? 'ACTIVE',
    image_url: random.chance(0.7) ? `https://images.sales.example/${id}.png` : null,
  }
  const person: Person = { id, row, isOnTeam: true, queueId: null, olderQueueIds: [] }
  people.set(id, person)
  changePerson(present, person, at)
  return person
}

/** A new, empty queue becomes this teammate's current one; the caller records it once it is filled. */
export function openQueue(present: Present, person: Person, createdAt: string): Queue {
  const row: QueueRow = {
    id: `pdl_${present.random.text(27)}`,
    name: `${person.row.name.split(' ')[0] ?? 'My'}'s queue`,
    creator_id: person.id,
    assignee_id: person.id,
    voicemail_handling: present.random.chance(0.7) ? 'NO_SKIP' : 'SKIP',
    do_not_disturb: 'DISABLED',
    created_at: createdAt,
    updated_at: createdAt,
  }
  const queue: Queue = { id: row.id, row, standing: 'current', roster: EMPTY_ROSTER }
  present.queues.set(queue.id, queue)
  person.queueId = queue.id
  return queue
}

/** Appends in the given order. */
export function appendNumbers(
  present: Present,
  queue: Queue,
  numbers: readonly string[],
  when: { at: number; createdAt: string },
): Entry[] {
  const entries = numbers.map((number) => newEntry(present, queue, number, when))
  queue.roster = appendEntries(queue.roster, entries)
  return entries
}

export function newEntry(
  present: Present,
  queue: Queue,
  numberTo: string,
  { at, createdAt }: { at: number; createdAt: string },
): Entry {
  present.entriesMade += 1
  const stay = {
    entryId: present.entriesMade,
    queueId: queue.id,
    numberTo,
    createdAt,
    since: at,
    until: null,
    endedBy: null,
  }
  present.timeline.recordStay(stay)
  return {
    stay,
    updated_at: createdAt,
    call_start_date: null,
    call_id: null,
    sync_status: 'NOT_SYNCED',
    ...NO_RESULT,
  }
}

export function newNumbers(present: Present, count: number): string[] {
  return Array.from({ length: count }, () => {
    present.numbersUsed += 1
    return phoneNumber(present.numbersUsed - 1)
  })
}

/** Changes `updated_at` of the queue, at every change of its settings or members. */
export function touchQueue(queue: Queue, sourceTime: string, changes: Partial<QueueRow> = {}): void {
  queue.row = { ...queue.row, ...changes, updated_at: sourceTime }
}
