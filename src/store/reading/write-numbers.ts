/**
 * The numbers of one queue, from a whole snapshot into rows, entries, versions and dials: set-based, and only for
 * the slots that differ. Called within the transaction and under the locks of save-reading.ts.
 *
 * What differs is found by digests: one for the whole queue, then one per row. Differing rows are copied into a
 * temporary table, matched there with the entries they continue, and applied from there.
 */

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import type { QueueNumber } from '../../allo/types.ts'
import type { NumberKeys } from '../../snapshot/number-key.ts'
import type { Client } from '../postgres/database.ts'
import {
  copyColumns,
  copyLine,
  copyLineOfGonePosition,
  decodeRowDigests,
  type EncodedNumbers,
} from './encode.ts'
import { matchEntries } from './match-entries.ts'
import { mendMirror } from './mend-mirror.ts'
import { noOutcomes, type Outcome, type OutcomeCounts } from './outcome-counts.ts'

export interface NumbersToWrite {
  readonly queueId: string
  readonly teamId: string
  readonly userId: string
  /** Ordered by position. */
  readonly numbers: readonly QueueNumber[]
  readonly encoded: EncodedNumbers
  /** Null: numbers get no key. */
  readonly numberKeys: NumberKeys | null
  readonly observedAt: string
  /** Start and end of the reading applied before; null when there was none. */
  readonly changedAfter: string | null
  readonly lastSeenAt: string | null
  /** Whether the queue's versions are closed (it had ended, or could not be observed): all of it is re-opened. */
  readonly isReopened: boolean
  /** Whether rows of the queue may not be as the last reading left them: they are mended, and all of them compared. */
  readonly isToBeMended: boolean
}

export interface NumbersWritten {
  readonly added: number
  readonly changed: number
  readonly moved: number
  readonly removed: number
  /** The counts before, where they had to be made again; else those on record hold. */
  readonly before: OutcomeCounts | null
  /** By how much each count of the queue changed. */
  readonly difference: OutcomeCounts
}

export async function writeNumbers(client: Client, queue: NumbersToWrite): Promise<NumbersWritten> {
  const isKnown = queue.changedAfter !== null
  const { lines, hasDials, hasRows } = await differingRows(client, queue, isKnown)
  const difference = noOutcomes()
  const none = { added: 0, changed: 0, moved: 0, removed: 0, before: null, difference }
  if (!hasRows && !queue.isToBeMended) return none

  await copyIncoming(client, lines)
  const { before, slots } = queue.isToBeMended
    ? await mendMirror(client, queue)
    : { before: null, slots: lines.length }
  const written = { ...none, before }
  if (isKnown) {
    const matched = await matchEntries(client, { ...queue, slots })
    if (matched === 'some') written.removed = await closeGone(client, queue)
    for (const { outcome, rows } of await dropDifferingSlots(client, queue)) difference[outcome] -= rows
  }
  for (const { fate, outcome, rows } of await insertIncoming(client, queue)) {
    difference[outcome] += rows
    if (fate === 'added' || fate === 'reopened') written.added += rows
    else if (fate === 'changed') written.changed += rows
    else if (fate === 'moved') written.moved += rows
  }
  const others = hasDials ? await recordDials(client, queue) : []
  if (hasDials || isKnown) await updateEntries(client)
  if (others.length > 0) await redateDials(client, others)
  return written
}

/** COPY lines of the slots in which the snapshot and the mirror differ; both are ordered by position. */
async function differingRows(client: Client, queue: NumbersToWrite, isKnown: boolean) {
  const packed = isKnown && !queue.isToBeMended ? await mirroredRowDigests(client, queue.queueId) : null
  const mirrored = decodeRowDigests(packed)
  const lines: string[] = []
  let hasDials = false
  let next = mirrored.next()
  for (const [index, number] of queue.numbers.entries()) {
    while (!next.done && next.value.position < number.position) {
      lines.push(copyLineOfGonePosition(next.value.position))
      next = mirrored.next()
    }
    const digest = queue.encoded.digests[index] ?? ''
    const isMirrored = !next.done && next.value.position === number.position
    const isSame = isMirrored && next.value !== undefined && next.value.digest === digest
    if (isMirrored) next = mirrored.next()
    if (isSame && !queue.isReopened) continue
    const numberKey = queue.numberKeys?.keyOf(number.numberTo) ?? null
    lines.push(copyLine(queue.encoded.lines[index] ?? '', digest, numberKey))
    hasDials ||= number.callStartDate !== null || number.callId !== null
  }
  for (; !next.done; next = mirrored.next()) lines.push(copyLineOfGonePosition(next.value.position))
  return { lines, hasDials, hasRows: lines.length > 0 }
}

async function mirroredRowDigests(client: Client, queueId: string): Promise<Buffer | null> {
  const { rows } = await client.query<{ packed: Buffer | null }>(
    `select string_agg(int4send(position) || int8send(row_digest), ''::bytea order by position) as packed
     from allo.queue_numbers where queue_id = $1`,
    [queueId],
  )
  return rows[0]?.packed ?? null
}

/** `entry_id` starts as a fresh one; matching replaces it where the number continues an entry we know. */
async function copyIncoming(client: Client, lines: readonly string[]): Promise<void> {
  await client.query(`
    create temporary table if not exists pg_temp.incoming_numbers (
      position int not null, is_present boolean not null, number_to text, created_at timestamptz,
      updated_at timestamptz, call_start_date timestamptz, call_id text, routing_result text, sync_status text,
      detected_outbound_voicemail boolean, not_reached_destination_reason text, voicemail_left boolean, extra jsonb,
      row_digest bigint, number_key text, entry_id bigint not null default nextval('allo.queue_entries_entry_id_seq'),
      fate text not null default 'added',
      outcome text generated always as (allo.number_outcome(detected_outbound_voicemail, voicemail_left,
        routing_result, not_reached_destination_reason, call_start_date, call_id)) stored
    ) on commit delete rows`)
  await pipeline(
    Readable.from(chunksOf(lines)),
    client.query(copyFrom(`copy pg_temp.incoming_numbers (${copyColumns}) from stdin`)),
  )
}

function* chunksOf(lines: readonly string[]): Generator<string> {
  for (let start = 0; start < lines.length; start += 500)
    yield `${lines.slice(start, start + 500).join('\n')}\n`
}

/**
 * Ends the entries that left, and their versions. Returns how many left. In a queue that is re-opened, a number that
 * was erased since may be one of those that came: that it left is not known.
 */
async function closeGone(client: Client, queue: NumbersToWrite): Promise<number> {
  const { rowCount } = await client.query(
    `with gone as (
       select q.entry_id from allo.queue_numbers q join pg_temp.incoming_numbers i using (position)
       where q.queue_id = $1
         and q.entry_id not in (select entry_id from pg_temp.incoming_numbers where is_present)
         and not ($4 and q.number_to is null)
     ), closed as (
       update allo.queue_number_versions v set valid_to = $2, end_reason = 'deleted'
       from gone where v.entry_id = gone.entry_id and v.valid_to is null
     )
     update allo.queue_entries e
     set removed_at = $2, removal_reason = 'deleted', last_seen_at = coalesce(e.last_seen_at, $3)
     from gone where e.entry_id = gone.entry_id and e.removed_at is null`,
    [queue.queueId, queue.observedAt, queue.lastSeenAt, queue.isReopened],
  )
  return rowCount ?? 0
}

/**
 * Frees the slots and closes the versions that others will follow: before anything is inserted, since numbers that
 * shift by one would meet each other in the primary key.
 */
async function dropDifferingSlots(
  client: Client,
  queue: NumbersToWrite,
): Promise<{ outcome: Outcome; rows: number }[]> {
  const { rows } = await client.query<{ outcome: Outcome; rows: number }>(
    `with dropped as (
       delete from allo.queue_numbers q using pg_temp.incoming_numbers i
       where q.queue_id = $1 and q.position = i.position
       returning allo.number_outcome(q.detected_outbound_voicemail, q.voicemail_left, q.routing_result,
         q.not_reached_destination_reason, q.call_start_date, q.call_id) as outcome
     ), closed as (
       update allo.queue_number_versions v set valid_to = $2
       from pg_temp.incoming_numbers i
       where v.entry_id = i.entry_id and v.valid_to is null and i.is_present and i.fate in ('changed', 'moved')
     )
     select outcome, count(*)::int as rows from dropped group by outcome`,
    [queue.queueId, queue.observedAt],
  )
  return rows
}

async function insertIncoming(
  client: Client,
  queue: NumbersToWrite,
): Promise<{ fate: string; outcome: Outcome; rows: number }[]> {
  const { rows } = await client.query<{ fate: string; outcome: Outcome; rows: number }>(
    `with incoming as (
       select * from pg_temp.incoming_numbers where is_present
     ), slots as (
       insert into allo.queue_numbers (queue_id, position, entry_id, number_to, created_at, updated_at,
         call_start_date, call_id, routing_result, sync_status, detected_outbound_voicemail,
         not_reached_destination_reason, voicemail_left, extra, row_digest)
       select $1, position, entry_id, number_to, created_at, updated_at, call_start_date, call_id, routing_result,
         sync_status, detected_outbound_voicemail, not_reached_destination_reason, voicemail_left, extra, row_digest
       from incoming
     ), versions as (
       insert into allo.queue_number_versions (entry_id, queue_id, position, call_start_date, call_id,
         routing_result, sync_status, detected_outbound_voicemail, not_reached_destination_reason, voicemail_left,
         valid_from, changed_after)
       select entry_id, $1, position, call_start_date, call_id, routing_result, sync_status,
         detected_outbound_voicemail, not_reached_destination_reason, voicemail_left, $2, $3
       from incoming where fate <> 'touched'
     ), new_entries as (
       insert into allo.queue_entries (entry_id, queue_id, number_to, number_key, source_created_at, first_seen_at,
         outcome)
       select entry_id, $1, number_to, number_key, created_at, $2, outcome from incoming where fate = 'added'
     )
     select fate, outcome, count(*)::int as rows from incoming group by fate, outcome`,
    [queue.queueId, queue.observedAt, queue.changedAfter],
  )
  return rows
}

/**
 * A dial is known again by its call_id, or by its start on the same entry: either may arrive later than the other.
 * Two call_ids are two dials, even of one second: the source's clock counts no finer; so are one that another number
 * shows and none at all. A call_id belongs to one dial of a team, whichever entry shows it. Returns the entries that
 * have a dial of which another number showed more.
 */
async function recordDials(client: Client, queue: NumbersToWrite): Promise<string[]> {
  const { rows } = await client.query<{ entry_id: string }>(
    `with dialled as materialized (
       select i.*, known.dial_id
       from (select *, row_number() over (partition by call_id, case when call_id is null then entry_id end
                                          order by position) as k
             from pg_temp.incoming_numbers
             where is_present and fate in ('added', 'reopened', 'changed')
               and (call_start_date is not null or call_id is not null)) i
       left join lateral (
         select d.dial_id from (
           select dial_id, 1 as preference from allo.dials where team_id = $1 and call_id = i.call_id
           union all
           select dial_id, 2 from allo.dials where entry_id = i.entry_id and dialled_at = i.call_start_date
             and (call_id is null or i.call_id is null and call_id not in
               (select shown.call_id from pg_temp.incoming_numbers shown where shown.call_id is not null))
         ) d order by d.preference, d.dial_id desc limit 1
       ) known on true
       where i.k = 1
     ), progressed as (
       update allo.dials d set
         call_id = coalesce(n.call_id, d.call_id), dialled_at = coalesce(n.call_start_date, d.dialled_at),
         routing_result = n.routing_result, detected_outbound_voicemail = n.detected_outbound_voicemail,
         not_reached_destination_reason = n.not_reached_destination_reason, voicemail_left = n.voicemail_left,
         outcome = n.outcome, last_changed_at = $4
       from dialled n
       where d.dial_id = n.dial_id
         and (coalesce(n.call_id, d.call_id), coalesce(n.call_start_date, d.dialled_at), n.routing_result,
              n.detected_outbound_voicemail, n.not_reached_destination_reason, n.voicemail_left)
           is distinct from
             (d.call_id, d.dialled_at, d.routing_result, d.detected_outbound_voicemail,
              d.not_reached_destination_reason, d.voicemail_left)
       returning d.entry_id
     ), begun as (
       insert into allo.dials (team_id, entry_id, queue_id, user_id, position, call_id, dialled_at, routing_result,
       detected_outbound_voicemail, not_reached_destination_reason, voicemail_left, outcome, first_seen_at,
       changed_after, last_changed_at)
       select $1, entry_id, $2, $3, position, call_id, call_start_date, routing_result, detected_outbound_voicemail,
         not_reached_destination_reason, voicemail_left, outcome, $4, $5, $4
       from dialled where dial_id is null
       on conflict (team_id, call_id) where call_id is not null do nothing
     )
     select distinct entry_id from progressed where entry_id not in (select entry_id from dialled)`,
    [queue.teamId, queue.queueId, queue.userId, queue.observedAt, queue.changedAfter],
  )
  return rows.map(({ entry_id }) => entry_id)
}

async function redateDials(client: Client, entryIds: readonly string[]): Promise<void> {
  await client.query(
    `update allo.queue_entries e set first_dialled_at = d.first_at, last_dialled_at = d.last_at
     from (select entry_id, min(coalesce(dialled_at, first_seen_at)) as first_at,
             max(coalesce(dialled_at, first_seen_at)) as last_at
           from allo.dials where entry_id = any ($1) group by entry_id) d
     where e.entry_id = d.entry_id`,
    [entryIds],
  )
}

/** Continued and dialled entries: what became of them, and their dials, recounted. One update for all of it. */
async function updateEntries(client: Client): Promise<void> {
  await client.query(
    `update allo.queue_entries e
     set outcome = i.outcome, last_seen_at = null, removed_at = null, removal_reason = null,
       dial_count = d.dials, first_dialled_at = d.first_at, last_dialled_at = d.last_at
     from pg_temp.incoming_numbers i
     cross join lateral (
       select count(*)::int as dials, min(coalesce(dialled_at, first_seen_at)) as first_at,
         max(coalesce(dialled_at, first_seen_at)) as last_at
       from allo.dials where entry_id = i.entry_id
     ) d
     where e.entry_id = i.entry_id and i.is_present
       and (i.fate in ('reopened', 'changed')
            or i.fate = 'added' and (i.call_start_date is not null or i.call_id is not null))
       and (e.outcome, e.last_seen_at, e.removed_at, e.dial_count, e.first_dialled_at, e.last_dialled_at)
         is distinct from (i.outcome, null, null, d.dials, d.first_at, d.last_at)`,
  )
}
