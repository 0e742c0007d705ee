/** The parts that all steps of retention share. */
import { sql } from 'drizzle-orm'
import type { NumberKeys } from '../snapshot/number-key.ts'
import { ask, type Client, inTransaction, type Pool } from '../store/postgres/database.ts'
import { lock, queueLock } from '../store/postgres/locks.ts'
import type { Stay } from '../store/reading/erase-numbers.ts'

export interface RetentionRun {
  readonly pool: Pool
  readonly teamId: string
  /** Erased numbers keep their number key. Null: they get a random one. */
  readonly numberKeys: NumberKeys | null
  readonly signal?: AbortSignal
}

/** SQL condition: entry `e` was removed or last seen before $2. */
export const isOver = `e.last_seen_at is not null and coalesce(e.removed_at, e.last_seen_at) < $2`

const BATCH = 1000

/**
 * Calls `batch` with the due entries of the team, some entries of one queue at a time, under the lock of that queue.
 * `batch` must make them no longer due. Returns their number. `due`: SQL condition on an entry `e` and the instant $2.
 */
export async function forQueuesWithStays(
  { pool, teamId, signal }: RetentionRun,
  { due, before, doing }: { readonly due: string; readonly before: string; readonly doing: string },
  batch: (client: Client, stays: readonly Stay[]) => Promise<void>,
): Promise<number> {
  const { rows: queues } = await ask<{ queue_id: string }>(
    pool,
    doing,
    `select queue_id from allo.queues q
     where q.team_id = $1 and exists (select from allo.queue_entries e where e.queue_id = q.queue_id and ${due})
     order by queue_id`,
    [teamId, before],
  )
  let done = 0
  for (const { queue_id } of queues) {
    for (let last = 1; last > 0 && !signal?.aborted; done += last) {
      last = await inTransaction(pool, doing, async (client) => {
        await lock(client, sql`select ${queueLock(queue_id)}`)
        const { rows: stays } = await client.query<Stay>(
          `select entry_id, queue_id from allo.queue_entries e where e.queue_id = $1 and ${due} limit ${BATCH}`,
          [queue_id, before],
        )
        if (stays.length > 0) await batch(client, stays)
        return stays.length
      })
    }
  }
  return done
}
