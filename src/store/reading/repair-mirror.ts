/**
 * Repairs rows of the mirror that were lost or edited by something else, before a reading is compared with them.
 *
 * The mirror is restored from the open versions, which are the history. Then the reading is applied as usual, so that
 * the history records real changes only, and no event for a repair.
 *
 * If mirror and history contradict each other, the reading decides. If the row of the mirror equals what Allo says now,
 * the version or the entry was edited, and takes the values of the row. A lost version can't be recreated.
 *
 * Called within the transaction and under the locks of save-reading.ts, with all rows of the reading in the temporary
 * table. Idempotent: without a contradiction it changes nothing but the digests of the rows.
 */
import { and, eq, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Client } from '../postgres/database.ts'
import { assign, change, columns, differs, insertion, orm } from '../postgres/query.ts'
import {
  callFieldNames,
  dials,
  queueEntries,
  queueNumbers,
  queueNumberVersions,
  queueSnapshots,
} from '../schema.ts'
import { i, incomingNumbers } from './incoming-numbers.ts'
import {
  countMirrored,
  countsAsColumns,
  OUTCOME_DEFINITION_VERSION,
  type OutcomeCounts,
} from './outcome-counts.ts'
import { repairLifecycles } from './repair-lifecycles.ts'

const q = alias(queueNumbers, 'q')
const v = alias(queueNumberVersions, 'v')
const e = alias(queueEntries, 'e')

/** Returns the counts of the queue as they were before the reading, and how many rows the temporary table has now. */
export async function repairMirror(
  client: Client,
  { queueId, isReopened }: { readonly queueId: string; readonly isReopened: boolean },
): Promise<{ readonly before: OutcomeCounts; readonly slots: number }> {
  if (isReopened) {
    await dropRowsWithoutEntry(client, queueId)
  } else {
    await repairVersions(client, queueId)
    await recreateEntries(client, queueId)
    await repairEntries(client, queueId)
    await dropEntriesWithoutHistory(client, queueId)
    await repairLifecycles(client, queueId)
    await recreateNumbers(client, queueId)
  }
  const slots = await announceGonePositions(client, queueId)
  const before = await countMirrored(client, queueId)
  if (!isReopened) await repairCounts(client, queueId, before)
  return { before, slots }
}

/** Corrects open versions that contradict a row of the mirror which equals what Allo says now. */
async function repairVersions(client: Client, queueId: string): Promise<void> {
  const mirrored = columns(q, ...callFieldNames)
  await change(
    client,
    sql`update ${queueNumberVersions} ${v} set ${assign(queueNumberVersions, mirrored)}
      from ${queueNumbers} ${q} join ${incomingNumbers} ${i} using (position)
      where ${q.queueId} = ${queueId} and ${v.entryId} = ${q.entryId} and ${v.position} = ${q.position}
        and ${v.validTo} is null and ${i.isPresent} and not ${differs(i, mirrored)} and ${differs(v, mirrored)}`,
  )
}

/** Recreates lost entries from their versions. */
async function recreateEntries(client: Client, queueId: string): Promise<void> {
  const entry = insertion(queueEntries, {
    entryId: sql`past.entry_id`,
    queueId,
    numberTo: sql`coalesce(${q.numberTo}, ${i.numberTo})`,
    numberKey: i.numberKey,
    sourceCreatedAt: sql`coalesce(${q.createdAt}, ${i.createdAt})`,
    firstSeenAt: sql`past.first_seen_at`,
    outcome: 'remaining',
  })
  const past = sql`select ${v.entryId}, min(${v.validFrom}) as first_seen_at,
      max(${v.position}) filter (where ${v.validTo} is null) as position
    from ${queueNumberVersions} ${v} where ${v.queueId} = ${queueId} group by ${v.entryId}`
  await change(
    client,
    sql`insert into ${queueEntries} ${entry} from (${past}) past
      left join ${queueNumbers} ${q} on ${q.queueId} = ${queueId} and ${q.entryId} = past.entry_id
      left join ${incomingNumbers} ${i} on ${i.position} = past.position and ${i.isPresent}
        and (${q.entryId} is null or ${q.numberTo} is not distinct from ${i.numberTo})
      where not exists (select from ${queueEntries} ${e} where ${e.entryId} = past.entry_id)`,
  )
}

/** Corrects entries whose number differs from that in the mirror and in Allo's answer. */
async function repairEntries(client: Client, queueId: string): Promise<void> {
  const seen = { queueId, numberTo: i.numberTo, sourceCreatedAt: i.createdAt }
  const numberKey = sql`coalesce(${i.numberKey}, ${e.numberKey})`
  await change(
    client,
    sql`update ${queueEntries} ${e} set ${assign(queueEntries, { ...seen, numberKey })}
      from ${queueNumbers} ${q} join ${incomingNumbers} ${i} using (position)
      where ${q.queueId} = ${queueId} and ${e.entryId} = ${q.entryId} and ${i.isPresent}
        and not ${differs(q, { numberTo: i.numberTo, createdAt: i.createdAt })} and ${differs(e, seen)}
        and exists (select from ${queueNumberVersions} ${v}
          where ${v.entryId} = ${e.entryId} and ${v.queueId} = ${queueId})`,
  )
}

async function dropEntriesWithoutHistory(client: Client, queueId: string): Promise<void> {
  await change(
    client,
    sql`delete from ${queueEntries} ${e} where ${e.queueId} = ${queueId}
      and not exists (select from ${queueNumberVersions} ${v} where ${v.entryId} = ${e.entryId})
      and not exists (select from ${dials} where ${dials.entryId} = ${e.entryId})`,
  )
}

/**
 * All rows of the queue, from the open versions and their entries. No row has this digest: the reading writes each
 * again.
 */
async function recreateNumbers(client: Client, queueId: string): Promise<void> {
  const row = insertion(queueNumbers, {
    queueId,
    ...columns(v, 'position', 'entryId', ...callFieldNames),
    numberTo: e.numberTo,
    createdAt: e.sourceCreatedAt,
    rowDigest: '0',
  })
  await orm(client).delete(queueNumbers).where(eq(queueNumbers.queueId, queueId))
  await change(
    client,
    sql`insert into ${queueNumbers} ${row}
      from ${queueNumberVersions} ${v} join ${queueEntries} ${e} using (entry_id)
      where ${v.queueId} = ${queueId} and ${v.validTo} is null`,
  )
}

/** For a queue that is re-opened. Its history is closed, and missing rows may have been erased on purpose. */
async function dropRowsWithoutEntry(client: Client, queueId: string): Promise<void> {
  await change(
    client,
    sql`delete from ${queueNumbers} ${q} where ${q.queueId} = ${queueId} and not exists (
      select from ${queueEntries} ${e} where ${e.entryId} = ${q.entryId} and ${e.queueId} = ${queueId})`,
  )
}

/** Adds the slots of the mirror that the reading does not have. Returns how many slots there are. */
async function announceGonePositions(client: Client, queueId: string): Promise<number> {
  const isIncoming = sql`exists (select from ${incomingNumbers} ${i} where ${i.position} = ${q.position})`
  await change(
    client,
    sql`insert into ${incomingNumbers} ${insertion(incomingNumbers, { position: q.position, isPresent: false })}
      from ${queueNumbers} ${q} where ${q.queueId} = ${queueId} and not ${isIncoming}`,
  )
  return orm(client).$count(incomingNumbers)
}

/** Corrects the last recorded counts to those of the repaired state. */
async function repairCounts(client: Client, queueId: string, counts: OutcomeCounts): Promise<void> {
  const numbers = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const s = alias(queueSnapshots, 's')
  const last = sql`select max(${s.observedAt}) from ${queueSnapshots} ${s} where ${s.queueId} = ${queueId}`
  const { queueId: ofQueue, observedAt, definitionVersion } = queueSnapshots
  const present = { numbers, ...countsAsColumns(counts) }
  await orm(client)
    .update(queueSnapshots)
    .set(present)
    .where(
      and(
        eq(ofQueue, queueId),
        eq(definitionVersion, OUTCOME_DEFINITION_VERSION),
        sql`${observedAt} = (${last})`,
        differs(queueSnapshots, present),
      ),
    )
}
