import { and, eq, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { type Client, withDatabaseErrors } from '../store/postgres/database.ts'
import { anyOf, change, orm } from '../store/postgres/query.ts'
import type { Entry } from '../store/reading/erase-numbers.ts'
import {
  dials,
  queueAssignments,
  queueEntries,
  queueNumbers,
  queueNumberVersions,
  queues,
  queueVersions,
  teammates,
  teams,
} from '../store/schema.ts'
import { retainCalls } from './retain-calls.ts'
import { e, forQueuesWithEntries, type RetentionRun, wasOverBefore } from './retention-run.ts'

const q = alias(queues, 'q')
const v = alias(queueNumberVersions, 'v')
const settings = alias(queueVersions, 'settings')
const a = alias(queueAssignments, 'a')
const t = alias(teammates, 't')

/**
 * Deletes the entries that ended before `before`, completely: with their versions, their dials, the details of their
 * calls and their rows in ended queues. Also deletes settings and assignments that ended before. Entries that have not ended keep their complete
 * history, and counts of queues stay for ever. Returns the number of deleted entries.
 *
 * First sets `teams.history_from`, so that the remaining rows do not look complete.
 */
export async function retainHistory(run: RetentionRun, before: string): Promise<number> {
  await recordBeginning(run, before)
  const due = { due: wasOverBefore(before), doing: 'deleting old history' }
  const entries = await forQueuesWithEntries(run, due, deleteEntries)
  if (!run.signal?.aborted) await deleteSettingsAndAssignments(run, before)
  await retainCalls(run)
  return entries
}

/** Of one queue. */
async function deleteEntries(client: Client, entries: readonly Entry[]): Promise<void> {
  const queueId = entries[0]?.queueId ?? ''
  const ofThem = anyOf(entries.map(({ entryId }) => entryId))
  await orm(client).delete(queueNumberVersions).where(sql`${queueNumberVersions.entryId} ${ofThem}`)
  await orm(client).delete(dials).where(sql`${dials.entryId} ${ofThem}`)
  const slots = await orm(client)
    .delete(queueNumbers)
    .where(and(eq(queueNumbers.queueId, queueId), sql`${queueNumbers.entryId} ${ofThem}`))
  if (slots.rowCount) await countOff(client, queueId, slots.rowCount)
  await orm(client).delete(queueEntries).where(sql`${queueEntries.entryId} ${ofThem}`)
}

/** The row of the queue says how many numbers are left. Without digests, a reading compares all of them. */
async function countOff(client: Client, queueId: string, numbers: number): Promise<void> {
  await orm(client)
    .update(queues)
    .set({ numbers: sql`${queues.numbers} - ${numbers}::int`, membershipDigest: '', contentDigest: '' })
    .where(eq(queues.queueId, queueId))
}

/** What follows `select` or `delete from … using`, as a part of a query. */
interface Old {
  readonly settings: SQL
  readonly assignments: SQL
  readonly entries: SQL
}

/** Assignments that are needed to attribute versions that stay are not old. */
function olderThan(before: string, teamId: string): Old {
  const isStillNeeded = sql`exists (
    select from ${queueNumberVersions} ${v} join ${queueEntries} ${e} on ${e.entryId} = ${v.entryId}
    where ${v.queueId} = ${a.queueId} and ${v.validFrom} >= ${a.validFrom} and ${v.validFrom} < ${a.validTo}
      and not ${wasOverBefore(before)})`
  return {
    settings: sql`from ${queueVersions} ${settings} join ${queues} ${q} on ${q.queueId} = ${settings.queueId}
      where ${q.teamId} = ${teamId} and ${settings.validTo} < ${before}`,
    assignments: sql`from ${queueAssignments} ${a} join ${teammates} ${t} on ${t.userId} = ${a.userId}
      where ${t.teamId} = ${teamId} and ${a.validTo} < ${before} and not ${isStillNeeded}`,
    entries: sql`from ${queueEntries} ${e} join ${queues} ${q} on ${q.queueId} = ${e.queueId}
      where ${q.teamId} = ${teamId} and ${wasOverBefore(before)}`,
  }
}

async function recordBeginning({ pool, teamId }: RetentionRun, before: string): Promise<void> {
  const old = olderThan(before, teamId)
  const isAnythingOld = sql`(exists (select ${old.entries}) or exists (select ${old.settings})
    or exists (select ${old.assignments}))`
  await withDatabaseErrors('recording from when on history is whole', () =>
    orm(pool)
      .update(teams)
      .set({ historyFrom: before })
      .where(
        sql`${teams.teamId} = ${teamId} and (${teams.historyFrom} is null or ${teams.historyFrom} < ${before})
          and ${isAnythingOld}`,
      ),
  )
}

async function deleteSettingsAndAssignments({ pool, teamId }: RetentionRun, before: string): Promise<void> {
  const old = olderThan(before, teamId)
  await withDatabaseErrors('deleting old settings and assignments', async () => {
    await change(
      pool,
      sql`delete from ${queueVersions} where ctid = any (array(select ${settings}.ctid ${old.settings}))`,
    )
    await change(
      pool,
      sql`delete from ${queueAssignments} where ctid = any (array(select ${a}.ctid ${old.assignments}))`,
    )
  })
}
