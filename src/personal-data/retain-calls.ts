import { sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { withDatabaseErrors } from '../store/postgres/database.ts'
import { change } from '../store/postgres/query.ts'
import { calls, dials } from '../store/schema.ts'
import type { RetentionRun } from './retention-run.ts'

const BATCH = 5000
const c = alias(calls, 'c')
const d = alias(dials, 'd')

/** Deletes the details of calls whose dial was deleted. Returns their number. */
export async function retainCalls({ pool, teamId, signal }: RetentionRun): Promise<number> {
  const isDialThere = sql`exists (select from ${dials} ${d} where ${d.teamId} = ${c.teamId} and ${d.callId} = ${c.callId})`
  let deleted = 0
  for (let last = BATCH; last === BATCH && !signal?.aborted; deleted += last) {
    last = await withDatabaseErrors('deleting old calls', () =>
      change(
        pool,
        sql`delete from ${calls} where ctid = any (array(
          select ${c}.ctid from ${calls} ${c} where ${c.teamId} = ${teamId} and not ${isDialThere} limit ${BATCH}))`,
      ),
    )
  }
  return deleted
}
