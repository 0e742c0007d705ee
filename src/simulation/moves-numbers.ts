import type { Outcome, When } from './move.ts'
import {
  appendNumbers,
  changeQueue,
  newEntry,
  newNumbers,
  type Present,
  placeIn,
  type Queue,
  queueOf,
  touchQueue,
} from './present.ts'
import { endPosition, fillGap, type Place, placeOfPosition, removeEntries, type Stay } from './roster.ts'

/** Moves that add numbers to a queue and remove them. */
export const numberMoves = { append, refill, removeNumber, removePositions, clearUncalled }

function append(
  present: Present,
  { userId, numbers, count = 1 }: { userId: string; numbers?: readonly string[]; count?: number },
  when: When,
): Omit<Outcome, 'at'> {
  const queue = queueOf(present, userId)
  const added = numbers ?? newNumbers(present, count)
  const first = endPosition(queue.roster)
  appendNumbers(present, queue, added, { at: when.at, createdAt: when.sourceTime })
  finish(present, queue, when)
  return { userIds: [userId], queueId: queue.id, positions: added.map((_, index) => first + index) }
}

function refill(
  present: Present,
  { userId, position, number }: { userId: string; position: number; number?: string },
  when: When,
): Omit<Outcome, 'at'> {
  const queue = queueOf(present, userId)
  if (position < 0 || position >= endPosition(queue.roster)) {
    throw new Error(`position ${position} is not between numbers of queue ${queue.id}`)
  }
  if (placeOfPosition(queue.roster, position)) throw new Error(`position ${position} is taken`)
  const [numberTo = ''] = number === undefined ? newNumbers(present, 1) : [number]
  const entry = newEntry(present, queue, numberTo, { at: when.at, createdAt: when.sourceTime })
  queue.roster = fillGap(queue.roster, position, entry)
  finish(present, queue, when)
  return { userIds: [userId], queueId: queue.id, positions: [position] }
}

/** Removes every entry of that number, because the API can't distinguish duplicates. */
function removeNumber(
  present: Present,
  { userId, number, renumber }: { userId: string; number: string; renumber?: boolean },
  when: When,
): Omit<Outcome, 'at'> {
  const isThat = ({ entry }: Place) => entry.stay.numberTo === number
  return remove(present, userId, isThat, { how: 'removed', renumber, atLeastOne: true }, when)
}

function removePositions(
  present: Present,
  { userId, positions, renumber }: { userId: string; positions: readonly number[]; renumber?: boolean },
  when: When,
): Omit<Outcome, 'at'> {
  const queue = queueOf(present, userId)
  for (const position of positions) placeIn(queue, position)
  const named = new Set(positions)
  const isNamed = ({ position }: Place) => named.has(position)
  return remove(present, userId, isNamed, { how: 'removed', renumber, atLeastOne: true }, when)
}

function clearUncalled(
  present: Present,
  { userId, renumber }: { userId: string; renumber?: boolean },
  when: When,
): Omit<Outcome, 'at'> {
  const isUncalled = ({ entry }: Place) => entry.call_start_date === null && entry.call_id === null
  return remove(present, userId, isUncalled, { how: 'cleared', renumber, atLeastOne: false }, when)
}

function remove(
  present: Present,
  userId: string,
  isRemoved: (place: Place) => boolean,
  { how, renumber, atLeastOne }: { how: Stay['endedBy']; renumber: boolean | undefined; atLeastOne: boolean },
  when: When,
): Omit<Outcome, 'at'> {
  const queue = queueOf(present, userId)
  const removed: Place[] = []
  const collect = (place: Place) => {
    const leaves = isRemoved(place)
    if (leaves) removed.push(place)
    return leaves
  }
  const roster = removeEntries(queue.roster, collect, renumber ?? present.renumbers())
  if (atLeastOne && removed.length === 0) throw new Error(`queue ${queue.id} has no such number`)
  for (const { entry } of removed) {
    entry.stay.until = when.at
    entry.stay.endedBy = how
    present.openDials.delete(entry.stay.entryId)
  }
  queue.roster = roster
  finish(present, queue, when)
  return { userIds: [userId], queueId: queue.id, positions: removed.map(({ position }) => position) }
}

function finish(present: Present, queue: Queue, when: When): void {
  touchQueue(queue, when.sourceTime)
  changeQueue(present, queue, when.at)
}
