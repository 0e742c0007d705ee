/**
 * What readings of one queue leave in the mirror: the rows that the program's own writing would leave, collected
 * instead of written, since three years of readings written one by one take hours.
 */
import type { QueueNumber } from '../src/allo/types.ts'
import type { NumberRow, QueueRow } from '../src/simulation/shapes.ts'
import { membershipDigest } from '../src/snapshot/membership.ts'
import type { NumberKeys } from '../src/snapshot/number-key.ts'
import { encodeNumbers } from '../src/store/reading/encode.ts'
import { noOutcomes, OUTCOME_DEFINITION_VERSION, type Outcome } from '../src/store/reading/outcome-counts.ts'
import { outcomeOf } from '../test/support/bookkeeping.ts'
import type { Names } from './reporting-queue.ts'
import type { Row, Rows } from './reporting-rows.ts'

export interface Mirror {
  readonly teamId: string
  readonly rows: Rows
  readonly numberKeys: NumberKeys
  nextId(table: 'queue_entries' | 'dials'): number
}

/** Instants as text. */
export interface ReadingTime {
  readonly passId: number
  readonly startedAt: string
  readonly observedAt: string
}

export interface Applied {
  numbers: number
  added: number
  changed: number
  moved: number
  removed: number
}

export type EndReason = 'queue_replaced' | 'queue_gone' | 'unobservable'

export interface MirroredQueue {
  readonly queueId: string
  /** `seen` null: as it was. */
  read(
    seen: { readonly queue: QueueRow; readonly numbers: readonly NumberRow[] } | null,
    reading: ReadingTime,
    userId: string,
  ): Applied
  /** Its holder was seen without it at `at`; `settledAt` is when the pass after that was finished. */
  end(ending: { at: string; settledAt: string; reason: EndReason; replacedBy: string | null }): void
  /** Writes what goes on when the history ends. */
  leaveOpen(): void
}

interface Dial {
  readonly dialId: number
  readonly userId: string
  readonly position: number
  readonly firstSeenAt: string
  readonly changedAfter: string | null
  lastChangedAt: string
  row: NumberRow
}

interface Entry {
  readonly entryId: number
  readonly firstSeenAt: string
  readonly dials: Dial[]
  /** As in its open version, but for `updated_at`. */
  row: NumberRow
  outcome: Outcome
  validFrom: string
  changedAfter: string | null
  /** Number of the reading that saw it last. */
  seenIn: number
}

const isDialled = ({ call_start_date, call_id }: NumberRow) => call_start_date !== null || call_id !== null

export function mirrorQueue(mirror: Mirror, first: QueueRow, { numberOf, callOf }: Names): MirroredQueue {
  const { rows, teamId } = mirror
  const queueId = first.id
  const counts = noOutcomes()
  let queue = first
  let standing: Entry[] = []
  let looks = 0
  let creatorId = ''
  let holderId = ''
  let firstSeenAt = ''
  let before: ReadingTime | null = null
  let settings: { row: Row; validFrom: string; changedAfter: string | null } | null = null

  function read(...[seen, reading, userId]: Parameters<MirroredQueue['read']>): Applied {
    if (before === null) [firstSeenAt, creatorId] = [reading.observedAt, userId]
    const applied = { numbers: standing.length, added: 0, changed: 0, moved: 0, removed: 0 }
    const hadOtherHolder = holderId !== userId
    holderId = userId
    if (seen !== null) queue = seen.queue
    if (seen !== null || hadOtherHolder) compareSettings(reading)
    if (seen !== null) {
      const countsBefore = JSON.stringify(counts)
      applyNumbers(seen.numbers, reading, applied)
      if (before === null || JSON.stringify(counts) !== countsBefore) recordCounts(reading)
    }
    before = reading
    return applied
  }

  function compareSettings(reading: ReadingTime): void {
    const { name, voicemail_handling, do_not_disturb } = queue
    const row = { name, creator_id: creatorId, assignee_id: holderId, voicemail_handling, do_not_disturb }
    if (settings !== null && JSON.stringify(settings.row) === JSON.stringify(row)) return
    closeSettings(reading.observedAt, null)
    settings = { row, validFrom: reading.observedAt, changedAfter: before?.startedAt ?? null }
  }

  function closeSettings(validTo: string | null, endReason: string | null): void {
    if (settings === null) return
    rows.add('queue_versions', {
      queue_id: queueId,
      ...settings.row,
      valid_from: settings.validFrom,
      valid_to: validTo,
      changed_after: settings.changedAfter,
      end_reason: endReason,
    })
  }

  /** First what stands where it stood, then what moved, then what came and what left. */
  function applyNumbers(numbers: readonly NumberRow[], reading: ReadingTime, applied: Applied): void {
    looks += 1
    const arrived: { row: NumberRow; index: number }[] = []
    const next: Entry[] = []
    let slot = 0
    for (const [index, row] of numbers.entries()) {
      while ((standing[slot]?.row.position ?? row.position) < row.position) slot += 1
      const entry = standing[slot]
      if (entry?.row.position === row.position && isSameNumber(entry.row, row))
        next[index] = goOn(entry, row, reading, applied)
      else arrived.push({ row, index })
    }
    const departed = standing.filter(({ seenIn }) => seenIn < looks)
    for (const { row, index } of arrived) {
      const moved = departed.findIndex((entry) => isSameNumber(entry.row, row))
      const [entry] = moved < 0 ? [] : departed.splice(moved, 1)
      next[index] = entry === undefined ? begin(row, reading, applied) : goOn(entry, row, reading, applied)
    }
    for (const entry of departed) {
      counts[entry.outcome] -= 1
      applied.removed += 1
      closeVersion(entry, reading.observedAt, 'deleted')
      closeEntry(entry, {
        lastSeenAt: before?.observedAt ?? null,
        removedAt: reading.observedAt,
        reason: 'deleted',
      })
    }
    standing = next
    applied.numbers = next.length
  }

  function begin(row: NumberRow, reading: ReadingTime, applied: Applied): Entry {
    const entry: Entry = {
      entryId: mirror.nextId('queue_entries'),
      firstSeenAt: reading.observedAt,
      dials: [],
      row,
      outcome: outcomeOf(row),
      validFrom: reading.observedAt,
      changedAfter: before?.startedAt ?? null,
      seenIn: looks,
    }
    counts[entry.outcome] += 1
    applied.added += 1
    if (isDialled(row)) recordDial(entry, reading)
    return entry
  }

  function goOn(entry: Entry, row: NumberRow, reading: ReadingTime, applied: Applied): Entry {
    entry.seenIn = looks
    const { row: was } = entry
    const hasChanged = was.sync_status !== row.sync_status || !isSameCall(was, row)
    if (hasChanged || was.position !== row.position) {
      closeVersion(entry, reading.observedAt, null)
      entry.validFrom = reading.observedAt
      entry.changedAfter = before?.startedAt ?? null
      applied[hasChanged ? 'changed' : 'moved'] += 1
    }
    entry.row = row
    if (!hasChanged) return entry
    counts[entry.outcome] -= 1
    entry.outcome = outcomeOf(row)
    counts[entry.outcome] += 1
    if (isDialled(row)) recordDial(entry, reading)
    return entry
  }

  function recordDial(entry: Entry, reading: ReadingTime): void {
    const { row } = entry
    const known = entry.dials.findLast((dial) =>
      dial.row.call_id === null || row.call_id === null
        ? dial.row.call_start_date === row.call_start_date
        : dial.row.call_id === row.call_id,
    )
    if (known === undefined) {
      entry.dials.push({
        dialId: mirror.nextId('dials'),
        userId: holderId,
        position: row.position,
        firstSeenAt: reading.observedAt,
        changedAfter: before?.startedAt ?? null,
        lastChangedAt: reading.observedAt,
        row,
      })
    } else if (!isSameCall(known.row, row)) {
      known.row = row
      known.lastChangedAt = reading.observedAt
    }
  }

  function recordCounts(reading: ReadingTime): void {
    const numbers = Object.values(counts).reduce((sum, count) => sum + count, 0)
    rows.add('queue_snapshots', {
      queue_id: queueId,
      user_id: holderId,
      observed_at: reading.observedAt,
      pass_id: reading.passId,
      numbers,
      api_total_count: numbers,
      definition_version: OUTCOME_DEFINITION_VERSION,
      ...counts,
    })
  }

  function closeVersion(
    { entryId, row, validFrom, changedAfter }: Entry,
    validTo: string | null,
    endReason: string | null,
  ): void {
    rows.add('queue_number_versions', {
      entry_id: entryId,
      queue_id: queueId,
      position: row.position,
      call_start_date: row.call_start_date,
      call_id: callOf(row.call_id),
      routing_result: row.routing_result,
      sync_status: row.sync_status,
      detected_outbound_voicemail: row.detected_outbound_voicemail,
      not_reached_destination_reason: row.not_reached_destination_reason,
      voicemail_left: row.voicemail_left,
      valid_from: validFrom,
      valid_to: validTo,
      changed_after: changedAfter,
      end_reason: endReason,
    })
  }

  function closeEntry(
    { entryId, firstSeenAt, row, outcome, dials }: Entry,
    end: { lastSeenAt: string | null; removedAt: string | null; reason: string } | null,
  ): void {
    const number = numberOf(row.number_to)
    const times = dials.map((dial) => dial.row.call_start_date ?? dial.firstSeenAt).toSorted()
    rows.add('queue_entries', {
      entry_id: entryId,
      queue_id: queueId,
      number_to: number,
      number_key: mirror.numberKeys.keyOf(number),
      source_created_at: row.created_at,
      first_seen_at: firstSeenAt,
      last_seen_at: end?.lastSeenAt ?? null,
      removed_at: end?.removedAt ?? null,
      removal_reason: end?.reason ?? null,
      first_dialled_at: times[0] ?? null,
      last_dialled_at: times.at(-1) ?? null,
      dial_count: dials.length,
      outcome,
    })
    for (const dial of dials) {
      rows.add('dials', {
        dial_id: dial.dialId,
        team_id: teamId,
        entry_id: entryId,
        queue_id: queueId,
        user_id: dial.userId,
        position: dial.position,
        call_id: callOf(dial.row.call_id),
        dialled_at: dial.row.call_start_date,
        routing_result: dial.row.routing_result,
        detected_outbound_voicemail: dial.row.detected_outbound_voicemail,
        not_reached_destination_reason: dial.row.not_reached_destination_reason,
        voicemail_left: dial.row.voicemail_left,
        outcome: outcomeOf(dial.row),
        first_seen_at: dial.firstSeenAt,
        changed_after: dial.changedAfter,
        last_changed_at: dial.lastChangedAt,
      })
    }
  }

  function writeQueue(ending: Parameters<MirroredQueue['end']>[0] | null): void {
    if (before === null) throw new Error(`queue ${queueId} was never read`)
    const numbers = standing.map(({ row }) =>
      toQueueNumber(row, numberOf(row.number_to), callOf(row.call_id)),
    )
    const { digests, contentDigest } = encodeNumbers(numbers)
    const isEnded = ending !== null && ending.reason !== 'unobservable'
    rows.add('queues', {
      queue_id: queueId,
      team_id: teamId,
      user_id: holderId,
      name: queue.name,
      creator_id: creatorId,
      assignee_id: holderId,
      voicemail_handling: queue.voicemail_handling,
      do_not_disturb: queue.do_not_disturb,
      created_at: queue.created_at,
      updated_at: queue.updated_at,
      is_current: ending === null ? true : isEnded ? false : null,
      first_seen_at: firstSeenAt,
      ended_at: isEnded ? ending.at : null,
      end_reason: isEnded ? ending.reason : null,
      replaced_by_queue_id: ending?.replacedBy ?? null,
      numbers: numbers.length,
      last_read_started_at: before.startedAt,
      last_observed_at: before.observedAt,
      missing_since: isEnded ? ending.at : null,
      missing_replaced_by_queue_id: ending?.replacedBy ?? null,
      unknown_since: isEnded ? ending.settledAt : null,
      unobservable_since: ending?.reason === 'unobservable' ? ending.at : null,
      membership_digest: membershipDigest(numbers),
      content_digest: contentDigest,
    })
    for (const [index, { entryId, row }] of standing.entries()) {
      rows.add('queue_numbers', {
        queue_id: queueId,
        position: row.position,
        entry_id: entryId,
        number_to: numberOf(row.number_to),
        created_at: row.created_at,
        updated_at: row.updated_at,
        call_start_date: row.call_start_date,
        call_id: callOf(row.call_id),
        routing_result: row.routing_result,
        sync_status: row.sync_status,
        detected_outbound_voicemail: row.detected_outbound_voicemail,
        not_reached_destination_reason: row.not_reached_destination_reason,
        voicemail_left: row.voicemail_left,
        row_digest: Buffer.from(digests[index] ?? '', 'latin1').readBigInt64BE(),
      })
    }
  }

  return {
    queueId,
    read,
    end(ending) {
      const { at, reason } = ending
      const removedAt = reason === 'unobservable' ? null : at
      for (const entry of standing) {
        closeVersion(entry, at, reason)
        closeEntry(entry, { lastSeenAt: before?.observedAt ?? null, removedAt, reason })
      }
      closeSettings(at, reason)
      writeQueue(ending)
    },
    leaveOpen() {
      for (const entry of standing) {
        closeVersion(entry, null, null)
        closeEntry(entry, null)
      }
      closeSettings(null, null)
      writeQueue(null)
    },
  }
}

function isSameNumber(one: NumberRow, other: NumberRow): boolean {
  return one.number_to === other.number_to && one.created_at === other.created_at
}

function isSameCall(one: NumberRow, other: NumberRow): boolean {
  return (
    one.call_start_date === other.call_start_date &&
    one.call_id === other.call_id &&
    one.routing_result === other.routing_result &&
    one.detected_outbound_voicemail === other.detected_outbound_voicemail &&
    one.not_reached_destination_reason === other.not_reached_destination_reason &&
    one.voicemail_left === other.voicemail_left
  )
}

function toQueueNumber(row: NumberRow, numberTo: string, callId: string | null): QueueNumber {
  return {
    position: row.position,
    numberTo,
    createdAt: `${row.created_at}Z`,
    updatedAt: `${row.updated_at}Z`,
    callStartDate: row.call_start_date && `${row.call_start_date}Z`,
    callId,
    routingResult: row.routing_result,
    syncStatus: row.sync_status,
    detectedOutboundVoicemail: row.detected_outbound_voicemail,
    notReachedDestinationReason: row.not_reached_destination_reason,
    voicemailLeft: row.voicemail_left,
    extra: null,
  }
}
