/**
 * Who held which queue when. That a teammate had none is on record only when two readings agree: until then the
 * stretch is doubted, and `missing_since` says since when. A doubted stretch claims nothing from there on.
 *
 *   holds Q ──no queue──▶ holds Q, doubted ──no queue──▶ Q closed at the first doubt, none from there
 *      ▲                     │         └────another────▶ Q closed at the first doubt, the other one from now
 *      └───────── Q ─────────┘
 *   unknown ──no queue──▶ none, doubted ──no queue──▶ none
 *      ▲                     │
 *      └────── a queue ──────┘  (then that one from now)
 *
 * Called within the transaction and under the locks of save-reading.ts: the user's, and of every queue named here.
 * Readings of different teammates are saved in any order, and one can speak of a moment before another's: whatever
 * an earlier saved one claimed beyond that moment is cut there.
 */
import type { Client } from '../postgres/database.ts'

interface Seen {
  readonly userId: string
  readonly observedAt: string
  /** Start of the reading of this teammate applied before; null when there was none. */
  readonly changedAfter: string | null
}

/** The teammate was seen holding the queue; whoever is on record for it does not hold it any more. */
export async function assignQueue(client: Client, seen: Seen & { readonly queueId: string }): Promise<void> {
  const { userId, queueId, observedAt } = seen
  const open = await openAssignment(client, userId)
  if (open?.queue_id === queueId) {
    if (open.is_doubted) await settleDoubt(client, userId)
    return
  }
  await closeEarlierHolder(client, seen)
  if (open?.queue_id === null && open.is_doubted) {
    await client.query(`delete from allo.queue_assignments where user_id = $1 and valid_to is null`, [userId])
  }
  await client.query(
    `update allo.queue_assignments set valid_to = coalesce(missing_since, $2)
     where user_id = $1 and valid_to is null`,
    [userId, observedAt],
  )
  await cutClaimsBeyond(client, seen)
  await client.query(
    `insert into allo.queue_assignments (user_id, queue_id, valid_from, changed_after) values ($1, $2, $3, $4)`,
    [userId, queueId, observedAt, seen.changedAfter],
  )
}

/** The teammate was seen without a queue. */
export async function unassignQueue(client: Client, seen: Seen): Promise<void> {
  const { userId, observedAt, changedAfter } = seen
  const open = await openAssignment(client, userId)
  if (open === null) {
    await cutClaimsBeyond(client, { ...seen, queueId: null })
    await doubtNone(client, userId, observedAt, changedAfter)
  } else if (open.queue_id === null) {
    if (open.is_doubted) await settleDoubt(client, userId)
  } else if (open.is_doubted) {
    await client.query(
      `with closed as (
         update allo.queue_assignments set valid_to = missing_since where user_id = $1 and valid_to is null
         returning user_id, missing_since, missing_after
       )
       insert into allo.queue_assignments (user_id, queue_id, valid_from, changed_after)
       select user_id, null, missing_since, missing_after from closed`,
      [userId],
    )
  } else {
    await client.query(
      `update allo.queue_assignments set missing_since = $2, missing_after = $3
       where user_id = $1 and valid_to is null`,
      [userId, observedAt, changedAfter],
    )
  }
}

/** That they don't hold this queue is proven, by whom it was seen with; that they hold none is not, by one answer. */
async function closeEarlierHolder(
  client: Client,
  { queueId, observedAt }: { readonly queueId: string; readonly observedAt: string },
): Promise<void> {
  const { rows } = await client.query<{
    user_id: string
    doubted_since: string
    doubted_after: string | null
  }>(
    `update allo.queue_assignments set valid_to = least(missing_since, $2)
     where queue_id = $1 and valid_to is null
     returning user_id, missing_since::text as doubted_since, missing_after::text as doubted_after`,
    [queueId, observedAt],
  )
  for (const { user_id, doubted_since, doubted_after } of rows) {
    if (doubted_since !== null) await doubtNone(client, user_id, doubted_since, doubted_after)
  }
}

async function doubtNone(
  client: Client,
  userId: string,
  since: string,
  changedAfter: string | null,
): Promise<void> {
  await client.query(
    `insert into allo.queue_assignments (user_id, queue_id, valid_from, changed_after, missing_since, missing_after)
     values ($1, null, $2, $3, $2, $3)`,
    [userId, since, changedAfter],
  )
}

async function settleDoubt(client: Client, userId: string): Promise<void> {
  await client.query(
    `update allo.queue_assignments set missing_since = null, missing_after = null
     where user_id = $1 and valid_to is null`,
    [userId],
  )
}

/** Nobody holds two queues at once, and no queue has two holders. */
async function cutClaimsBeyond(
  client: Client,
  { userId, queueId, observedAt }: Seen & { readonly queueId: string | null },
): Promise<void> {
  await client.query(
    `update allo.queue_assignments set valid_to = $3
     where (user_id = $1 or queue_id = $2) and valid_from < $3 and valid_to > $3`,
    [userId, queueId, observedAt],
  )
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
