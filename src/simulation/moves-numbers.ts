import type { ApplyMove, MoveResult } from './move.ts'
import { endPosition, fillGap, type Place, placeOfPosition, removePlaces, type Stay } from './roster.ts'
import {
  appendNumbers,
  changeQueue,
  newEntry,
  newNumbers,
  placeIn,
  queueOf,
  type TeamState,
  type When,
} from './team-state.ts'

/** Appends these numbers, or `count` (default 1) new ones. Numbers may already be in the queue. */
const append: ApplyMove<{ userId: string; numbers?: readonly string[]; count?: number }> = (
  team,
  { userId, numbers, count = 1 },
  when,
) => {
  const queue = queueOf(team, userId)
  const added = numbers ?? newNumbers(team, count)
  const first = endPosition(queue.roster)
  appendNumbers(team, queue, added, when)
  changeQueue(team, queue, when)
  return { userIds: [userId], queueId: queue.id, positions: added.map((_, index) => first + index) }
}

/** Reuses a free position below the last one. */
const refill: ApplyMove<{ userId: string; position: number; number?: string }> = (
  team,
  { userId, position, number },
  when,
) => {
  const queue = queueOf(team, userId)
  if (position < 0 || position >= endPosition(queue.roster)) {
    throw new Error(`position ${position} is not between numbers of queue ${queue.id}`)
  }
  if (placeOfPosition(queue.roster, position)) throw new Error(`position ${position} is taken`)
  const [numberTo = ''] = number === undefined ? newNumbers(team, 1) : [number]
  queue.roster = fillGap(queue.roster, position, newEntry(team, queue, numberTo, when))
  changeQueue(team, queue, when)
  return { userIds: [userId], queueId: queue.id, positions: [position] }
}

export interface Removal {
  readonly userId: string
  readonly renumber?: boolean
}

/** Removes every entry of that number, because the API can't distinguish duplicates. */
const removeNumber: ApplyMove<Removal & { number: string }> = (team, { number, ...removal }, when) =>
  remove(team, removal, ({ entry }) => entry.stay.numberTo === number, 'removed', when)

const removePositions: ApplyMove<Removal & { positions: readonly number[] }> = (
  team,
  { positions, ...removal },
  when,
) => {
  const queue = queueOf(team, removal.userId)
  for (const position of positions) placeIn(queue, position)
  const named = new Set(positions)
  return remove(team, removal, ({ position }) => named.has(position), 'removed', when)
}

/** Removes all numbers without a call, of which there may be none. */
const clearUncalled: ApplyMove<Removal> = (team, removal, when) => {
  const isUncalled = ({ entry }: Place) => entry.call_start_date === null && entry.call_id === null
  return remove(team, removal, isUncalled, 'cleared', when)
}

/** Moves that add numbers to a queue and remove them. */
export const numberMoves = {
  append,
  refill,
  remove_number: removeNumber,
  remove_positions: removePositions,
  clear_uncalled: clearUncalled,
}

function remove(
  team: TeamState,
  { userId, renumber }: Removal,
  isRemoved: (place: Place) => boolean,
  endedBy: Stay['endedBy'],
  when: When,
): MoveResult {
  const queue = queueOf(team, userId)
  const removed = queue.roster.filter(isRemoved)
  const roster = removePlaces(queue.roster, isRemoved, renumber ?? team.renumbers())
  if (endedBy === 'removed' && removed.length === 0) throw new Error(`queue ${queue.id} has no such number`)
  for (const { entry } of removed) {
    Object.assign(entry.stay, { until: when.at, endedBy })
    team.openDials.delete(entry.stay.entryId)
  }
  queue.roster = roster
  changeQueue(team, queue, when)
  return { userIds: [userId], queueId: queue.id, positions: removed.map(({ position }) => position) }
}
