/**
 * Which teammate holds which queue, and since when. `assignQueue` and `unassignQueue` record what one reading saw.
 *
 * A reading with a queue proves that the teammate holds it. "No queue" needs two readings that agree: the first one
 * only sets `missing_since` (the assignment is unconfirmed: from then on the holder is unknown), and the second one
 * confirms it.
 *
 *   holds Q ──no queue──▶ unconfirmed ──no queue──▶ Q closed at missing_since, no queue from there
 *      ▲                     │   └───another queue──▶ Q closed at missing_since, the other queue from now
 *      └───────── Q ─────────┘
 *   unknown ──no queue──▶ no queue, unconfirmed ──no queue──▶ no queue
 *      ▲                     │
 *      └────── a queue ──────┘  (then that queue from now)
 *
 * A teammate never holds two queues at once, and a queue never has two holders. Readings of different teammates are
 * saved in any order, also an older one after a newer one. Then the periods that would overlap are shortened.
 *
 * Called within the transaction and under the locks of save-reading.ts: the teammate's, and those of every queue named
 * here.
 */
import { and, eq, gt, isNotNull, isNull, lt, or, sql } from 'drizzle-orm'
import type { Client } from '../postgres/database.ts'
import { orm } from '../postgres/query.ts'
import { queueAssignments as assignments } from '../schema.ts'

interface Seen {
  readonly userId: string
  readonly observedAt: string
  /** Start of the teammate's last applied reading; null when there was none. */
  readonly changedAfter: string | null
}

const isOpen = isNull(assignments.validTo)
const isOpenOf = (userId: string) => and(eq(assignments.userId, userId), isOpen)

/** The teammate was seen with the queue. If another teammate held it on record, that assignment is closed. */
export async function assignQueue(client: Client, seen: Seen & { readonly queueId: string }): Promise<void> {
  const { userId, queueId, observedAt, changedAfter } = seen
  const open = await openAssignment(client, userId)
  if (open?.queueId === queueId) {
    if (open.isDoubted) await clearDoubt(client, userId)
    return
  }
  await closeEarlierHolder(client, seen)
  if (open?.queueId === null && open.isDoubted) {
    await orm(client).delete(assignments).where(isOpenOf(userId))
  } else if (open !== null) {
    await orm(client)
      .update(assignments)
      .set({ validTo: sql`coalesce(${assignments.missingSince}, ${observedAt})` })
      .where(isOpenOf(userId))
  }
  await cutClaimsBeyond(client, seen)
  await orm(client).insert(assignments).values({ userId, queueId, validFrom: observedAt, changedAfter })
}

/** The teammate was seen without a queue. */
export async function unassignQueue(client: Client, seen: Seen): Promise<void> {
  const { userId, observedAt, changedAfter } = seen
  const doubt = { missingSince: observedAt, missingAfter: changedAfter }
  const open = await openAssignment(client, userId)
  if (open === null) {
    await cutClaimsBeyond(client, { ...seen, queueId: null })
    await openDoubtedNone(client, userId, doubt)
  } else if (open.queueId !== null && !open.isDoubted) {
    await orm(client).update(assignments).set(doubt).where(isOpenOf(userId))
  } else if (open.queueId !== null) {
    await closeAtDoubt(client, userId)
  } else if (open.isDoubted) {
    await clearDoubt(client, userId)
  }
}

async function openAssignment(client: Client, userId: string) {
  const [open] = await orm(client)
    .select({ queueId: assignments.queueId, isDoubted: sql<boolean>`${isNotNull(assignments.missingSince)}` })
    .from(assignments)
    .where(isOpenOf(userId))
  return open ?? null
}

async function clearDoubt(client: Client, userId: string): Promise<void> {
  await orm(client)
    .update(assignments)
    .set({ missingSince: null, missingAfter: null })
    .where(isOpenOf(userId))
}

/** "No queue", confirmed by a second reading: the assignment ends at the first one. */
async function closeAtDoubt(client: Client, userId: string): Promise<void> {
  const closed = await orm(client)
    .update(assignments)
    .set({ validTo: assignments.missingSince })
    .where(isOpenOf(userId))
    .returning({ validFrom: assignments.missingSince, changedAfter: assignments.missingAfter })
  for (const { validFrom, changedAfter } of closed) {
    if (validFrom === null) continue
    await orm(client).insert(assignments).values({ userId, queueId: null, validFrom, changedAfter })
  }
}

interface Doubt {
  readonly missingSince: string
  readonly missingAfter: string | null
}

/** "No queue", seen for the first time. */
async function openDoubtedNone(client: Client, userId: string, doubt: Doubt): Promise<void> {
  const { missingSince: validFrom, missingAfter: changedAfter } = doubt
  await orm(client)
    .insert(assignments)
    .values({ userId, queueId: null, validFrom, changedAfter, ...doubt })
}

/** The earlier holder no longer has this queue. Whether they have another one is not proven, so a doubt stays. */
async function closeEarlierHolder(
  client: Client,
  { queueId, observedAt }: { readonly queueId: string; readonly observedAt: string },
): Promise<void> {
  const { userId, missingSince, missingAfter } = assignments
  const closed = await orm(client)
    .update(assignments)
    .set({ validTo: sql`least(${missingSince}, ${observedAt})` })
    .where(and(eq(assignments.queueId, queueId), isOpen))
    .returning({ userId, missingSince, missingAfter })
  for (const { userId, missingSince, missingAfter } of closed) {
    if (missingSince !== null) await openDoubtedNone(client, userId, { missingSince, missingAfter })
  }
}

async function cutClaimsBeyond(
  client: Client,
  { userId, queueId, observedAt }: Seen & { readonly queueId: string | null },
): Promise<void> {
  const isOfEither = or(
    eq(assignments.userId, userId),
    queueId === null ? undefined : eq(assignments.queueId, queueId),
  )
  await orm(client)
    .update(assignments)
    .set({ validTo: observedAt })
    .where(and(isOfEither, lt(assignments.validFrom, observedAt), gt(assignments.validTo, observedAt)))
}
