import type { Client } from './database.ts'

/**
 * Numbers that were erased from this queue since, and that the API shows again: an entry is known again by its number
 * key, and gets its number back, so that it can be matched like any other. Returns how many rows of the mirror did.
 *
 * Without a key nothing is recalled. What comes then is new, and what was erased is not said to have left.
 */
export async function recallNumbers(client: Client, queueId: string): Promise<number> {
  const { rowCount } = await client.query(
    `with recalled as (
       update allo.queue_entries e set number_to = i.number_to
       from pg_temp.incoming_numbers i
       where e.queue_id = $1 and e.number_to is null and e.last_seen_at is not null
         and i.is_present and i.fate = 'added' and i.number_to is not null
         and e.number_key = i.number_key and e.source_created_at is not distinct from i.created_at
       returning e.entry_id, e.number_to
     )
     update allo.queue_numbers q set number_to = r.number_to from recalled r
     where q.queue_id = $1 and q.number_to is null and q.entry_id = r.entry_id`,
    [queueId],
  )
  return rowCount ?? 0
}
