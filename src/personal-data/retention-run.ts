/** The parts that all steps of retention share. */
import { type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { NumberKeys } from '../snapshot/number-key.ts'
import { type Client, inTransaction, type Pool, withDatabaseErrors } from '../store/postgres/database.ts'
import { lock, queueLock } from '../store/postgres/locks.ts'
import { type Fields, fields, run } from '../store/postgres/query.ts'
import type { Entry } from '../store/reading/erase-numbers.ts'
import { queueEntries, queues } from '../store/schema.ts'

export interface RetentionRun {
  readonly pool: Pool
  readonly teamId: string
  /** Erased numbers keep their number key. Null: they get a random one. */
  readonly numberKeys: NumberKeys | null
  readonly signal?: AbortSignal
}

/** The entry of a condition. */
export const e = alias(queueEntries, 'e')
const q = alias(queues, 'q')

/** SQL condition: entry `e` was removed or last seen before `instant`. */
export function wasOverBefore(instant: string): SQL {
  return sql`(${e.lastSeenAt} is not null and coalesce(${e.removedAt}, ${e.lastSeenAt}) < ${instant})`
}

const BATCH = 1000

/**
 * Calls `batch` with the due entries of the team, some entries of one queue at a time, under the lock of that queue.
 * `batch` must make them no longer due. Returns their number. `due`: SQL condition on an entry `e`.
 */
export async function forQueuesWithEntries(
  { pool, teamId, signal }: RetentionRun,
  { due, doing }: { readonly due: SQL; readonly doing: string },
  batch: (client: Client, entries: readonly Entry[]) => Promise<void>,
): Promise<number> {
  let done = 0
  for (const queueId of await withDatabaseErrors(doing, () => queuesWithEntries(pool, teamId, due))) {
    for (let last = 1; last > 0 && !signal?.aborted; done += last) {
      last = await inTransaction(pool, doing, async (client) => {
        await lock(client, sql`select ${queueLock(queueId)}`)
        const entries = await someEntries(client, queueId, due)
        if (entries.length > 0) await batch(client, entries)
        return entries.length
      })
    }
  }
  return done
}

async function queuesWithEntries(pool: Pool, teamId: string, due: SQL): Promise<string[]> {
  const found = await run<Fields<typeof queues, 'queueId'>>(
    pool,
    sql`select ${fields(q, 'queueId')} from ${queues} ${q}
        where ${q.teamId} = ${teamId}
          and exists (select from ${queueEntries} ${e} where ${e.queueId} = ${q.queueId} and ${due})
        order by ${q.queueId}`,
  )
  return found.map(({ queueId }) => queueId)
}

function someEntries(client: Client, queueId: string, due: SQL): Promise<Entry[]> {
  return run(
    client,
    sql`select ${fields(e, 'entryId', 'queueId')} from ${queueEntries} ${e}
        where ${e.queueId} = ${queueId} and ${due} limit ${BATCH}`,
  )
}
