/**
 * For transactions that lock whole tables. While one waits for its lock, every later statement on the table queues
 * behind it. So each attempt waits for seconds only and then gives up all it holds; after the last one LockedError names
 * the session in the way, and nothing is half done.
 *
 *   attempt ──lock not free within 2 s, or a deadlock──▶ roll back, pause ──▶ attempt … fifth ──▶ LockedError
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { exitCodes, MirrorError } from '../../errors.ts'
import { type Client, DatabaseError, inTransaction, type Pool } from './database.ts'
import { one } from './query.ts'

const WAIT_MS = 2000
const PAUSE_MS = 1000
const MOST_ATTEMPTS = 5
/** An attempt may have raised its own limit. */
const LAST_BEGINS_WITHIN_MS = 30_000
const LOOK_EVERY_MS = 250
/** lock_not_available, deadlock_detected. */
const NOT_GRANTED = ['55P03', '40P01']

/** Another session holds a lock that is needed. */
export class LockedError extends MirrorError {
  readonly code = 'temporary'
  readonly exitCode = exitCodes.tryAgain
  override readonly retryable = true

  constructor(doing: string, holders: string | null) {
    super(
      `${doing}: ${holders ?? 'another session'} holds a lock that is needed; wait until it has finished, or end it with select pg_terminate_backend(<process>), and try again; nothing was changed`,
    )
  }
}

export async function inYieldingTransaction<T>(
  pool: Pool,
  doing: string,
  work: (client: Client) => Promise<T>,
  options: { rollback?: boolean } = {},
): Promise<T> {
  const startedAt = performance.now()
  let holders: string | null = null
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTransaction(
        pool,
        doing,
        async (client) => {
          await limitLockWait(client)
          const { pid } = await one<{ pid: number }>(client, sql`select pg_backend_pid() as pid`)
          const over = new AbortController()
          void watchHolders(pool, pid, over.signal, (found) => {
            holders = found
          })
          try {
            return await work(client)
          } finally {
            over.abort()
          }
        },
        options,
      )
    } catch (error) {
      if (!isLockRefused(error)) throw error
      const isLast = attempt === MOST_ATTEMPTS || performance.now() - startedAt > LAST_BEGINS_WITHIN_MS
      if (isLast) throw new LockedError(doing, holders)
      await sleep(PAUSE_MS)
    }
  }
}

/** A wait for a lock was too long, or a deadlock. */
export function isLockRefused(error: unknown): boolean {
  return error instanceof DatabaseError && NOT_GRANTED.includes(error.sqlState ?? '')
}

/** Of each statement of this transaction from now on. 0: it waits without end. */
export async function limitLockWait(client: Client, ms = WAIT_MS): Promise<void> {
  await client.query(`set local lock_timeout = ${ms}`)
}

/** Asked while it waits: afterwards Postgres no longer knows. Needs a second connection of the pool. */
async function watchHolders(
  pool: Pool,
  pid: number,
  over: AbortSignal,
  onFound: (holders: string) => void,
): Promise<void> {
  while (!over.aborted) {
    await sleep(LOOK_EVERY_MS, undefined, { signal: over }).catch(() => undefined)
    const holders = over.aborted ? null : await holdersOf(pool, pid).catch(() => null)
    if (holders !== null) onFound(holders)
  }
}

async function holdersOf(pool: Pool, pid: number): Promise<string | null> {
  const { holders } = await one<{ holders: string | null }>(
    pool,
    sql`select string_agg(format('process %s of login %s', holder.pid, coalesce(a.usename, 'unknown')), ', ') as holders
        from (select unnest(pg_blocking_pids(${pid})) as pid limit 3) as holder
        left join pg_stat_activity a on a.pid = holder.pid`,
  )
  return holders
}
