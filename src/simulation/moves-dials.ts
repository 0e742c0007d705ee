import type { ApplyMove, MoveResult } from './move.ts'
import { type Entry, replaceEntry } from './roster.ts'
import { type CallResult, NO_RESULT, type SyncStatus } from './shapes.ts'
import { placeIn, queueOf, recordQueue, type TeamState, type When } from './team-state.ts'
import type { Dial } from './timeline.ts'

export interface Target {
  readonly userId: string
  readonly position: number
}

/** The rep starts calling a number, for the first time or again; `callId` false: the call's id arrives later. */
const dial: ApplyMove<Target & { callId?: boolean }> = (team, { callId, ...target }, when) => {
  const queue = queueOf(team, target.userId)
  const { entry, position } = placeIn(queue, target.position)
  const call_start_date = when.sourceTime
  const call_id = callId === false ? null : newCallId(team)
  const made: Dial = {
    entryId: entry.stay.entryId,
    queueId: queue.id,
    userId: target.userId,
    number_to: entry.stay.numberTo,
    position,
    at: when.at,
    call_start_date,
    call_id,
    ...NO_RESULT,
  }
  team.timeline.recordDial(made)
  team.openDials.set(made.entryId, made)
  return changeEntry(team, target, { ...NO_RESULT, call_start_date, call_id }, when)
}

/** The id of the current call appears. */
const placeCall: ApplyMove<Target> = (team, target, when) => {
  const open = openDial(team, target)
  if (open.call_id !== null) throw new Error(`the call at position ${target.position} has its id already`)
  open.call_id = newCallId(team)
  return changeEntry(team, target, { call_id: open.call_id }, when)
}

/** A result of the call appears; missing fields stay unchanged. */
const result: ApplyMove<Target & { result: Partial<CallResult> }> = (team, { result, ...target }, when) => {
  Object.assign(openDial(team, target), result)
  return changeEntry(team, target, result, when)
}

const sync: ApplyMove<Target & { status: SyncStatus }> = (team, { status, ...target }, when) =>
  changeEntry(team, target, { sync_status: status }, when)

/** Only `updated_at` changes. */
const touch: ApplyMove<Target> = (team, target, when) => changeEntry(team, target, {}, when)

/** Moves of one number: it is dialled, the call gets a result, its contact is synchronised. */
export const dialMoves = { dial, place_call: placeCall, result, sync, touch }

function changeEntry(
  team: TeamState,
  { userId, position }: Target,
  changes: Partial<Entry>,
  when: When,
): MoveResult {
  const queue = queueOf(team, userId)
  const place = placeIn(queue, position)
  const changed = { ...place.entry, ...changes, updated_at: when.sourceTime }
  queue.roster = replaceEntry(queue.roster, place, changed)
  recordQueue(team, queue, when.at)
  return { userIds: [userId], queueId: queue.id, positions: [position], callId: changed.call_id }
}

function openDial(team: TeamState, { userId, position }: Target): Dial {
  const { entry } = placeIn(queueOf(team, userId), position)
  const open = team.openDials.get(entry.stay.entryId)
  if (!open) throw new Error(`the number at position ${position} was not dialled`)
  return open
}

function newCallId(team: TeamState): string {
  return `cll-${team.random.text(20)}`
}
