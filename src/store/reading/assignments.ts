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
import { and, eq, gt, isNotNull, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import type { Client } from '../postgres/database.ts'
import { columns, namedAfter, orm, prepared } from '../postgres/query.ts'
import { queueAssignments as assignments } from '../schema.ts'

interface Seen {
  readonly userId: string
  readonly observedAt: string
  /** Start of the teammate's last applied reading; null when there was none. */
  readonly changedAfter: string | null
}

const isOpen = isNull(assignments.validTo)
const isOpenOf = (userId: string | SQL) => and(eq(assignments.userId, userId), isOpen)

/** The teammate was seen with the queue. If another teammate held it on record, that assignment is closed. */
export async function assignQueue(client: Client, seen: Seen & { readonly queueId: string }): Promise<void> {
  const { userId, queueId, observedAt, changedAfter } = seen
  const open = await findOpen(client, userId)
  if (open?.queueId === queueId) {
    if (open.isDoubted) await clearDoubt(client, userId)
    return
  }
  await closeEarlierHolder(client, { queueId, observedAt })
  if (open?.queueId === null && open.isDoubted) {
    await orm(client).delete(assignments).where(isOpenOf(userId))
  } else if (open !== null) {
    await orm(client)
      .update(assignments)
      .set({ validTo: sql`coalesce(${assignments.missingSince}, ${observedAt})` })
      .where(isOpenOf(userId))
  }
  await cutClaims(client, { userId, queueId, observedAt })
  await openAssignment(client, { userId, queueId, validFrom: observedAt, changedAfter })
}

/** The teammate was seen without a queue. */
export async function unassignQueue(client: Client, seen: Seen): Promise<void> {
  const { userId, observedAt, changedAfter } = seen
  const doubt = { missingSince: observedAt, missingAfter: changedAfter }
  const open = await findOpen(client, userId)
  if (open === null) {
    await cutClaims(client, { userId, queueId: null, observedAt })
    await openDoubtedNone(client, userId, doubt)
  } else if (open.queueId !== null && !open.isDoubted) {
    await orm(client).update(assignments).set(doubt).where(isOpenOf(userId))
  } else if (open.queueId !== null) {
    await closeAtDoubt(client, userId)
  } else if (open.isDoubted) {
    await clearDoubt(client, userId)
  }
}

async function findOpen(client: Client, userId: string) {
  const [open] = await selectOpen(client, { userId })
  return open ?? null
}

const selectOpen = prepared<{ userId: string }>()((db, { userId }) =>
  db
    .select({ queueId: assignments.queueId, isDoubted: sql<boolean>`${isNotNull(assignments.missingSince)}` })
    .from(assignments)
    .where(isOpenOf(userId)),
)

type Opened = Pick<typeof assignments.$inferInsert, 'userId' | 'queueId' | 'validFrom' | 'changedAfter'>

const openAssignment = prepared<Opened>()((db) =>
  db.insert(assignments).values(namedAfter(assignments, 'userId', 'queueId', 'validFrom', 'changedAfter')),
)

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
    await openAssignment(client, { userId, queueId: null, validFrom, changedAfter })
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
async function closeEarlierHolder(client: Client, queue: ObservedQueue): Promise<void> {
  for (const { userId, missingSince, missingAfter } of await closeAssignmentOf(client, queue)) {
    if (missingSince !== null) await openDoubtedNone(client, userId, { missingSince, missingAfter })
  }
}

interface ObservedQueue {
  readonly queueId: string
  readonly observedAt: string
}

const closeAssignmentOf = prepared<ObservedQueue>()((db, { queueId, observedAt }) =>
  db
    .update(assignments)
    .set({ validTo: sql`least(${assignments.missingSince}, ${observedAt})` })
    .where(and(eq(assignments.queueId, queueId), isOpen))
    .returning(columns(assignments, 'userId', 'missingSince', 'missingAfter')),
)

/** Shortens closed assignments of the teammate, and of the queue if there is one, that last beyond `observedAt`. */
const cutClaims = prepared<{ userId: string; queueId: string | null; observedAt: string }>()(
  (db, { userId, queueId, observedAt }) =>
    db
      .update(assignments)
      .set({ validTo: observedAt })
      .where(
        and(
          or(eq(assignments.userId, userId), eq(assignments.queueId, queueId)),
          lt(assignments.validFrom, observedAt),
          gt(assignments.validTo, observedAt),
        ),
      ),
)
