import type { CallResult, NumberRow, SyncStatus } from './shapes.ts'

/**
 * The numbers of a queue at one moment, in order of position: a value. Every change makes a new array, which shares the
 * unchanged places with the old one.
 */
export type Roster = readonly Place[]

export interface Place {
  readonly position: number
  readonly entry: Entry
}

/** One entry: a number in a queue from its addition to its removal, at any positions. */
export interface Stay {
  readonly entryId: number
  readonly queueId: string
  readonly numberTo: string
  readonly createdAt: string
  readonly since: number
  until: number | null
  endedBy: 'removed' | 'cleared' | null
}

/** A stay with everything the API shows of it but its position. Immutable. */
export interface Entry extends CallResult {
  readonly stay: Stay
  readonly updated_at: string
  readonly call_start_date: string | null
  readonly call_id: string | null
  readonly sync_status: SyncStatus
}

export function rowOf({ position, entry }: Place): NumberRow {
  return {
    number_to: entry.stay.numberTo,
    position,
    created_at: entry.stay.createdAt,
    updated_at: entry.updated_at,
    call_start_date: entry.call_start_date,
    call_id: entry.call_id,
    routing_result: entry.routing_result,
    sync_status: entry.sync_status,
    detected_outbound_voicemail: entry.detected_outbound_voicemail,
    not_reached_destination_reason: entry.not_reached_destination_reason,
    voicemail_left: entry.voicemail_left,
  }
}

export function placeOfPosition(roster: Roster, position: number): Place | null {
  const place = roster[position]
  // Without gaps the position is the index.
  if (place?.position === position) return place
  return roster.find((candidate) => candidate.position === position) ?? null
}

export function placeOfEntry(roster: Roster, entryId: number): Place | null {
  return roster.find(({ entry }) => entry.stay.entryId === entryId) ?? null
}

export function endPosition(roster: Roster): number {
  const last = roster.at(-1)
  return last ? last.position + 1 : 0
}

/** The free positions below the last one, lowest first, `atMost` of them. */
export function gaps(roster: Roster, atMost: number): number[] {
  const free: number[] = []
  let expected = 0
  for (const { position } of roster) {
    for (; expected < position && free.length < atMost; expected += 1) free.push(expected)
    expected = position + 1
  }
  return free
}

export function replaceEntry(roster: Roster, place: Place, entry: Entry): Roster {
  return roster.with(roster.indexOf(place), { position: place.position, entry })
}

export function appendEntries(roster: Roster, entries: readonly Entry[]): Roster {
  const first = endPosition(roster)
  return [...roster, ...entries.map((entry, index) => ({ position: first + index, entry }))]
}

/** Inserts an entry at a free position below the last one. */
export function fillGap(roster: Roster, position: number, entry: Entry): Roster {
  const next = roster.findIndex((place) => place.position > position)
  return roster.toSpliced(next, 0, { position, entry })
}

/** With `renumber` the remaining positions run from 0 without a gap again; without it they stay what they were. */
export function removePlaces(
  roster: Roster,
  isRemoved: (place: Place) => boolean,
  renumber: boolean,
): Roster {
  const kept = roster.filter((place) => !isRemoved(place))
  if (!renumber) return kept
  return kept.map((place, position) => (place.position === position ? place : { ...place, position }))
}
