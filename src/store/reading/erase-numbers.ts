import type { Client } from '../postgres/database.ts'

export interface Stay {
  readonly entry_id: string
  readonly queue_id: string
}

/**
 * Erases the number of these stays, with everything that was made of it: unknown fields of the row, and digests, since
 * a digest of a number is reversed by trying all numbers. What is left is read again and compared as if it were new.
 *
 * The stays go on under `numberKey`; null: under the key they have, or a random one of their own. To be called under
 * the locks of a reading of their queues.
 */
export async function eraseNumbers(
  client: Client,
  stays: readonly Stay[],
  numberKey: string | null,
): Promise<void> {
  const entryIds = stays.map(({ entry_id }) => entry_id)
  await client.query(
    `update allo.queue_entries set number_to = null,
       number_key = coalesce($2, number_key, 'erased-' || replace(gen_random_uuid()::text, '-', ''))
     where entry_id = any ($1)`,
    [entryIds, numberKey],
  )
  await client.query(
    `with erased as (
       update allo.queue_numbers set number_to = null, extra = null, row_digest = 0
       where queue_id = any ($1) and entry_id = any ($2) returning queue_id
     )
     update allo.queues set membership_digest = '', content_digest = ''
     where queue_id in (select queue_id from erased)`,
    [[...new Set(stays.map(({ queue_id }) => queue_id))], entryIds],
  )
}
