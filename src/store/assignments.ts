/**
 * Who held which queue when. A stretch without a queue is recorded only when two readings agree: until then the
 * stretch before stays open and `missing_since` says since when it is doubted.
 *
 *   holds Q ──no queue──▶ holds Q, doubted ──no queue, or another──▶ Q closed at the first doubt, none from there
 *      ▲                         │
 *      └──────────── Q ──────────┘
 *
 * Called within the transaction and under the locks of save-reading.ts: the user's, and of every queue named here.
 */
import type { Client } from './database.ts'

interface Seen {
  readonly userId: string
  readonly observedAt: string
  /** Start of the reading of this teammate applied before; null when there was none. */
  readonly changedAfter: string | null
}

/** The teammate was seen holding the queue; whoever is on record for it does not hold it any more. */
export async function assignQueue(client: Client, seen: Seen & { readonly queueId: string }): Promise<void> {
  const open = await openAssignment(client, seen.userId)
  if (open?.queue_id === seen.queueId) {
    if (open.is_doubted) {
      await client.query(
        `update allo.queue_assignments set missing_since = null, missing_after = null where user_id = $1 and valid_to is null`,
        [seen.userId],
      )
    }
    return
  }
  const { rows } = await client.query<{ user_id: string }>(
    `select user_id from allo.queue_assignments where queue_id = $1 and valid_to is null`,
    [seen.queueId],
  )
  for (const { user_id } of rows) await closeAssignment(client, user_id, seen.observedAt)
  if (open !== null) await closeAssignment(client, seen.userId, seen.observedAt)
  // A doubted stretch left a confirmed one without a queue behind it, which ends here.
  await client.query(
    `update allo.queue_assignments set valid_to = $2 where user_id = $1 and valid_to is null and valid_from < $2`,
    [seen.userId, seen.observedAt],
  )
  await insertAssignment(client, seen, seen.queueId)
}

/** The teammate was seen without a queue. */
export async function unassignQueue(client: Client, seen: Seen): Promise<void> {
  const open = await openAssignment(client, seen.userId)
  if (open === null) return insertAssignment(client, seen, null)
  if (open.queue_id === null) return
  if (open.is_doubted) return closeAssignment(client, seen.userId, seen.observedAt)
  await client.query(
    `update allo.queue_assignments set missing_since = $2, missing_after = $3
     where user_id = $1 and valid_to is null`,
    [seen.userId, seen.observedAt, seen.changedAfter],
  )
}

/**
 * Ends the open stretch: at the first doubt, from where the teammate is on record without a queue, else at `at`.
 */
export async function closeAssignment(client: Client, userId: string, at: string): Promise<void> {
  const { rows } = await client.query<{ doubted_since: string | null; doubted_after: string | null }>(
    `update allo.queue_assignments set valid_to = coalesce(missing_since, $2)
     where user_id = $1 and valid_to is null
     returning missing_since::text as doubted_since, missing_after::text as doubted_after`,
    [userId, at],
  )
  for (const { doubted_since, doubted_after } of rows) {
    if (doubted_since === null) continue
    const seen = { userId, observedAt: doubted_since, changedAfter: doubted_after }
    await insertAssignment(client, seen, null)
  }
}

async function openAssignment(
  client: Client,
  userId: string,
): Promise<{ queue_id: string | null; is_doubted: boolean } | null> {
  const { rows } = await client.query<{ queue_id: string | null; is_doubted: boolean }>(
    `select queue_id, missing_since is not null as is_doubted from allo.queue_assignments
     where user_id = $1 and valid_to is null`,
    [userId],
  )
  return rows[0] ?? null
}

async function insertAssignment(client: Client, seen: Seen, queueId: string | null): Promise<void> {
  await client.query(
    `insert into allo.queue_assignments (user_id, queue_id, valid_from, changed_after) values ($1, $2, $3, $4)`,
    [seen.userId, queueId, seen.observedAt, seen.changedAfter],
  )
}
