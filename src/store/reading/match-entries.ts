/**
 * Which entry each incoming number continues: sets `entry_id` and `fate` in the temporary table of
 * write-numbers.ts, where every number starts as `added` with an entry id of its own.
 *
 * Identity is not the position: first the same number and created_at in the same slot, unless the dial there shows that
 * two duplicates shifted; then, among what is left of the same number and created_at, the same dial (by call_id, else by
 * its start), then the k-th with the k-th (it moved); then one that had vanished from this queue (it is back). The rest
 * is new.
 */
import type { NumberKeys } from '../../snapshot/number-key.ts'
import type { Client } from '../postgres/database.ts'
import { recallNumbers } from './recall-numbers.ts'

export interface QueueToMatch {
  readonly queueId: string
  readonly numberKeys: NumberKeys | null
  /** Whether the queue's versions are closed: whatever continues is re-opened. */
  readonly isReopened: boolean
  /** Rows of the temporary table. */
  readonly slots: number
}

/** `all`: each row continues what its slot held, as in the usual reading: nothing came, left or moved. */
export async function matchEntries(client: Client, queue: QueueToMatch): Promise<'all' | 'some'> {
  const matched = await matchSameSlots(client, queue)
  if (matched === queue.slots) return 'all'
  if ((await recallNumbers(client, queue.queueId, queue.numberKeys)) > 0) {
    if ((await matchSameSlots(client, queue)) === queue.slots) return 'all'
  }
  await leaveShiftedSlots(client, queue)
  await matchArrivals(client, queue)
  return 'some'
}

const keysOfIncoming = `coalesce(i.number_to, '') as match_number, coalesce(i.created_at, '-infinity') as match_created`
const keysOfMirrored = `coalesce(q.number_to, '') as match_number, coalesce(q.created_at, '-infinity') as match_created`

/** Whether two rows show the same dial. The id may not be there yet; then the start decides. */
const showSameDial = (one: string, other: string) => `(${one}_call_id = ${other}_call_id
  or (${one}_call_id is null or ${other}_call_id is null) and ${one}_start = ${other}_start)`

/** What became of the entry of the mirrored row `q` that the incoming row `i` continues. */
const fateOfContinued = `
  case
    when $2 then 'reopened'
    when (i.call_start_date, i.call_id, i.routing_result, i.sync_status, i.detected_outbound_voicemail,
          i.not_reached_destination_reason, i.voicemail_left)
      is distinct from
         (q.call_start_date, q.call_id, q.routing_result, q.sync_status, q.detected_outbound_voicemail,
          q.not_reached_destination_reason, q.voicemail_left) then 'changed'
    when i.position <> q.position then 'moved'
    else 'touched'
  end`

async function matchSameSlots(client: Client, queue: QueueToMatch): Promise<number> {
  const { rowCount } = await client.query(
    `update pg_temp.incoming_numbers i set entry_id = q.entry_id, fate = ${fateOfContinued}
     from allo.queue_numbers q
     where q.queue_id = $1 and q.position = i.position and i.is_present
       and q.number_to is not distinct from i.number_to and q.created_at is not distinct from i.created_at`,
    [queue.queueId, queue.isReopened],
  )
  return rowCount ?? 0
}

/**
 * Duplicates that shift by their distance stand in each other's slots. Their dials tell: a slot is taken back when the
 * dial that it shows, or showed, is that of a duplicate in another slot. Nothing shifts where all slots match.
 */
async function leaveShiftedSlots(client: Client, { queueId }: QueueToMatch): Promise<void> {
  await client.query(
    `with incoming as (
       select position, ${keysOfIncoming}, call_id as new_call_id, call_start_date as new_start
       from pg_temp.incoming_numbers i where is_present
     ), mirrored as (
       select position, ${keysOfMirrored}, q.call_id as old_call_id, q.call_start_date as old_start
       from allo.queue_numbers q join pg_temp.incoming_numbers i using (position) where q.queue_id = $1
     ), other_dial as (
       select * from incoming join mirrored using (position, match_number, match_created)
       where not coalesce(${showSameDial('new', 'old')}, false)
     ), shifted as (
       select here.position from other_dial here join mirrored there using (match_number, match_created)
       where there.position <> here.position and ${showSameDial('here.new', 'there.old')}
       union
       select here.position from other_dial here join incoming there using (match_number, match_created)
       where there.position <> here.position and ${showSameDial('here.old', 'there.new')}
     )
     update pg_temp.incoming_numbers i
     set entry_id = nextval('allo.queue_entries_entry_id_seq'), fate = 'added'
     from shifted where i.position = shifted.position`,
    [queueId],
  )
}

/**
 * Those that no slot matched. Keys are made non-null, since only an equality can be hashed: a renumbered queue of
 * 25,000 has as many of them.
 */
async function matchArrivals(client: Client, queue: QueueToMatch): Promise<void> {
  await client.query(
    `with arrived as materialized (
       select i.*, ${keysOfIncoming} from pg_temp.incoming_numbers i where i.is_present and i.fate = 'added'
     ), departed as materialized (
       select q.*, ${keysOfMirrored} from allo.queue_numbers q join pg_temp.incoming_numbers i using (position)
       where q.queue_id = $1 and not (i.is_present and i.fate <> 'added')
     ), same_call as materialized (
       select a.position, d.position as old_position
       from (select *, row_number() over (partition by match_number, match_created, call_id order by position) as k
             from arrived where call_id is not null) a
       join (select *, row_number() over (partition by match_number, match_created, call_id order by position) as k
             from departed where call_id is not null) d using (match_number, match_created, call_id, k)
     ), same_start as materialized (
       select a.position, d.position as old_position
       from (select *, row_number() over (partition by match_number, match_created, call_start_date order by position) as k
             from arrived where call_start_date is not null and position not in (select position from same_call)) a
       join (select *, row_number() over (partition by match_number, match_created, call_start_date order by position) as k
             from departed where call_start_date is not null and position not in (select old_position from same_call)) d
         using (match_number, match_created, call_start_date, k)
       where a.call_id is null or d.call_id is null
     ), same_dial as materialized (
       select * from same_call union all select * from same_start
     ), same_order as materialized (
       select a.position, d.position as old_position
       from (select *, row_number() over (partition by match_number, match_created order by position) as k
             from arrived where position not in (select position from same_dial)) a
       join (select *, row_number() over (partition by match_number, match_created order by position) as k
             from departed where position not in (select old_position from same_dial)) d
         using (match_number, match_created, k)
     ), continued as (
       select i.position, q.entry_id, ${fateOfContinued} as fate
       from (select * from same_dial union all select * from same_order) p
       join arrived i on i.position = p.position
       join departed q on q.position = p.old_position
     ), reappeared as (
       select a.position, e.entry_id, 'reopened' as fate
       from (select *, row_number() over (partition by match_number, match_created order by position) as k
             from arrived
             where position not in (select position from same_dial)
               and position not in (select position from same_order)) a
       join (select entry_id, coalesce(number_to, '') as match_number,
               coalesce(source_created_at, '-infinity') as match_created,
               row_number() over (partition by coalesce(number_to, ''), coalesce(source_created_at, '-infinity')
                                  order by last_seen_at desc, entry_id) as k
             from allo.queue_entries
             where queue_id = $1 and last_seen_at is not null
               -- Of those without a number, only what never had one or was forgotten can be a number that is suppressed.
               and (number_to is not null or number_key is null or number_key like 'forgotten-%')
               and entry_id not in (select entry_id from departed)
               and entry_id not in (select entry_id from pg_temp.incoming_numbers)) e
         using (match_number, match_created, k)
     )
     update pg_temp.incoming_numbers i set entry_id = f.entry_id, fate = f.fate
     from (select * from continued union all select * from reappeared) f
     where i.is_present and i.position = f.position`,
    [queue.queueId, queue.isReopened],
  )
}
