/**
 * One number is erased from the mirror and from all of history, in one transaction, and no count changes: its stays,
 * versions, dials and the counts of its queues remain, and lead nowhere. Its stays share one random key, so that they
 * are still those of one number. Digests that it went into are emptied, since digests of numbers can be reversed.
 *
 * Readings wait while a number is erased, and look then which ones are suppressed: what was read before brings none
 * back.
 */
import { randomBytes } from 'node:crypto'
import { comparableNumber, type NumberKeys } from '../snapshot/number-key.ts'
import { ask, type Client, inTransaction, type Pool } from '../store/database.ts'
import { eraseNumbers, type Stay } from '../store/erase-numbers.ts'
import { personalDataLock } from '../store/reading-state.ts'

export interface Forgetting {
  readonly number: string
  /** Finds what was erased by age already; needed to suppress. */
  readonly numberKeys: NumberKeys | null
  /** From now on the number is mirrored without itself, wherever it stands. */
  readonly suppress: boolean
  /** All of it, rolled back. */
  readonly dryRun: boolean
}

export interface Forgotten {
  /** It stands in a queue that goes on, and was not to be suppressed: nothing was erased. */
  readonly isRefused: boolean
  /** Stays it was found in, and the queues they are in. */
  readonly stays: number
  readonly queues: number
  /** Queues that go on, with it in them. */
  readonly places: readonly Place[]
  readonly isSuppressed: boolean
}

export interface Place {
  readonly queueId: string
  readonly queueName: string | null
  readonly position: number
  readonly userId: string
  readonly teammateName: string | null
}

/** Twice is once: the second time there is nothing to erase. */
export async function forgetNumber(pool: Pool, forgetting: Forgetting): Promise<Forgotten> {
  const { suppress, dryRun, numberKeys } = forgetting
  const numberKey = numberKeys?.keyOf(forgetting.number) ?? null
  const forgotten = await inTransaction(
    pool,
    'forgetting a number',
    async (client) => {
      await client.query(`select pg_advisory_xact_lock(${personalDataLock})`)
      const stays = await findStays(client, forgetting.number, numberKey)
      const places = await findPlaces(client, stays)
      const isRefused = places.length > 0 && !suppress
      if (suppress) await recordSuppression(client, numberKey)
      if (!isRefused) await eraseNumbers(client, stays, `forgotten-${randomBytes(16).toString('hex')}`)
      return {
        isRefused,
        stays: stays.length,
        queues: new Set(stays.map(({ queue_id }) => queue_id)).size,
        places,
        isSuppressed: await isSuppressed(client, numberKey),
      }
    },
    { rollback: dryRun },
  )
  // The planner keeps samples of what stood in the columns.
  if (forgotten.stays > 0 && !forgotten.isRefused && !dryRun) {
    await ask(pool, 'sampling anew', 'analyze allo.queues, allo.queue_entries, allo.queue_numbers', [])
  }
  return forgotten
}

/** By the number, however it is written; by its key where the number was erased already. */
async function findStays(client: Client, number: string, numberKey: string | null): Promise<Stay[]> {
  const same = comparableNumber(number)
  const { rows } = await client.query<Stay & { number_to: string | null }>(
    `select entry_id, queue_id, number_to from allo.queue_entries
     where regexp_replace(number_to, '[^0-9]', '', 'g') = $1 or number_key = $2`,
    [same.replace(/[^0-9]/g, ''), numberKey],
  )
  return rows.filter(({ number_to }) => number_to === null || comparableNumber(number_to) === same)
}

async function findPlaces(client: Client, stays: readonly Stay[]): Promise<Place[]> {
  const { rows } = await client.query<Place>(
    `select q.queue_id as "queueId", q.name as "queueName", n.position, q.user_id as "userId", t.name as "teammateName"
     from allo.queue_entries e join allo.queue_numbers n using (queue_id, entry_id) join allo.queues q using (queue_id)
     left join allo.teammates t using (user_id)
     where e.entry_id = any ($1) and e.last_seen_at is null order by q.queue_id, n.position`,
    [stays.map(({ entry_id }) => entry_id)],
  )
  return rows
}

async function recordSuppression(client: Client, numberKey: string | null): Promise<void> {
  if (numberKey === null) throw new Error('a number can’t be suppressed without a key')
  await client.query(
    `insert into allo.suppressed_numbers (number_key, suppressed_at) values ($1, clock_timestamp())
     on conflict do nothing`,
    [numberKey],
  )
}

async function isSuppressed(client: Client, numberKey: string | null): Promise<boolean> {
  const { rowCount } = await client.query('select from allo.suppressed_numbers where number_key = $1', [
    numberKey,
  ])
  return rowCount === 1
}
