/** What taking a snapshot needs to know from the database: its clock, what may be kept, what the mirror holds of a queue. */
import type { QueueNumber } from '../../allo/types.ts'
import { conceal } from '../../snapshot/conceal.ts'
import type { NumberKeys } from '../../snapshot/number-key.ts'
import type { KnownQueue } from '../../snapshot/snapshot.ts'
import { type Pool, withDatabaseErrors } from '../postgres/database.ts'

/** Text with microseconds, in UTC. */
export async function databaseClock(pool: Pool): Promise<string> {
  const { rows } = await withDatabaseErrors('asking the time', () =>
    pool.query<{ now: string }>('select clock_timestamp()::text as now'),
  )
  if (rows[0] === undefined) throw new Error('the database did not say what time it is')
  return rows[0].now
}

export async function knownQueue(pool: Pool, queueId: string): Promise<KnownQueue | null> {
  const { rows } = await withDatabaseErrors('reading a queue', () =>
    pool.query<KnownQueue>(
      `select membership_digest as "membershipDigest", numbers from allo.queues where queue_id = $1`,
      [queueId],
    ),
  )
  return rows[0] ?? null
}

/** The numbers without those that are suppressed by now. Without a key none is recognised, and saving refuses them. */
export async function concealSuppressed(
  pool: Pool,
  numberKeys: NumberKeys | null,
  numbers: readonly QueueNumber[],
): Promise<readonly QueueNumber[]> {
  if (numberKeys === null) return numbers
  const { rows } = await withDatabaseErrors('looking which numbers are suppressed', () =>
    pool.query<{ number_key: string }>('select number_key from allo.suppressed_numbers'),
  )
  return conceal(numbers, new Set(rows.map((row) => row.number_key)), numberKeys)
}
