/**
 * What saving a reading would change: the same transaction as in save-reading.ts, rolled back at the end. It also
 * creates the team, the teammate and a pass, so that a dry run works on an empty database.
 */
import { sql } from 'drizzle-orm'
import type { NumberKeys } from '../../snapshot/number-key.ts'
import { startPass } from '../pass/passes.ts'
import { recordTeam, type Team } from '../pass/teammates.ts'
import { inTransaction, type Pool } from '../postgres/database.ts'
import { orm } from '../postgres/query.ts'
import { teammates } from '../schema.ts'
import type { Reading, SavedReading } from './reading.ts'
import { applyReading } from './save-reading.ts'

export async function dryRunReading(
  pool: Pool,
  dryRun: {
    readonly team: Team
    readonly keyFingerprint: string
    readonly userId: string
    readonly version: string
    readonly numberKeys: NumberKeys | null
  } & Pick<Reading, 'result' | 'effort'>,
): Promise<SavedReading> {
  const { team, keyFingerprint, userId, version, numberKeys, result, effort } = dryRun
  const now = sql`clock_timestamp()`
  const doing = `trying out the reading of ${userId}`
  return inTransaction(
    pool,
    doing,
    async (client) => {
      await recordTeam(client, team, keyFingerprint)
      await orm(client)
        .insert(teammates)
        .values({ userId, teamId: team.teamId, isListed: true, firstSeenAt: now, lastSeenAt: now })
        .onConflictDoNothing()
      const passId = await startPass(client, {
        teamId: team.teamId,
        trigger: 'manual',
        isWholeTeam: false,
        version,
      })
      return applyReading(client, { passId, teamId: team.teamId, userId, result, effort }, numberKeys)
    },
    { rollback: true },
  )
}
