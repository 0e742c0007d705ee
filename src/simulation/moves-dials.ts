import type { Outcome, When } from './move.ts'
import { changeQueue, type Present, placeIn, type Queue, queueOf } from './present.ts'
import { type Entry, type Place, replaceEntry } from './roster.ts'
import { type CallResult, NO_RESULT, type SyncStatus } from './shapes.ts'
import type { Dial } from './timeline.ts'

/** Moves of one number: it is dialled, the call gets a result, its contact is synchronised. */
export const dialMoves = { dial, placeCall, result, sync, touch }

interface Target {
  readonly userId: string
  readonly position: number
}

function dial(
  present: Present,
  { callId, ...target }: Target & { callId?: boolean },
  when: When,
): Omit<Outcome, 'at'> {
  const queue = queueOf(present, target.userId)
  const place = placeIn(queue, target.position)
  const made: Dial = {
    entryId: place.entry.stay.entryId,
    queueId: queue.id,
    userId: target.userId,
    number_to: place.entry.stay.numberTo,
    position: place.position,
    at: when.at,
    call_start_date: when.sourceTime,
    call_id: callId === false ? null : newCallId(present),
    ...NO_RESULT,
  }
  present.timeline.recordDial(made)
  present.openDials.set(made.entryId, made)
  const { call_start_date, call_id } = made
  write(present, queue, place, { ...NO_RESULT, call_start_date, call_id }, when)
  return outcomeOf(queue, target, made.call_id)
}

function placeCall(present: Present, target: Target, when: When): Omit<Outcome, 'at'> {
  const queue = queueOf(present, target.userId)
  const place = placeIn(queue, target.position)
  const open = openDial(present, place)
  if (open.call_id !== null) throw new Error(`the call at position ${target.position} has its id already`)
  open.call_id = newCallId(present)
  write(present, queue, place, { call_id: open.call_id }, when)
  return outcomeOf(queue, target, open.call_id)
}

function result(
  present: Present,
  { result, ...target }: Target & { result: Partial<CallResult> },
  when: When,
): Omit<Outcome, 'at'> {
  const queue = queueOf(present, target.userId)
  const place = placeIn(queue, target.position)
  const open = openDial(present, place)
  Object.assign(open, result)
  write(present, queue, place, result, when)
  return outcomeOf(queue, target, open.call_id)
}

function sync(
  present: Present,
  { status, ...target }: Target & { status: SyncStatus },
  when: When,
): Omit<Outcome, 'at'> {
  const queue = queueOf(present, target.userId)
  write(present, queue, placeIn(queue, target.position), { sync_status: status }, when)
  return outcomeOf(queue, target, null)
}

function touch(present: Present, target: Target, when: When): Omit<Outcome, 'at'> {
  const queue = queueOf(present, target.userId)
  write(present, queue, placeIn(queue, target.position), {}, when)
  return outcomeOf(queue, target, null)
}

function write(present: Present, queue: Queue, place: Place, changes: Partial<Entry>, when: When): void {
  const entry: Entry = { ...place.entry, ...changes, updated_at: when.sourceTime }
  queue.roster = replaceEntry(queue.roster, place.index, entry)
  changeQueue(present, queue, when.at)
}

function openDial(present: Present, { entry, position }: Place): Dial {
  const open = present.openDials.get(entry.stay.entryId)
  if (!open) throw new Error(`the number at position ${position} was not dialled`)
  return open
}

function newCallId(present: Present): string {
  return `cll-${present.random.text(20)}`
}

function outcomeOf(queue: Queue, { userId, position }: Target, callId: string | null): Omit<Outcome, 'at'> {
  const outcome = { userIds: [userId], queueId: queue.id, positions: [position] }
  return callId === null ? outcome : { ...outcome, callId }
}
