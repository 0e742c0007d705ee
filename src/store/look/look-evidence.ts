/**
 * The SQL conditions under which a look is evidence: the mirror is still as it was when the look began, and no pass is
 * about to read the teammate.
 */
import { type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { list, one } from '../postgres/query.ts'
import { appliedStatuses } from '../reading/reading.ts'
import { syncPasses, syncReads } from '../schema.ts'

const p = alias(syncPasses, 'p')
const r = alias(syncReads, 'r')

/** The last readings and the last look that the mirror held when a look began. */
export interface MirrorState {
  readonly teammateObservedAt: string
  readonly queueObservedAt: string
  /** Null: no look has changed this queue. */
  readonly lookAppliedAt: string | null
}

/**
 * Whether a running pass has not read the teammate yet: its reading may be in progress, and a look that was applied
 * meanwhile would make it worthless. A pass with the trigger `look` reads one teammate and is not waited for.
 */
export function isAboutToBeRead(teamId: SQL, userId: SQL): SQL {
  const applied = list(appliedStatuses.map((status) => sql`${status}`))
  return sql`exists (select from ${syncPasses} ${p}
    where ${p.teamId} = ${teamId} and ${p.status} = 'running' and ${p.trigger} <> 'look'
      and ${p.leaseExpiresAt} > clock_timestamp()
      and not exists (select from ${syncReads} ${r}
        where ${r.passId} = ${p.passId} and ${r.userId} = ${userId} and ${r.status} in (${applied})))`
}

export async function isTeammateAboutToBeRead(pool: Pool, teamId: string, userId: string): Promise<boolean> {
  const { isIt } = await withDatabaseErrors('looking for a running pass', () =>
    one<{ isIt: boolean }>(pool, sql`select ${isAboutToBeRead(sql`${teamId}`, sql`${userId}`)} as "isIt"`),
  )
  return isIt
}
