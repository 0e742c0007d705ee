/**
 * Locks the rows that a reading can change, and reads their state. The state stays true until the transaction ends.
 */
import { and, desc, eq, exists, gt, inArray, isNull, lt, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { Client } from '../postgres/database.ts'
import { locking, queueLock, takeLocks, teammateLock } from '../postgres/locks.ts'
import { columns, type Orm, prepared, template } from '../postgres/query.ts'
import {
  queueAssignments,
  queueNumberVersions,
  queueSnapshots,
  queues,
  queueVersions,
  settings,
  suppressedNumbers,
  syncPasses,
  syncReads,
  teammates,
} from '../schema.ts'
import { countColumns } from './outcome-counts.ts'
import { settingNames } from './queue-settings.ts'
import { appliedStatuses, foundStatuses, type Reading } from './reading.ts'
import { recreateQueue } from './recreate-queue.ts'
import { isSharedQueue } from './shared-queue.ts'

type AnsweredSnapshot = Exclude<Snapshot, { kind: 'failed' }>

/** The state that a reading finds under its locks. */
export type ReadingState = Found & {
  /** How many queues are locked: the one seen, and those the teammate may have held. */
  readonly queuesTouched: number
  readonly isShared: boolean
}

type Found = Awaited<ReturnType<typeof findState>>
export type KnownQueueRow = NonNullable<Found['queue']>

/** Locks the teammate, then every queue the reading can touch, in the order of their ids. */
export async function lockState(
  client: Client,
  reading: Reading,
  snapshot: AnsweredSnapshot,
): Promise<ReadingState> {
  const queueId = snapshot.kind === 'queue' ? snapshot.queue.id : null
  const { passId, userId } = reading
  const { readStartedAt, observedAt } = snapshot
  const queuesTouched = await lockTouched(client, { userId, queueId })
  const find = () => findState(client, { passId, userId, queueId, readStartedAt, observedAt })
  let found = await find()
  if (found.queue === null && queueId !== null && (await recreateQueue(client, reading, queueId))) {
    found = await find()
  }
  const { queue } = found
  const isShared =
    queue !== null && queue.userId !== userId && (await isSharedQueue(client, queue, reading, readStartedAt))
  return { ...found, queuesTouched, isShared }
}

/** Returns how many queues are locked. */
export async function lockTouched(
  client: Client,
  touched: { readonly userId: string; readonly queueId: string | null },
): Promise<number> {
  await takeLocks(client, teammateLocked(touched))
  return takeLocks(client, queuesLocked(touched))
}

const teammateLocked = template<{ userId: string }>(({ userId }) =>
  locking(sql`select ${teammateLock(userId)}`),
)

/** Under the teammate's lock, the queues that a reading can touch are the one it saw and those the teammate held. */
const queuesLocked = template<{ userId: string; queueId: string | null }>(({ userId, queueId }) => {
  const held = sql`select ${queues.queueId} from ${queues}
    where ${queues.userId} = ${userId} and ${queues.isCurrent} is distinct from false`
  const assigned = sql`select ${queueAssignments.queueId} from ${queueAssignments}
    where ${queueAssignments.userId} = ${userId} and ${queueAssignments.validTo} is null`
  return locking(sql`select ${queueLock(sql`queue_id`)} from (
      select ${queueId}::text as queue_id union ${held} union ${assigned}
    ) touched where queue_id is not null order by name`)
})

interface Seen {
  /** Null: a look. */
  readonly passId: string | null
  readonly userId: string
  /** Null: no queue was seen. */
  readonly queueId: string | null
  readonly readStartedAt: string
  readonly observedAt: string
}

/** To be called under the locks of `lockTouched`. */
export async function findState(client: Client, seen: Seen) {
  const [found] = await selectState(client, seen)
  if (found === undefined) throw new Error('a query for one row returned none')
  return found
}

const selectState = prepared<Seen>()((db, { passId, userId, queueId, readStartedAt, observedAt }) => {
  const lastFound = lastReadingThatFound(db, userId)
  const counts = lastCounts(db, queueId)
  const { remaining, in_progress, connected, voicemail, not_reached, failed, other } = counts
  const counted = { remaining, in_progress, connected, voicemail, not_reached, failed, other }
  const isOpenVersion = isNull(queueVersions.validTo)
  return db
    .select({
      /** Null: no such pass. */
      passStatus: syncPasses.status,
      /**
       * This pass has an applied reading of the teammate already: this one is a retry after a crash, and is not
       * applied.
       */
      isAlreadyRead: isAlreadyRead(db, passId, userId),
      /** An applied reading or look ended after this one began, so it is unknown which of the two is newer. */
      overtakenBy: sql<'teammate' | 'queue' | null>`case
        when ${teammates.lastObservedAt} > ${readStartedAt} then 'teammate'
        when greatest(${queues.lastObservedAt}, ${queues.lastLookAppliedAt}) > ${readStartedAt}
          or ${wasLookedAt(db, userId, readStartedAt)} then 'queue' end`,
      /** Start of the teammate's last applied reading. */
      lastReadStartedAt: teammates.lastReadStartedAt,
      /** End of the last reading that found the teammate; null where this one comes soon enough after it. */
      gapFrom: sql<string | null>`case when ${leavesGap(db, userId, lastFound, observedAt)}
        then ${lastFound.observedAt} end`,
      /** On record, the teammate holds the queue that was seen, and no reading has contradicted that since. */
      isAssigned: isAssigned(db, userId, queueId),
      /** Of the key that the number keys on record were made with; null: there are none. */
      numberKeyFingerprint: sql<string | null>`(select ${settings.numberKeyFingerprint} from ${settings})`,
      /** Number keys. */
      suppressedNumbers: sql<
        string[]
      >`array(select ${suppressedNumbers.numberKey} from ${suppressedNumbers})`,
      /** Null: not on record. */
      queue: {
        ...columns(queues, 'queueId', 'userId', ...settingNames, 'isCurrent'),
        /** Its history is closed: it had ended, or could not be observed. */
        isClosed: sql<boolean>`${isNull(queueVersions.queueId)} and not ${hasOpenNumbers(db, queueId)}`,
        /** The digest of the numbers of the last reading, a space, and the mark of the rows it left. */
        contentDigest: queues.contentDigest,
        /** Of the rows as they are now: differs from the one in `contentDigest` when something else touched them. */
        rowsMark: sql<string>`allo.rows_mark(${queues.queueId})`,
        ...columns(queues, 'lastReadStartedAt', 'lastObservedAt'),
      },
      /** The settings as history has them; null: no version is open. */
      version: columns(queueVersions, 'queueId', ...settingNames),
      /** The last ones on record; null: none. */
      counts: counted,
    })
    .from(sql`(select) as one`)
    .leftJoin(syncPasses, eq(syncPasses.passId, passId))
    .leftJoin(teammates, eq(teammates.userId, userId))
    .leftJoin(lastFound, sql`true`)
    .leftJoin(queues, eq(queues.queueId, queueId))
    .leftJoin(queueVersions, and(eq(queueVersions.queueId, queues.queueId), isOpenVersion))
    .leftJoin(counts, sql`true`)
})

function isAlreadyRead(db: Orm, passId: SQL, userId: SQL): SQL<boolean> {
  const isOfPass = and(eq(syncReads.passId, passId), eq(syncReads.userId, userId))
  const isApplied = inArray(syncReads.status, appliedStatuses)
  return exists(db.select().from(syncReads).where(and(isOfPass, isApplied))) as SQL<boolean>
}

/** Whether a look at a queue of the teammate was applied since. */
function wasLookedAt(db: Orm, userId: SQL, since: SQL): SQL {
  const held = alias(queues, 'held')
  return exists(
    db
      .select()
      .from(held)
      .where(and(eq(held.userId, userId), gt(held.lastLookAppliedAt, since))),
  )
}

function isAssigned(db: Orm, userId: SQL, queueId: SQL): SQL<boolean> {
  const { validTo, missingSince } = queueAssignments
  const isOfBoth = and(eq(queueAssignments.userId, userId), eq(queueAssignments.queueId, queueId))
  const assignment = db
    .select()
    .from(queueAssignments)
    .where(and(isOfBoth, isNull(validTo), isNull(missingSince)))
  return exists(assignment) as SQL<boolean>
}

/** By the value, not by `queues.queue_id`: for a join, Postgres would rather hash the open versions of all queues. */
function hasOpenNumbers(db: Orm, queueId: SQL): SQL {
  const isOfQueue = eq(queueNumberVersions.queueId, queueId)
  return exists(
    db
      .select()
      .from(queueNumberVersions)
      .where(and(isOfQueue, isNull(queueNumberVersions.validTo))),
  )
}

function lastCounts(db: Orm, queueId: SQL) {
  return db
    .select(countColumns)
    .from(queueSnapshots)
    .where(eq(queueSnapshots.queueId, queueId))
    .orderBy(desc(queueSnapshots.observedAt))
    .limit(1)
    .as('counts')
}

function lastReadingThatFound(db: Orm, userId: SQL) {
  return db
    .select({ ...columns(syncReads, 'observedAt'), ...columns(syncPasses, 'gapAfterSeconds') })
    .from(syncReads)
    .leftJoin(syncPasses, eq(syncPasses.passId, syncReads.passId))
    .where(and(eq(syncReads.userId, userId), inArray(syncReads.status, foundStatuses)))
    .orderBy(desc(syncReads.observedAt))
    .limit(1)
    .as('last_found')
}

/** Two default intervals, for passes without a recorded schedule. */
const USUAL_GAP_SECONDS = 600

/** Whether there is a gap before this reading: it is late, or the teammate was not on the team. */
function leavesGap(
  db: Orm,
  userId: SQL,
  lastFound: ReturnType<typeof lastReadingThatFound>,
  observedAt: SQL,
): SQL {
  const wasNotFound = db
    .select()
    .from(syncReads)
    .where(
      and(
        eq(syncReads.userId, userId),
        eq(syncReads.status, 'not_found'),
        gt(syncReads.observedAt, lastFound.observedAt),
        lt(syncReads.observedAt, observedAt),
      ),
    )
  return sql`${observedAt} > ${lastFound.observedAt}
    + make_interval(secs => coalesce(${lastFound.gapAfterSeconds}, ${USUAL_GAP_SECONDS})) or ${exists(wasNotFound)}`
}
