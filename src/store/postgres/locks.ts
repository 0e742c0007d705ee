/**
 * Locks of transactions: rows of `allo.locks`, which only the worker's login can touch. An advisory lock could be taken
 * by every login of the database, and would stop all readings.
 *
 * Order: names sorted, teammates before queues. A reading locks one teammate, so two readings can't deadlock.
 *
 * Whatever locks a row also holds ROW SHARE or ROW EXCLUSIVE on the table. `lockAll` conflicts with both: it waits for
 * the transactions that hold any lock, and those that come later wait for it.
 */
import type { Client } from './database.ts'

/**
 * Locks what the query names in its column `name`, in that order, and returns how many there are. A lock that is new
 * gets its row; one that is there is locked without a write.
 */
export async function lock(client: Client, names: string, values: readonly unknown[]): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `with wanted as materialized (${names}), locked as (
       insert into allo.locks (name) select name from wanted
       on conflict (name) do update set name = excluded.name where false
     ) select count(*)::int as count from wanted`,
    [...values],
  )
  return rows[0]?.count ?? 0
}

/** Until the transaction ends, no number is written: neither by a reading, nor by the end of a pass, nor by retention. */
export async function lockAll(client: Client): Promise<void> {
  await client.query('lock table allo.locks in exclusive mode')
}
