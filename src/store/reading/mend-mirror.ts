/**
 * Rows of the mirror that were lost or edited from outside, made again before a reading is compared with them.
 *
 * What was known before the reading stands in the versions: they are history, and the mirror follows from them. So
 * the mirror is put back to what history has, and then the reading is applied to it like any other: history shows
 * what really changed, and no event for what was mended.
 *
 * Where mirror and history contradict each other, the reading is the witness: a row of the mirror that says what Allo
 * says now was not the one that was edited, so the version, or the entry, takes its values. A version that is gone
 * can't be made again.
 *
 * Called within the transaction and under the locks of save-reading.ts, with all rows of the reading in
 * `pg_temp.incoming_numbers`. Idempotent: without a contradiction it changes nothing but the digests of the rows.
 */
import type { Client } from '../postgres/database.ts'
import { countMirrored, OUTCOME_DEFINITION_VERSION, type OutcomeCounts, outcomes } from './outcome-counts.ts'

/** Returns the counts of the queue as they were before the reading, and how many rows the temporary table has now. */
export async function mendMirror(
  client: Client,
  { queueId, isReopened }: { readonly queueId: string; readonly isReopened: boolean },
): Promise<{ readonly before: OutcomeCounts; readonly slots: number }> {
  if (isReopened) await dropRowsOfNoEntry(client, queueId)
  else {
    await mendVersions(client, queueId)
    await mendEntries(client, queueId)
    await mendLifecycles(client, queueId)
    await remakeNumbers(client, queueId)
  }
  const slots = await announceGonePositions(client, queueId)
  const counts = await countMirrored(client, queueId)
  if (!isReopened) await mendCounts(client, queueId, counts)
  return { before: counts, slots }
}

const callFields = [
  'call_start_date',
  'call_id',
  'routing_result',
  'sync_status',
  'detected_outbound_voicemail',
  'not_reached_destination_reason',
  'voicemail_left',
]
const fieldsOf = (row: string) => callFields.map((field) => `${row}.${field}`).join(', ')
const outcomeOf = (row: string) =>
  `allo.number_outcome(${row}.detected_outbound_voicemail, ${row}.voicemail_left, ${row}.routing_result,
     ${row}.not_reached_destination_reason, ${row}.call_start_date, ${row}.call_id)`

/** An open version that contradicts a row of the mirror on which Allo agrees. */
async function mendVersions(client: Client, queueId: string): Promise<void> {
  await client.query(
    `update allo.queue_number_versions v set (${callFields.join(', ')}) = row(${fieldsOf('q')})
     from allo.queue_numbers q join pg_temp.incoming_numbers i using (position)
     where q.queue_id = $1 and v.entry_id = q.entry_id and v.position = q.position and v.valid_to is null
       and i.is_present and (${fieldsOf('q')}) is not distinct from (${fieldsOf('i')})
       and (${fieldsOf('v')}) is distinct from (${fieldsOf('q')})`,
    [queueId],
  )
}

/** Entries that are gone, from their versions; those of another number than the mirror and Allo say; and those that have no history at all. */
async function mendEntries(client: Client, queueId: string): Promise<void> {
  await client.query(
    `insert into allo.queue_entries (entry_id, queue_id, number_to, number_key, source_created_at, first_seen_at, outcome)
     select v.entry_id, $1, coalesce(q.number_to, i.number_to), i.number_key, coalesce(q.created_at, i.created_at),
       v.first_seen_at, 'remaining'
     from (select entry_id, min(valid_from) as first_seen_at, max(position) filter (where valid_to is null) as position
           from allo.queue_number_versions where queue_id = $1 group by entry_id) v
     left join allo.queue_numbers q on q.queue_id = $1 and q.entry_id = v.entry_id
     left join pg_temp.incoming_numbers i on i.position = v.position and i.is_present
       and (q.entry_id is null or q.number_to is not distinct from i.number_to)
     where not exists (select from allo.queue_entries e where e.entry_id = v.entry_id)`,
    [queueId],
  )
  await client.query(
    `update allo.queue_entries e set queue_id = $1, number_to = i.number_to, source_created_at = i.created_at,
       number_key = coalesce(i.number_key, e.number_key)
     from allo.queue_numbers q join pg_temp.incoming_numbers i using (position)
     where q.queue_id = $1 and e.entry_id = q.entry_id and i.is_present
       and (q.number_to, q.created_at) is not distinct from (i.number_to, i.created_at)
       and (e.queue_id, e.number_to, e.source_created_at) is distinct from ($1, i.number_to, i.created_at)
       and exists (select from allo.queue_number_versions v where v.entry_id = e.entry_id and v.queue_id = $1)`,
    [queueId],
  )
  await client.query(
    `delete from allo.queue_entries e where queue_id = $1
       and not exists (select from allo.queue_number_versions v where v.entry_id = e.entry_id)
       and not exists (select from allo.dials d where d.entry_id = e.entry_id)`,
    [queueId],
  )
}

/**
 * What an entry says of its life, from its first and last version and its dials. One whose open version is gone
 * counts as vanished, so that it is re-opened if Allo shows it.
 */
async function mendLifecycles(client: Client, queueId: string): Promise<void> {
  await client.query(
    `with lives as (
       select e.entry_id, first.valid_from as first_seen_at, ${outcomeOf('last')} as outcome,
         d.dials, d.first_at, d.last_at,
         case when last.valid_to is not null then case
           when e.last_seen_at between last.valid_from and last.valid_to then e.last_seen_at
           else coalesce((select max(r.observed_at) from allo.sync_reads r
             where r.queue_id = e.queue_id and r.status = 'ok'
               and r.observed_at >= last.valid_from and r.observed_at < last.valid_to), last.valid_from)
         end end as last_seen_at,
         case when last.valid_to is not null and last.end_reason <> 'unobservable' then last.valid_to
           when last.valid_to is not null and e.removal_reason <> 'unobservable' then e.removed_at end as removed_at,
         case when last.valid_to is null then null
           when last.end_reason = 'unobservable' and e.removed_at is not null then e.removal_reason
           else coalesce(last.end_reason, 'unobservable') end as removal_reason
       from allo.queue_entries e
       cross join lateral (select * from allo.queue_number_versions v
         where v.entry_id = e.entry_id order by valid_from desc limit 1) last
       cross join lateral (select valid_from from allo.queue_number_versions v
         where v.entry_id = e.entry_id order by valid_from limit 1) first
       cross join lateral (select count(*)::int as dials, min(coalesce(dialled_at, first_seen_at)) as first_at,
           max(coalesce(dialled_at, first_seen_at)) as last_at
         from allo.dials where entry_id = e.entry_id) d
       where e.queue_id = $1
     )
     update allo.queue_entries e set first_seen_at = l.first_seen_at, outcome = l.outcome, dial_count = l.dials,
       first_dialled_at = l.first_at, last_dialled_at = l.last_at, last_seen_at = l.last_seen_at,
       removed_at = l.removed_at, removal_reason = l.removal_reason
     from lives l
     where e.entry_id = l.entry_id
       and (e.first_seen_at, e.outcome, e.dial_count, e.first_dialled_at, e.last_dialled_at, e.last_seen_at,
            e.removed_at, e.removal_reason)
         is distinct from (l.first_seen_at, l.outcome, l.dials, l.first_at, l.last_at, l.last_seen_at,
            l.removed_at, l.removal_reason)`,
    [queueId],
  )
}

/** All rows of the queue, from the open versions and their entries. The digest is one no row has: the reading writes each again. */
async function remakeNumbers(client: Client, queueId: string): Promise<void> {
  await client.query('delete from allo.queue_numbers where queue_id = $1', [queueId])
  await client.query(
    `insert into allo.queue_numbers (queue_id, position, entry_id, number_to, created_at, ${callFields.join(', ')}, row_digest)
     select $1, v.position, v.entry_id, e.number_to, e.source_created_at, ${fieldsOf('v')}, 0
     from allo.queue_number_versions v join allo.queue_entries e using (entry_id)
     where v.queue_id = $1 and v.valid_to is null`,
    [queueId],
  )
}

/** Of a queue that is re-opened: its history is closed, and what left the mirror meanwhile may have been erased on purpose. */
async function dropRowsOfNoEntry(client: Client, queueId: string): Promise<void> {
  await client.query(
    `delete from allo.queue_numbers q where queue_id = $1
       and not exists (select from allo.queue_entries e where e.entry_id = q.entry_id and e.queue_id = $1)`,
    [queueId],
  )
}

async function announceGonePositions(client: Client, queueId: string): Promise<number> {
  await client.query(
    `insert into pg_temp.incoming_numbers (position, is_present)
     select position, false from allo.queue_numbers q
     where queue_id = $1 and not exists (select from pg_temp.incoming_numbers i where i.position = q.position)`,
    [queueId],
  )
  const { rows } = await client.query<{ slots: number }>(
    'select count(*)::int as slots from pg_temp.incoming_numbers',
  )
  return rows[0]?.slots ?? 0
}

/** The last counts on record are those of the state that was on record until now. */
async function mendCounts(client: Client, queueId: string, counts: OutcomeCounts): Promise<void> {
  const numbers = outcomes.reduce((sum, outcome) => sum + counts[outcome], 0)
  const changed = outcomes.map((outcome, index) => `${outcome} = $${index + 4}`)
  await client.query(
    `update allo.queue_snapshots s set numbers = $2, ${changed.join(', ')}
     where queue_id = $1 and definition_version = $3 and observed_at = (select max(observed_at) from allo.queue_snapshots where queue_id = $1)
       and (numbers, ${outcomes.join(', ')})
         is distinct from ($2::int, ${outcomes.map((_, index) => `$${index + 4}::int`).join(', ')})`,
    [queueId, numbers, OUTCOME_DEFINITION_VERSION, ...outcomes.map((outcome) => counts[outcome])],
  )
}
