import { emailOf, personName, phoneNumber } from './invented-people.ts'
import type { Random } from './random.ts'
import { appendEntries, type Entry, type Place, placeOfPosition, type Roster } from './roster.ts'
import { NO_RESULT, type QueueRow, type Role, type TeammateRow } from './shapes.ts'
import type { Dial, QueueStanding, Timeline } from './timeline.ts'

/** The team as it is now. Moves change it, and record each change in the timeline. */
export interface TeamState {
  readonly random: Random
  readonly timeline: Timeline
  readonly people: Map<string, Person>
  readonly queues: Map<string, Queue>
  /** The open dial of an entry, if any. */
  readonly openDials: Map<number, Dial>
  /** Phone numbers used so far. The next one is new to the team. */
  numbersUsed: number
  entriesMade: number
  /** A time of the source as text, as the API writes it: now, or some time ago. */
  sourceTime(msAgo?: number): string
  /** Whether this removal renumbers the other numbers. */
  renumbers(): boolean
}

/** The time of a move, and the same moment as Allo writes it. */
export interface When {
  readonly at: number
  readonly sourceTime: string
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

export function personOf(team: TeamState, userId: string): Person {
  const person = team.people.get(userId)
  if (!person) throw new Error(`no teammate has the id ${userId}`)
  return person
}

export function teammate(team: TeamState, userId: string): Person {
  const person = personOf(team, userId)
  if (!person.isOnTeam) throw new Error(`${userId} is not on the team`)
  return person
}

export function queueOf(team: TeamState, userId: string): Queue {
  const { queueId } = teammate(team, userId)
  const queue = queueId === null ? undefined : team.queues.get(queueId)
  if (!queue) throw new Error(`${userId} has no queue`)
  return queue
}

export function placeIn(queue: Queue, position: number): Place {
  const place = placeOfPosition(queue.roster, position)
  if (!place) throw new Error(`queue ${queue.id} has no number at position ${position}`)
  return place
}

export function recordPerson({ timeline }: TeamState, person: Person, at: number): void {
  const teammate = person.isOnTeam ? person.row : null
  timeline.recordPerson(person.id, { at, teammate, queueId: person.queueId })
}

export function recordQueue({ timeline }: TeamState, queue: Queue, at: number): void {
  timeline.recordQueue({ at, standing: queue.standing, queue: queue.row, roster: queue.roster })
}

/** Records a queue whose settings or members changed: `updated_at` changes with them. */
export function changeQueue(
  team: TeamState,
  queue: Queue,
  { at, sourceTime }: When,
  changes: Partial<QueueRow> = {},
): void {
  queue.row = { ...queue.row, ...changes, updated_at: sourceTime }
  recordQueue(team, queue, at)
}

export function addPerson(
  team: TeamState,
  at: number,
  traits: { name?: string; role?: Role; status?: TeammateRow['status'] } = {},
): Person {
  const { random, people } = team
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
  recordPerson(team, person, at)
  return person
}

/** A new, empty queue becomes this teammate's current one; the caller records it once it is filled. */
export function openQueue(team: TeamState, person: Person, createdAt: string): Queue {
  const row: QueueRow = {
    id: `pdl_${team.random.text(27)}`,
    name: `${person.row.name.split(' ')[0] ?? 'My'}'s queue`,
    creator_id: person.id,
    assignee_id: person.id,
    voicemail_handling: team.random.chance(0.7) ? 'NO_SKIP' : 'SKIP',
    do_not_disturb: 'DISABLED',
    created_at: createdAt,
    updated_at: createdAt,
  }
  const queue: Queue = { id: row.id, row, standing: 'current', roster: [] }
  team.queues.set(queue.id, queue)
  person.queueId = queue.id
  return queue
}

/** Appends in the given order. */
export function appendNumbers(team: TeamState, queue: Queue, numbers: readonly string[], when: When): void {
  const entries = numbers.map((number) => newEntry(team, queue, number, when))
  queue.roster = appendEntries(queue.roster, entries)
}

export function newEntry(team: TeamState, queue: Queue, numberTo: string, { at, sourceTime }: When): Entry {
  team.entriesMade += 1
  const stay = {
    entryId: team.entriesMade,
    queueId: queue.id,
    numberTo,
    createdAt: sourceTime,
    since: at,
    until: null,
    endedBy: null,
  }
  team.timeline.recordStay(stay)
  return {
    stay,
    updated_at: sourceTime,
    call_start_date: null,
    call_id: null,
    sync_status: 'NOT_SYNCED',
    ...NO_RESULT,
  }
}

export function newNumbers(team: TeamState, count: number): string[] {
  return Array.from({ length: count }, () => {
    team.numbersUsed += 1
    return phoneNumber(team.numbersUsed - 1)
  })
}
