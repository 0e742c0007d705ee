/**
 * Locks of transactions: rows of `allo.locks`, which only the worker's login can touch. An advisory lock could be taken
 * by every login of the database, and would stop all readings.
 *
 * Order: names sorted, teammates before queues. A reading locks one teammate, so two readings can't deadlock.
 *
 * A lock on a row is also ROW SHARE or ROW EXCLUSIVE on the table. `lockAll` conflicts with both: it waits for the
 * transactions that hold any lock, and those that come later wait for it.
 */
import { type SQL, sql } from 'drizzle-orm'
import { locks } from '../schema.ts'
import type { Client } from './database.ts'
import { name, one, orm, type Rendered } from './query.ts'

/** `userId` is a value or a column. */
export function teammateLock(userId: unknown): SQL {
  return sql`'teammate ' || ${userId}::text as name`
}

/** `queueId` is a value or a column. */
export function queueLock(queueId: unknown): SQL {
  return sql`'queue ' || ${queueId}::text as name`
}

/**
 * Takes the locks that the query names in its column `name`, in that order, and returns how many there are. A lock that
 * is new gets its row; one that is there is locked without a write.
 */
export function lock(client: Client, names: SQL): Promise<number> {
  return takeLocks(client, locking(names))
}

/** The statement of `lock`, for a template that is rendered once. */
export function locking(names: SQL): SQL {
  return sql`with wanted as materialized (${names}), locked as (
      insert into ${locks} (${name(locks.name)}) select name from wanted
      on conflict (${name(locks.name)}) do update set ${name(locks.name)} = excluded.name where false
    ) select count(*)::int as count from wanted`
}

export async function takeLocks(client: Client, statement: SQL | Rendered): Promise<number> {
  return (await one<{ count: number }>(client, statement)).count
}

/** Until the transaction ends, no number is written: not by a reading, the end of a pass, or retention. */
export async function lockAll(client: Client): Promise<void> {
  await orm(client).execute(sql`lock table ${locks} in exclusive mode`)
}
