/** Erases numbers from the mirror and from the history, and everything that was made of them. */
import { and, sql } from 'drizzle-orm'
import type { Client } from '../postgres/database.ts'
import { anyOf, type Fields, orm } from '../postgres/query.ts'
import { queueEntries, queueNumbers, queues } from '../schema.ts'

/** One period of a number in a queue. */
export type Entry = Readonly<Fields<typeof queueEntries, 'entryId' | 'queueId'>>

/**
 * Erases the number of these entries, the unknown fields of their rows, and digests: a digest of a number is reversed
 * by trying all numbers. Without digests, the next reading compares all rows of these queues.
 *
 * The entries go on under `numberKey`; null: under the key they have, or a random one of their own. Called under the
 * locks of a reading of their queues. Idempotent.
 */
export async function eraseNumbers(
  client: Client,
  entries: readonly Entry[],
  numberKey: string | null,
): Promise<void> {
  const entryIds = entries.map(({ entryId }) => entryId)
  const queueIds = [...new Set(entries.map(({ queueId }) => queueId))]
  const randomKey = sql`'erased-' || replace(gen_random_uuid()::text, '-', '')`
  await orm(client)
    .update(queueEntries)
    .set({ numberTo: null, numberKey: sql`coalesce(${numberKey}, ${queueEntries.numberKey}, ${randomKey})` })
    .where(sql`${queueEntries.entryId} ${anyOf(entryIds)}`)
  const erased = await orm(client)
    .update(queueNumbers)
    .set({ numberTo: null, extra: null, rowDigest: '0' })
    .where(
      and(sql`${queueNumbers.queueId} ${anyOf(queueIds)}`, sql`${queueNumbers.entryId} ${anyOf(entryIds)}`),
    )
    .returning({ queueId: queueNumbers.queueId })
  const changed = [...new Set(erased.map(({ queueId }) => queueId))]
  await orm(client)
    .update(queues)
    .set({ membershipDigest: '', contentDigest: '' })
    .where(sql`${queues.queueId} ${anyOf(changed)}`)
}
