/**
 * Records every reading, applied or not: its audit row, the time at which the teammate was last read, and the gap
 * before it, if any. Called within the transaction of save-reading.ts.
 */
import { and, desc, eq, gt, lt, notInArray, sql } from 'drizzle-orm'
import { withoutNumbers } from '../../allo/text.ts'
import type { Client } from '../postgres/database.ts'
import { columns, type Named, namedAfter, type Orm, orm, prepared } from '../postgres/query.ts'
import { readingGaps, syncReads, teammates } from '../schema.ts'
import {
  appliedStatuses,
  foundStatuses,
  type Reading,
  type ReadStatus,
  type SavedReading,
} from './reading.ts'

interface ReadingRecord {
  readonly status: ReadStatus
  readonly queueId?: string
  readonly numbers?: number
  readonly announced?: number | null
  readonly added?: number
  readonly changed?: number
  readonly moved?: number
  readonly removed?: number
  readonly code?: string
  readonly message?: string
  readonly requestId?: string | null
}

/** Writes the audit row. A retry replaces the row of the attempt before, unless that was applied. */
export async function recordReading(
  client: Client,
  reading: Reading,
  record: ReadingRecord,
): Promise<SavedReading> {
  const row = rowOf(reading, record)
  await upsertRead(client, row)
  return savedReading(row)
}

/**
 * The same if the teammate is on the team, which clears `missing_since`. `gapFrom`: begin of the gap before this reading,
 * if any.
 */
export async function recordFound(
  client: Client,
  reading: Reading,
  { observedAt, gapFrom }: { readonly observedAt: string; readonly gapFrom: string | null },
  record: ReadingRecord,
): Promise<SavedReading> {
  // First, because the audit row may replace the one that has the reason of the gap.
  if (gapFrom !== null) await recordGap(client, reading, gapFrom, observedAt)
  const row = rowOf(reading, record)
  await upsertFoundRead(client, row)
  return savedReading(row)
}

function rowOf({ passId, userId, result, effort }: Reading, record: ReadingRecord) {
  const wasRead = result.kind !== 'failed'
  const counts: Partial<ReadingRecord> = record.status === 'ok' ? record : {}
  return {
    passId,
    userId,
    status: record.status,
    queueId: record.queueId ?? null,
    readStartedAt: wasRead ? result.readStartedAt : null,
    observedAt: wasRead ? result.observedAt : null,
    walks: wasRead ? result.walks : 0,
    requests: effort.requests,
    throttled: effort.throttled,
    numbersRead: result.kind === 'torn' ? result.numbersRead : (record.numbers ?? null),
    numbersAnnounced: record.announced ?? null,
    numbersStored: counts.numbers ?? null,
    added: counts.added ?? null,
    changed: counts.changed ?? null,
    moved: counts.moved ?? null,
    removed: counts.removed ?? null,
    durationMs: Math.round(effort.durationMs),
    errorCode: record.code ?? null,
    // Error messages quote ids from the API, and an id could be a phone number.
    errorMessage: record.message === undefined ? null : withoutNumbers(record.message),
    errorRequestId: record.requestId ?? null,
  }
}

function savedReading(row: ReturnType<typeof rowOf>): SavedReading {
  return {
    userId: row.userId,
    status: row.status,
    queueId: row.queueId,
    numbers: row.numbersStored,
    added: row.added ?? 0,
    changed: row.changed ?? 0,
    moved: row.moved ?? 0,
    removed: row.removed ?? 0,
    errorCode: row.errorCode,
    errorMessage: row.errorMessage,
    requestId: row.errorRequestId,
  }
}

/** `observedAt` null: now. */
type Read = Omit<typeof syncReads.$inferInsert, 'observedAt'> & { readonly observedAt: string | null }

const upsertRead = prepared<Read>()(upsert)

/** One statement for both, because each statement of a reading costs a round trip. */
const upsertFoundRead = prepared<Read>()((db, read) => {
  const found = db
    .update(teammates)
    .set({
      lastReadStartedAt: read.readStartedAt,
      lastObservedAt: read.observedAt,
      missingSince: null,
      missingPassId: null,
      leftAt: null,
    })
    .where(eq(teammates.userId, read.userId))
    .returning(columns(teammates, 'userId'))
  return upsert(db.with(db.$with('found').as(found)), read)
})

function upsert(db: Pick<Orm, 'insert'>, { passId, userId, observedAt }: Named<Read>) {
  const row = {
    ...namedAfter(
      syncReads,
      'status',
      'queueId',
      'readStartedAt',
      'walks',
      'requests',
      'throttled',
      'durationMs',
    ),
    ...namedAfter(syncReads, 'numbersRead', 'numbersAnnounced', 'numbersStored'),
    ...namedAfter(syncReads, 'added', 'changed', 'moved', 'removed'),
    ...namedAfter(syncReads, 'errorCode', 'errorMessage', 'errorRequestId'),
    observedAt: sql`coalesce(${observedAt}, clock_timestamp())`,
  }
  return db
    .insert(syncReads)
    .values({ passId, userId, ...row })
    .onConflictDoUpdate({
      target: [syncReads.passId, syncReads.userId],
      set: row,
      setWhere: notInArray(syncReads.status, appliedStatuses),
    })
}

interface Interval {
  readonly readStartedAt: string
  readonly observedAt: string
}

/** The API does not know the teammate. Only the first pass with this answer is recorded. */
export async function recordNotFound(
  client: Client,
  { userId, teamId, passId }: Reading,
  { readStartedAt, observedAt }: Interval,
): Promise<void> {
  await orm(client)
    .update(teammates)
    .set({ lastReadStartedAt: readStartedAt, lastObservedAt: observedAt })
    .where(eq(teammates.userId, userId))
  await orm(client)
    .update(teammates)
    .set({
      missingSince: sql`coalesce(${teammates.missingSince}, ${observedAt})`,
      missingPassId: sql`coalesce(${teammates.missingPassId}, ${passId})`,
    })
    .where(and(eq(teammates.userId, userId), eq(teammates.teamId, teamId)))
}

/** The reason of a gap is the last failed reading in it. */
async function recordGap(
  client: Client,
  { userId, teamId }: Reading,
  gapFrom: string,
  gapTo: string,
): Promise<void> {
  const { observedAt, status } = syncReads
  const [failed] = await orm(client)
    .select({ status })
    .from(syncReads)
    .where(
      and(
        eq(syncReads.userId, userId),
        gt(observedAt, gapFrom),
        lt(observedAt, gapTo),
        notInArray(status, foundStatuses),
      ),
    )
    .orderBy(desc(observedAt))
    .limit(1)
  await orm(client)
    .insert(readingGaps)
    .values({ userId, teamId, gapFrom, gapTo, reason: failed?.status ?? 'not_read' })
    .onConflictDoNothing()
}
