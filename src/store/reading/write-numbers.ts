/**
 * Writes the numbers of one queue from a complete snapshot to rows, entries, versions and dials. Set-based, and only
 * for the slots (positions) that differ. Called within the transaction and under the locks of save-reading.ts.
 *
 * Differing slots are found by digests (differing-slots.ts), copied into a temporary table (incoming-numbers.ts),
 * matched there with the entries they continue (match-entries.ts), and written from there in this order:
 *
 *   1. end the entries that left   2. delete slots and close versions that are replaced   3. insert what is new
 *   4. record dials                5. update the entries
 *
 * The parts of a statement that goes to several tables in one round trip are functions with names of their own.
 */
import { type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Client } from '../postgres/database.ts'
import { assign, change, columns, differs, insertion, type Named, run, template } from '../postgres/query.ts'
import { callFieldNames, queueEntries, queueNumbers, queueNumberVersions } from '../schema.ts'
import { type DifferingSlots, differingSlots } from './differing-slots.ts'
import { copyIncoming, type Fate, i, incomingNumbers } from './incoming-numbers.ts'
import { lastSeen } from './last-seen.ts'
import { matchEntries } from './match-entries.ts'
import type { NumbersToWrite, QueueToWrite } from './numbers-to-write.ts'
import { noOutcomes, type Outcome, type OutcomeCounts, outcomeOf } from './outcome-counts.ts'
import { dialsOf, recordDials, renewDialDates } from './record-dials.ts'
import { repairMirror } from './repair-mirror.ts'

export interface NumbersWritten {
  readonly added: number
  readonly changed: number
  readonly moved: number
  readonly removed: number
  /** Each row continues the entry of its slot: no number was added, removed or moved. */
  readonly isSameMembership: boolean
  /** The counts before, if they had to be recomputed; null: those on record are right. */
  readonly before: OutcomeCounts | null
  /** By how much each count of the queue changed. */
  readonly difference: OutcomeCounts
}

const q = alias(queueNumbers, 'q')
const v = alias(queueNumberVersions, 'v')
const e = alias(queueEntries, 'e')
const opened = alias(queueNumberVersions, 'opened')

/** A reading that equals the mirror. */
export function nothingWritten() {
  const none = { added: 0, changed: 0, moved: 0, removed: 0, isSameMembership: true, before: null }
  return { ...none, difference: noOutcomes() }
}

export async function writeNumbers(client: Client, queue: NumbersToWrite): Promise<NumbersWritten> {
  return writeSlots(client, queue, await differingSlots(client, queue))
}

/** The same for slots that the caller found to differ. */
export async function writeSlots(
  client: Client,
  queue: QueueToWrite,
  { lines, hasDials }: DifferingSlots,
): Promise<NumbersWritten> {
  const isKnown = queue.changedAfter !== null
  const written = nothingWritten()
  const { difference } = written
  if (lines.length === 0 && !queue.needsRepair) return written

  await copyIncoming(client, lines)
  const { before, slots } = queue.needsRepair
    ? await repairMirror(client, queue)
    : { before: null, slots: lines.length }
  if (isKnown) {
    const matched = await matchEntries(client, { ...queue, slots })
    written.isSameMembership = matched === 'all'
    if (matched === 'some') written.removed = await endGoneEntries(client, queue)
    const dropped = await run<{ outcome: Outcome; rows: number }>(client, makeRoom(queue))
    for (const { outcome, rows } of dropped) difference[outcome] -= rows
  }
  const inserted = await run<{ fate: Fate; outcome: Outcome; rows: number }>(client, insertIncoming(queue))
  for (const { fate, outcome, rows } of inserted) {
    difference[outcome] += rows
    if (fate !== 'touched') written[fate === 'reopened' ? 'added' : fate] += rows
  }
  const others = hasDials ? await recordDials(client, queue) : []
  if (hasDials || isKnown) await change(client, updateEntries({}))
  if (others.length > 0) await renewDialDates(client, others)
  return { ...written, before }
}

/**
 * Mirrored entries that no incoming number continues. In a re-opened queue, an entry with an erased number is left out:
 * it may be one of the incoming numbers, so it is not known whether it left.
 */
function goneEntries({ queueId, isReopened }: QueueToWrite): SQL {
  const hasCome = sql`select ${i.entryId} from ${incomingNumbers} ${i} where ${i.isPresent}`
  return sql`select ${q.entryId} from ${queueNumbers} ${q} join ${incomingNumbers} ${i} using (position)
    where ${q.queueId} = ${queueId} and ${q.entryId} not in (${hasCome})
      ${isReopened ? sql`and ${q.numberTo} is not null` : sql``}`
}

/** Closes their versions. Returns how many entries left. */
function endGoneEntries(client: Client, queue: QueueToWrite): Promise<number> {
  const { observedAt, lastSeenAt } = queue
  const closed = { validTo: observedAt, endReason: 'deleted' }
  const removed = {
    removedAt: observedAt,
    removalReason: 'deleted',
    lastSeenAt: sql`coalesce(${e.lastSeenAt}, ${lastSeen(e.entryId, sql`${lastSeenAt}::timestamptz`)})`,
  }
  return change(
    client,
    sql`with gone as (${goneEntries(queue)}), closed as (
        update ${queueNumberVersions} ${v} set ${assign(queueNumberVersions, closed)}
        from gone where ${v.entryId} = gone.entry_id and ${v.validTo} is null
      )
      update ${queueEntries} ${e} set ${assign(queueEntries, removed)}
      from gone where ${e.entryId} = gone.entry_id and ${e.removedAt} is null`,
  )
}

type Context = Pick<QueueToWrite, 'queueId' | 'observedAt' | 'changedAfter'>

/** Must run before the inserts: an entry has one open version, and a slot one number. Returns what was dropped. */
const makeRoom = template<Context>(
  (queue) => sql`with closed as (${closeFollowedVersions(queue)}), kept as (${keepLaterRemovals()}),
      dropped as (${dropSlots(queue)})
    select outcome, count(*)::int as rows from dropped group by outcome`,
)

function closeFollowedVersions({ observedAt }: Named<Context>): SQL {
  return sql`update ${queueNumberVersions} ${v} set ${assign(queueNumberVersions, { validTo: observedAt })}
    from ${incomingNumbers} ${i}
    where ${v.entryId} = ${i.entryId} and ${v.validTo} is null
      and ${i.isPresent} and ${i.fate} in ('changed', 'moved')`
}

/**
 * An entry that became unobservable, and was then found to be removed, has the removal only in its own row, which says
 * nothing of it once the entry is re-opened. So its last version keeps it.
 */
function keepLaterRemovals(): SQL {
  const later = { laterRemovedAt: e.removedAt, laterRemovalReason: e.removalReason }
  const newest = sql`select max(${opened.validFrom}) from ${queueNumberVersions} ${opened}
    where ${opened.entryId} = ${e.entryId}`
  return sql`update ${queueNumberVersions} ${v} set ${assign(queueNumberVersions, later)}
    from ${incomingNumbers} ${i} join ${queueEntries} ${e} using (entry_id)
    where ${i.isPresent} and ${i.fate} = 'reopened' and ${e.removedAt} is not null
      and ${v.entryId} = ${e.entryId} and ${v.validFrom} = (${newest}) and ${v.endReason} = 'unobservable'`
}

function dropSlots({ queueId }: Named<Context>): SQL {
  return sql`delete from ${queueNumbers} ${q} using ${incomingNumbers} ${i}
    where ${q.queueId} = ${queueId} and ${q.position} = ${i.position}
    returning ${outcomeOf(q)} as outcome`
}

/** Inserts rows of the mirror, versions and new entries. Returns the incoming rows and the changes of their entries. */
const insertIncoming = template<Context>(
  (queue) => sql`with rows as (${insertRows(queue)}),
      versions as (${insertVersions(queue)}),
      entries as (${insertEntries(queue)})
    select ${i.fate}, ${i.outcome}, count(*)::int as rows from ${incomingNumbers} ${i}
    where ${i.isPresent} group by ${i.fate}, ${i.outcome}`,
)

function insertRows({ queueId }: Named<Context>): SQL {
  const number = columns(i, 'numberTo', 'createdAt', 'updatedAt', ...callFieldNames, 'extra', 'rowDigest')
  const row = insertion(queueNumbers, { queueId, ...columns(i, 'position', 'entryId'), ...number })
  return sql`insert into ${queueNumbers} ${row} from ${incomingNumbers} ${i} where ${i.isPresent}`
}

function insertVersions({ queueId, observedAt, changedAfter }: Named<Context>): SQL {
  const version = insertion(queueNumberVersions, {
    queueId,
    ...columns(i, 'entryId', 'position', ...callFieldNames),
    validFrom: observedAt,
    changedAfter,
    isReopened: sql`${i.fate} = 'reopened'`,
  })
  return sql`insert into ${queueNumberVersions} ${version} from ${incomingNumbers} ${i}
    where ${i.isPresent} and ${i.fate} <> 'touched'`
}

function insertEntries({ queueId, observedAt }: Named<Context>): SQL {
  const entry = insertion(queueEntries, {
    queueId,
    ...columns(i, 'entryId', 'numberTo', 'numberKey', 'outcome'),
    sourceCreatedAt: i.createdAt,
    firstSeenAt: observedAt,
  })
  return sql`insert into ${queueEntries} ${entry} from ${incomingNumbers} ${i}
    where ${i.isPresent} and ${i.fate} = 'added'`
}

/** Continued and dialled entries: what became of them, and their dials, counted anew. */
const updateEntries = template(() => {
  const current = {
    outcome: i.outcome,
    lastSeenAt: null,
    removedAt: null,
    removalReason: null,
    dialCount: sql`summary.dials`,
    firstDialledAt: sql`summary.first_at`,
    lastDialledAt: sql`summary.last_at`,
  }
  return sql`update ${queueEntries} ${e} set ${assign(queueEntries, current)}
    from ${incomingNumbers} ${i} cross join lateral (${dialsOf(i.entryId)}) summary
    where ${e.entryId} = ${i.entryId} and ${i.isPresent}
      and (${i.fate} in ('reopened', 'changed')
           or ${i.fate} = 'added' and (${i.callStartDate} is not null or ${i.callId} is not null))
      and ${differs(e, current)}`
})
