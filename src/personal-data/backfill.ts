/** Number keys for entries that were written while there was no key. */
import { sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { NumberKeys } from '../snapshot/number-key.ts'
import { type Client, inTransaction, type Pool } from '../store/postgres/database.ts'
import { array, assign, change, fields, run } from '../store/postgres/query.ts'
import { queueEntries } from '../store/schema.ts'

const BATCH = 5000
const e = alias(queueEntries, 'e')

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
      const entries = await lockEntriesWithoutKey(client, from)
      const keyed = entries.flatMap(({ entryId, numberTo }) => {
        const key = numberKeys.keyOf(numberTo)
        return key === null ? [] : [{ entryId, key }]
      })
      await recordKeys(client, keyed)
      return { filled: keyed.length, last: entries.at(-1)?.entryId ?? null }
    })
    filled += batch.filled
    after = batch.last
  }
  return filled
}

function lockEntriesWithoutKey(
  client: Client,
  after: string,
): Promise<{ entryId: string; numberTo: string }[]> {
  return run(
    client,
    sql`select ${fields(e, 'entryId', 'numberTo')} from ${queueEntries} ${e}
        where ${e.entryId} > ${after} and ${e.numberTo} is not null and ${e.numberKey} is null
        order by ${e.entryId} limit ${BATCH} for no key update skip locked`,
  )
}

async function recordKeys(
  client: Client,
  keyed: readonly { readonly entryId: string; readonly key: string }[],
): Promise<void> {
  const entryIds = array(keyed.map(({ entryId }) => entryId))
  const keys = array(keyed.map(({ key }) => key))
  await change(
    client,
    sql`update ${queueEntries} ${e} set ${assign(queueEntries, { numberKey: sql`keyed.number_key` })}
        from unnest(${entryIds}::bigint[], ${keys}::text[]) as keyed (entry_id, number_key)
        where ${e.entryId} = keyed.entry_id`,
  )
}
