/**
 * What taking a snapshot needs from the database: its clock, the suppressed numbers, what the mirror holds of a queue.
 */
import { eq, sql } from 'drizzle-orm'
import type { QueueNumber } from '../../allo/types.ts'
import { conceal } from '../../snapshot/conceal.ts'
import type { NumberKeys } from '../../snapshot/number-key.ts'
import type { KnownQueue } from '../../snapshot/snapshot.ts'
import { type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { one, orm } from '../postgres/query.ts'
import { queues, suppressedNumbers } from '../schema.ts'

/** Text with microseconds, in UTC. */
export async function databaseClock(pool: Pool): Promise<string> {
  const { now } = await withDatabaseErrors('asking the time', () =>
    one<{ now: string }>(pool, sql`select clock_timestamp() as now`),
  )
  return now
}

/** Null: the mirror does not hold the queue. */
export async function knownQueue(pool: Pool, queueId: string): Promise<KnownQueue | null> {
  const { membershipDigest, numbers } = queues
  const [known] = await withDatabaseErrors('reading a queue', async () =>
    orm(pool).select({ membershipDigest, numbers }).from(queues).where(eq(queues.queueId, queueId)),
  )
  return known ?? null
}

/** The numbers without those suppressed by now. Without a key none is recognised, and saving refuses the reading. */
export async function concealSuppressed(
  pool: Pool,
  numberKeys: NumberKeys | null,
  numbers: readonly QueueNumber[],
): Promise<readonly QueueNumber[]> {
  if (numberKeys === null) return numbers
  const { numberKey } = suppressedNumbers
  const rows = await withDatabaseErrors('looking which numbers are suppressed', async () =>
    orm(pool).select({ numberKey }).from(suppressedNumbers),
  )
  return conceal(numbers, new Set(rows.map((row) => row.numberKey)), numberKeys)
}
