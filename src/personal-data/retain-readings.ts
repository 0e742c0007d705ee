import { eq, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { withDatabaseErrors } from '../store/postgres/database.ts'
import { change, orm } from '../store/postgres/query.ts'
import { queueSnapshots, syncPasses, syncReads, teammates } from '../store/schema.ts'
import type { RetentionRun } from './retention-run.ts'

const BATCH = 5000

const r = alias(syncReads, 'r')
const other = alias(syncReads, 'other')
const p = alias(syncPasses, 'p')
const later = alias(syncPasses, 'later')

/**
 * Deletes audit rows of readings and passes before `before`. Keeps, for every teammate, the last reading and the last
 * that found them. Keeps the newest pass, and passes that remaining readings, counts of queues or missing teammates
 * refer to. `reading_gaps` keeps the gaps.
 */
export async function retainReadings(
  run: RetentionRun,
  before: string,
): Promise<{ readings: number; passes: number }> {
  const { pool, teamId } = run
  const everyone = await withDatabaseErrors('deleting old readings', () =>
    orm(pool)
      .select({ userId: teammates.userId })
      .from(teammates)
      .where(eq(teammates.teamId, teamId))
      .orderBy(teammates.userId),
  )
  let readings = 0
  for (const { userId } of everyone) readings += await inBatches(run, deleteReadings(userId, before))
  return { readings, passes: await inBatches(run, deletePasses(teamId, before)) }
}

/** But the last one of all, and the last one that found the teammate. */
function deleteReadings(userId: string, before: string): SQL {
  return sql`delete from ${syncReads} where ctid = any (array(
    select ${r}.ctid from ${syncReads} ${r}
    where ${r.userId} = ${userId} and ${r.observedAt} < ${before}
      and ${r.observedAt} < (
        select max(${other.observedAt}) from ${syncReads} ${other} where ${other.userId} = ${userId})
      and ${r.observedAt} is distinct from (
        select ${other.observedAt} from ${syncReads} ${other}
        where ${other.userId} = ${userId} and ${other.status} in ('ok', 'no_queue')
        order by ${other.observedAt} desc limit 1)
    limit ${BATCH}))`
}

/** But the last one of all, and those that other rows refer to. */
function deletePasses(teamId: string, before: string): SQL {
  return sql`delete from ${syncPasses} where ${syncPasses.passId} = any (array(
    select ${p.passId} from ${syncPasses} ${p}
    where ${p.teamId} = ${teamId} and ${p.finishedAt} < ${before}
      and exists (
        select from ${syncPasses} ${later} where ${later.teamId} = ${teamId} and ${later.startedAt} > ${p.startedAt})
      and not exists (select from ${syncReads} where ${syncReads.passId} = ${p.passId})
      and not exists (select from ${queueSnapshots} where ${queueSnapshots.passId} = ${p.passId})
      and not exists (select from ${teammates} where ${teammates.missingPassId} = ${p.passId})
    limit ${BATCH}))`
}

async function inBatches({ pool, signal }: RetentionRun, deletion: SQL): Promise<number> {
  let deleted = 0
  for (let last = BATCH; last === BATCH && !signal?.aborted; deleted += last) {
    last = await withDatabaseErrors('deleting old readings', () => change(pool, deletion))
  }
  return deleted
}
