/** Ids of calls that hold the number that was called. */
import { randomUUID } from 'node:crypto'
import { createRedactor } from '../snapshot/redact-number.ts'
import type { Client } from '../store/database.ts'
import type { Stay } from '../store/erase-numbers.ts'

/** Gives calls of these stays another id where theirs holds the number, the same one in every table. */
export async function replaceCallIds(client: Client, stays: readonly Stay[]): Promise<void> {
  const { rows } = await client.query<{ entry_id: string; number_to: string; call_id: string }>(
    `select distinct entry_id, e.number_to, c.call_id
     from allo.queue_entries e join (
       select entry_id, call_id from allo.dials union select entry_id, call_id from allo.queue_number_versions
     ) c using (entry_id)
     where entry_id = any ($1) and c.call_id ~ '[0-9].*[0-9].*[0-9].*[0-9].*[0-9].*[0-9].*[0-9]'`,
    [stays.map(({ entry_id }) => entry_id)],
  )
  const holding = rows.filter(
    ({ number_to, call_id }) => createRedactor([number_to])?.redact(call_id) !== call_id,
  )
  if (holding.length === 0) return
  const next = new Map(holding.map(({ call_id }) => [call_id, `erased-${randomUUID().replaceAll('-', '')}`]))
  for (const table of ['queue_numbers', 'queue_number_versions', 'dials']) {
    await client.query(
      `update allo.${table} t set call_id = n.next
       from unnest($1::bigint[], $2::text[], $3::text[]) as n (entry_id, call_id, next)
       where t.entry_id = n.entry_id and t.call_id = n.call_id`,
      [
        holding.map(({ entry_id }) => entry_id),
        holding.map(({ call_id }) => call_id),
        holding.map(({ call_id }) => next.get(call_id)),
      ],
    )
  }
}
