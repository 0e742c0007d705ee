/** Replaces ids of calls that contain the called number. */
import { randomUUID } from 'node:crypto'
import { concealedCallId } from '../snapshot/conceal.ts'
import type { NumberKeys } from '../snapshot/number-key.ts'
import { createRedactor } from '../snapshot/redact-number.ts'
import type { Client } from '../store/postgres/database.ts'
import type { Stay } from '../store/reading/erase-numbers.ts'

/**
 * Gives calls of these entries another id if theirs contains the number, the same one in every table. With keys, the
 * call is recognised when its number returns (recall-numbers.ts). Without keys the id is random.
 */
export async function replaceCallIds(
  client: Client,
  stays: readonly Stay[],
  numberKeys: NumberKeys | null,
): Promise<void> {
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
  const idFor = replacementIds(numberKeys, await concealedIdsOnRecord(client))
  for (const table of ['queue_numbers', 'queue_number_versions', 'dials']) {
    await client.query(
      `update allo.${table} t set call_id = n.next
       from unnest($1::bigint[], $2::text[], $3::text[]) as n (entry_id, call_id, next)
       where t.entry_id = n.entry_id and t.call_id = n.call_id`,
      [
        holding.map(({ entry_id }) => entry_id),
        holding.map(({ call_id }) => call_id),
        holding.map(({ call_id }) => idFor(call_id)),
      ],
    )
  }
}

/** Returns a function from a call id to its replacement. It never returns an id in `taken`, because ids are unique. */
export function replacementIds(
  numberKeys: NumberKeys | null,
  taken: ReadonlySet<string>,
): (callId: string) => string {
  const known = new Map<string, string>()
  return (callId) => {
    const concealed = numberKeys === null ? null : concealedCallId(callId, numberKeys)
    const isFree = concealed !== null && !taken.has(concealed)
    const next = known.get(callId) ?? (isFree ? concealed : `erased-${randomUUID().replaceAll('-', '')}`)
    known.set(callId, next)
    return next
  }
}

export async function concealedIdsOnRecord(client: Client): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ call_id: string }>(
    `select call_id from allo.dials where call_id like 'concealed-%'`,
  )
  return new Set(rows.map(({ call_id }) => call_id))
}
