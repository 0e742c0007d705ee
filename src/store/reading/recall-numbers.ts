import { concealedCallId } from '../../snapshot/conceal.ts'
import type { NumberKeys } from '../../snapshot/number-key.ts'
import type { Client } from '../postgres/database.ts'

/**
 * Numbers that were erased from this queue since, and that the API shows again: an entry is known again by its number
 * key, and gets its number back, so that it can be matched like any other. Its calls get their ids back, where those
 * were replaced because they hold the number: else the same call would be a second dial. Returns how many rows of the
 * mirror got a number.
 *
 * Without a key nothing is recalled. What comes then is new, and what was erased is not said to have left.
 */
export async function recallNumbers(
  client: Client,
  queueId: string,
  numberKeys: NumberKeys | null,
): Promise<number> {
  if (numberKeys === null) return 0
  const { rows } = await client.query<{ rows: number; entry_ids: string[] }>(
    `with recalled as (
       update allo.queue_entries e set number_to = i.number_to
       from pg_temp.incoming_numbers i
       where e.queue_id = $1 and e.number_to is null and e.last_seen_at is not null
         and i.is_present and i.fate = 'added' and i.number_to is not null
         and e.number_key = i.number_key and e.source_created_at is not distinct from i.created_at
       returning e.entry_id, e.number_to
     ), mirrored as (
       update allo.queue_numbers q set number_to = r.number_to from recalled r
       where q.queue_id = $1 and q.number_to is null and q.entry_id = r.entry_id
       returning q.entry_id
     )
     select (select count(*)::int from mirrored) as rows, array(select entry_id::text from recalled) as entry_ids`,
    [queueId],
  )
  const { rows: mirrored, entry_ids: entryIds } = rows[0] ?? { rows: 0, entry_ids: [] }
  if (entryIds.length > 0) await recallCallIds(client, entryIds, numberKeys)
  return mirrored
}

async function recallCallIds(
  client: Client,
  entryIds: readonly string[],
  numberKeys: NumberKeys,
): Promise<void> {
  const { rows } = await client.query<{ entry_id: string; call_id: string }>(
    `select distinct e.entry_id, i.call_id
     from allo.queue_entries e join pg_temp.incoming_numbers i on i.number_key = e.number_key
     where e.entry_id = any ($1) and i.is_present and i.call_id is not null`,
    [entryIds],
  )
  for (const table of ['queue_numbers', 'queue_number_versions', 'dials']) {
    await client.query(
      `update allo.${table} t set call_id = n.call_id
       from unnest($1::bigint[], $2::text[], $3::text[]) as n (entry_id, concealed, call_id)
       where t.entry_id = n.entry_id and t.call_id = n.concealed${table === 'dials' ? andIdIsFree : ''}`,
      [
        rows.map(({ entry_id }) => entry_id),
        rows.map(({ call_id }) => concealedCallId(call_id, numberKeys)),
        rows.map(({ call_id }) => call_id),
      ],
    )
  }
}

/** Another queue may have shown the call meanwhile. */
const andIdIsFree = `
  and not exists (select from allo.dials d where d.team_id = t.team_id and d.call_id = n.call_id)`
