/**
 * Writes the rows of one queue except its numbers: the queue itself, the versions of its settings, its counts. Called
 * within the transaction and under the locks of save-reading.ts.
 */
import { and, eq, isNull, ne, or, sql } from 'drizzle-orm'
import type { QueueSnapshot } from '../../snapshot/snapshot.ts'
import type { Client } from '../postgres/database.ts'
import { columnNames, excluded, namedAfter, orm, prepared } from '../postgres/query.ts'
import { queueSnapshots, queues, queueVersions } from '../schema.ts'
import {
  countsAsColumns,
  noOutcomes,
  OUTCOME_DEFINITION_VERSION,
  type OutcomeCounts,
  outcomes,
} from './outcome-counts.ts'
import { settingNames, settingsOf } from './queue-settings.ts'
import type { Reading } from './reading.ts'

/** A queue that was seen is current again, even if it was unknown or ended. */
const nothingConcluded = {
  endedAt: null,
  endReason: null,
  replacedByQueueId: null,
  missingSince: null,
  missingReplacedByQueueId: null,
  unknownSince: null,
  heldBackPasses: 0,
  unobservableSince: null,
}

/** Inserts or updates the queue as it was read. */
export async function writeQueue(
  client: Client,
  reading: Reading,
  { queue, numbers, membershipDigest, readStartedAt, observedAt }: QueueSnapshot,
  {
    contentDigest,
    rowsMark,
  }: {
    readonly contentDigest: string
    /** Null: rows were written, and the mark is made from them. */
    readonly rowsMark: string | null
  },
): Promise<void> {
  await upsertQueue(client, {
    queueId: queue.id,
    teamId: reading.teamId,
    userId: reading.userId,
    ...settingsOf(queue),
    createdAt: queue.createdAt,
    updatedAt: queue.updatedAt,
    extra: queue.extra,
    numbers: numbers.length,
    lastReadStartedAt: readStartedAt,
    lastObservedAt: observedAt,
    membershipDigest,
    contentDigest,
    rowsMark,
  })
}

type QueueAsRead = Omit<typeof queues.$inferInsert, 'firstSeenAt'> & { readonly rowsMark: string | null }

const upsertQueue = prepared<QueueAsRead>()((db, { queueId, lastObservedAt, contentDigest, rowsMark }) => {
  const seen = {
    ...namedAfter(queues, 'teamId', 'userId', ...settingNames, 'createdAt', 'updatedAt', 'extra', 'numbers'),
    ...namedAfter(queues, 'lastReadStartedAt', 'lastObservedAt', 'membershipDigest'),
    isCurrent: true,
  }
  const mark = sql`coalesce(${rowsMark}, allo.rows_mark(${queueId}))`
  return db
    .insert(queues)
    .values({
      queueId,
      firstSeenAt: lastObservedAt,
      ...seen,
      contentDigest: sql`${contentDigest}::text || ' ' || ${mark}`,
    })
    .onConflictDoUpdate({
      target: queues.queueId,
      // Taken from the insert, so that the rows are marked once.
      set: { ...seen, ...nothingConcluded, contentDigest: excluded(queues.contentDigest) },
    })
})

/** Opens a version with the settings as read. */
export async function openQueueVersion(
  client: Client,
  { queue, observedAt }: QueueSnapshot,
  changedAfter: string | null,
): Promise<void> {
  await insertVersion(client, {
    queueId: queue.id,
    ...settingsOf(queue),
    validFrom: observedAt,
    changedAfter,
  })
}

const insertVersion = prepared<typeof queueVersions.$inferInsert>()((db) =>
  db
    .insert(queueVersions)
    .values(namedAfter(queueVersions, 'queueId', ...settingNames, 'validFrom', 'changedAfter')),
)

export async function closeQueueVersion(client: Client, { queue, observedAt }: QueueSnapshot): Promise<void> {
  await orm(client).update(queueVersions).set({ validTo: observedAt }).where(isOpenVersionOf(queue.id))
}

/** Restores an open version that was edited while the queue itself equals what Allo says. No new version begins. */
export async function repairQueueVersion(client: Client, { queue }: QueueSnapshot): Promise<void> {
  await orm(client).update(queueVersions).set(settingsOf(queue)).where(isOpenVersionOf(queue.id))
}

function isOpenVersionOf(queueId: string) {
  return and(eq(queueVersions.queueId, queueId), isNull(queueVersions.validTo))
}

/** Writes the counts after a reading or a look, `before` plus `difference`; a no-op if they are on record already. */
export async function recordCounts(
  client: Client,
  seen: Omit<
    typeof queueSnapshots.$inferInsert,
    'definitionVersion' | keyof ReturnType<typeof countsAsColumns>
  >,
  {
    onRecord,
    before,
    difference,
  }: {
    /** Null: none so far. */
    readonly onRecord: OutcomeCounts | null
    /** Of the mirror. */
    readonly before: OutcomeCounts
    readonly difference: OutcomeCounts
  },
): Promise<void> {
  const counts = noOutcomes()
  for (const outcome of outcomes) counts[outcome] = before[outcome] + difference[outcome]
  if (onRecord !== null && outcomes.every((outcome) => counts[outcome] === onRecord[outcome])) return
  await insertCounts(client, {
    ...seen,
    definitionVersion: OUTCOME_DEFINITION_VERSION,
    ...countsAsColumns(counts),
  })
}

const insertCounts = prepared<typeof queueSnapshots.$inferInsert>()((db) =>
  db.insert(queueSnapshots).values(namedAfter(queueSnapshots, ...columnNames(queueSnapshots))),
)

/**
 * Marks the queues of the teammate as missing, except `heldQueueId`, with which the teammate was seen (null: with
 * none). The time of the first such observation is kept, because it becomes the time at which the queue ended.
 */
export async function markMissingQueues(
  client: Client,
  { userId }: Reading,
  observedAt: string,
  heldQueueId: string | null,
): Promise<void> {
  const isOther = heldQueueId === null ? undefined : ne(queues.queueId, heldQueueId)
  const isNotEnded = or(isNull(queues.isCurrent), queues.isCurrent)
  await orm(client)
    .update(queues)
    .set({ missingSince: observedAt, missingReplacedByQueueId: heldQueueId })
    .where(and(eq(queues.userId, userId), isOther, isNotEnded, isNull(queues.missingSince)))
}
