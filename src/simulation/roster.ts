import type { CallResult, NumberRow, SyncStatus } from './shapes.ts'

/**
 * The numbers of a queue at one moment, in order of position: a value. Every change makes a new roster that shares
 * all untouched chunks with the old one, so that a whole day of states of a long queue fits in memory.
 */
export interface Roster {
  readonly size: number
  readonly chunks: readonly Chunk[]
}

/** Positions run from `first` without a gap, unless they are spelled out. Never empty. */
interface Chunk {
  readonly first: number
  readonly positions: readonly number[] | null
  readonly entries: readonly Entry[]
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

export interface Place {
  readonly index: number
  readonly position: number
  readonly entry: Entry
}

const CHUNK_SIZE = 128

export const EMPTY_ROSTER: Roster = { size: 0, chunks: [] }

export function rowOf({ position, entry }: { position: number; entry: Entry }): NumberRow {
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

/** Up to `count` places from index `from` on. */
export function slice(roster: Roster, from = 0, count = Number.POSITIVE_INFINITY): Place[] {
  const found: Place[] = []
  let start = 0
  for (const chunk of roster.chunks) {
    if (found.length >= count) break
    for (let at = Math.max(0, from - start); at < chunk.entries.length && found.length < count; at += 1) {
      const entry = chunk.entries[at]
      if (entry) found.push({ index: start + at, position: positionIn(chunk, at), entry })
    }
    start += chunk.entries.length
  }
  return found
}

export function find(roster: Roster, matches: (entry: Entry) => boolean): Place | null {
  let start = 0
  for (const chunk of roster.chunks) {
    const at = chunk.entries.findIndex(matches)
    const entry = chunk.entries[at]
    if (entry) return { index: start + at, position: positionIn(chunk, at), entry }
    start += chunk.entries.length
  }
  return null
}

export function placeAt(roster: Roster, index: number): Place | null {
  return slice(roster, index, 1)[0] ?? null
}

export function placeOfPosition(roster: Roster, position: number): Place | null {
  let start = 0
  for (const chunk of roster.chunks) {
    if (position <= lastPosition(chunk)) {
      const at = chunk.positions ? chunk.positions.indexOf(position) : position - chunk.first
      const entry = chunk.entries[at]
      return entry ? { index: start + at, position, entry } : null
    }
    start += chunk.entries.length
  }
  return null
}

export function endPosition(roster: Roster): number {
  const last = roster.chunks.at(-1)
  return last ? lastPosition(last) + 1 : 0
}

/** The free positions below the last one, lowest first, `atMost` of them. */
export function gaps(roster: Roster, atMost: number): number[] {
  const free: number[] = []
  let expected = 0
  for (const chunk of roster.chunks) {
    for (let at = 0; at < chunk.entries.length; at += 1) {
      const position = positionIn(chunk, at)
      for (; expected < position && free.length < atMost; expected += 1) free.push(expected)
      if (free.length >= atMost) return free
      expected = position + 1
      if (!chunk.positions) {
        expected = lastPosition(chunk) + 1
        break
      }
    }
  }
  return free
}

export function replaceEntry(roster: Roster, index: number, entry: Entry): Roster {
  const chunks = [...roster.chunks]
  let start = 0
  for (const [number, chunk] of roster.chunks.entries()) {
    if (index < start + chunk.entries.length) {
      chunks[number] = { ...chunk, entries: chunk.entries.with(index - start, entry) }
      return { size: roster.size, chunks }
    }
    start += chunk.entries.length
  }
  throw new RangeError(`no entry at index ${index} of ${roster.size}`)
}

export function appendEntries(roster: Roster, entries: readonly Entry[]): Roster {
  const chunks = [...roster.chunks]
  let position = endPosition(roster)
  let taken = 0
  const last = chunks.at(-1)
  if (last && last.entries.length < CHUNK_SIZE) {
    const added = entries.slice(0, CHUNK_SIZE - last.entries.length)
    chunks[chunks.length - 1] = {
      first: last.first,
      positions: last.positions && [...last.positions, ...added.map((_, at) => position + at)],
      entries: [...last.entries, ...added],
    }
    taken = added.length
    position += taken
  }
  for (; taken < entries.length; taken += CHUNK_SIZE) {
    const added = entries.slice(taken, taken + CHUNK_SIZE)
    chunks.push({ first: position, positions: null, entries: added })
    position += added.length
  }
  return { size: roster.size + entries.length, chunks }
}

/** Inserts an entry at a free position below the last one. */
export function fillGap(roster: Roster, position: number, entry: Entry): Roster {
  if (placeOfPosition(roster, position)) throw new RangeError(`position ${position} is taken`)
  const number = roster.chunks.findIndex((chunk) => position <= lastPosition(chunk))
  const chunk = roster.chunks[number]
  if (!chunk) throw new RangeError(`position ${position} is beyond the last one`)
  const before = allPositions(chunk)
  const at = before.findIndex((taken) => taken > position)
  const positions = before.toSpliced(at, 0, position)
  const filled = {
    first: Math.min(chunk.first, position),
    positions,
    entries: chunk.entries.toSpliced(at, 0, entry),
  }
  return { size: roster.size + 1, chunks: roster.chunks.with(number, filled) }
}

/** With `renumber` the remaining positions run from 0 without a gap again; without it they stay what they were. */
export function removeEntries(
  roster: Roster,
  isRemoved: (place: Place) => boolean,
  renumber: boolean,
): Roster {
  const chunks: Chunk[] = []
  let index = 0
  let size = 0
  for (const chunk of roster.chunks) {
    const kept: Entry[] = []
    const positions: number[] = []
    for (const [at, entry] of chunk.entries.entries()) {
      const position = positionIn(chunk, at)
      if (!isRemoved({ index, position, entry })) {
        kept.push(entry)
        positions.push(position)
      }
      index += 1
    }
    const untouched = kept.length === chunk.entries.length
    if (kept.length > 0) {
      if (renumber) chunks.push({ first: size, positions: null, entries: untouched ? chunk.entries : kept })
      else chunks.push(untouched ? chunk : { first: positions[0] ?? 0, positions, entries: kept })
    }
    size += kept.length
  }
  return { size, chunks }
}

function positionIn(chunk: Chunk, at: number): number {
  return chunk.positions ? (chunk.positions[at] ?? -1) : chunk.first + at
}

function lastPosition(chunk: Chunk): number {
  return positionIn(chunk, chunk.entries.length - 1)
}

function allPositions(chunk: Chunk): readonly number[] {
  return chunk.positions ?? chunk.entries.map((_, at) => chunk.first + at)
}
