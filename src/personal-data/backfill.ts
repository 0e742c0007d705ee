/** Number keys for entries that were written while there was no key. */
import type { NumberKeys } from '../snapshot/number-key.ts'
import { inTransaction, type Pool } from '../store/postgres/database.ts'

const BATCH = 5000

/**
 * Returns how many entries got a key. Works in short transactions and skips locked entries, so entries that a reading
 * is writing are left to the next run, and parallel runs share the work. May be stopped at any time.
 */
export async function backfillNumberKeys(
  pool: Pool,
  numberKeys: NumberKeys,
  signal?: AbortSignal,
): Promise<number> {
  let filled = 0
  for (let after: string | null = '0'; after !== null && !signal?.aborted; ) {
    const from: string = after
    const batch = await inTransaction(pool, 'computing number keys', async (client) => {
      const { rows } = await client.query<{ entry_id: string; number_to: string }>(
        `select entry_id, number_to from allo.queue_entries
         where entry_id > $1 and number_to is not null and number_key is null
         order by entry_id limit ${BATCH} for no key update skip locked`,
        [from],
      )
      const keyed = rows.flatMap(({ entry_id, number_to }) => {
        const key = numberKeys.keyOf(number_to)
        return key === null ? [] : [{ entry_id, key }]
      })
      await client.query(
        `update allo.queue_entries e set number_key = k.number_key
         from unnest($1::bigint[], $2::text[]) as k (entry_id, number_key) where e.entry_id = k.entry_id`,
        [keyed.map(({ entry_id }) => entry_id), keyed.map(({ key }) => key)],
      )
      return { filled: keyed.length, last: rows.at(-1)?.entry_id ?? null }
    })
    filled += batch.filled
    after = batch.last
  }
  return filled
}
