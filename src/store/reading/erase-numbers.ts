/** Erases numbers from the mirror and from the history, with the digests that were computed from them. */
import { and, sql } from 'drizzle-orm'
import type { Client } from '../postgres/database.ts'
import { anyOf, type Fields, orm } from '../postgres/query.ts'
import { queueEntries, queueNumbers, queues } from '../schema.ts'

/** One period of a number in a queue. */
export type Entry = Readonly<Fields<typeof queueEntries, 'entryId' | 'queueId'>>

/**
 * Erases the number of these entries, the unknown fields of their rows, and the digests, because trying all numbers
 * reverses a digest. Without digests, the next reading compares all rows of these queues.
 *
 * The entries get `numberKey`; null: they keep their key, or get a random one. The caller holds the locks of a reading
 * of their queues. Idempotent.
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
