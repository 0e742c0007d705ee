/**
 * Passes and their leases. A pass is `running` while its process renews the lease; one whose lease ran out was left
 * by a dead process, and the next pass closes it as failed. A lease tells dead from slow.
 */
import { ask, type Client, DatabaseError, type Pool, withDatabaseErrors } from './database.ts'

export const LEASE_SECONDS = 60

export type PassTrigger = 'schedule' | 'manual'

export interface NewPass {
  readonly teamId: string
  readonly trigger: PassTrigger
  /** False for some teammates picked by hand: only a pass over the team can find that nobody holds a queue. */
  readonly isWholeTeam: boolean
  readonly version: string
}

/** At most one scheduled pass of a team runs at a time; the one that runs keeps running. */
export class PassAlreadyRunningError extends Error {
  override readonly name = 'PassAlreadyRunningError'
}

/** Closes what dead processes left, then begins. Returns the pass id. */
export async function startPass(db: Pool | Client, pass: NewPass): Promise<string> {
  try {
    return await withDatabaseErrors('starting a pass', async () => {
      await db.query(
        `update allo.sync_passes set status = 'failed', finished_at = clock_timestamp(), error_code = 'abandoned',
           error_message = 'its process stopped renewing the lease'
         where team_id = $1 and status = 'running' and lease_expires_at < clock_timestamp()`,
        [pass.teamId],
      )
      const { rows } = await db.query<{ pass_id: string }>(
        `insert into allo.sync_passes (team_id, trigger, is_whole_team, status, started_at, lease_expires_at, version)
         values ($1, $2, $3, 'running', clock_timestamp(), clock_timestamp() + make_interval(secs => $4), $5)
         returning pass_id`,
        [pass.teamId, pass.trigger, pass.isWholeTeam, LEASE_SECONDS, pass.version],
      )
      const passId = rows[0]?.pass_id
      if (passId === undefined) throw new Error('starting a pass returned no id')
      return passId
    })
  } catch (error) {
    if (error instanceof DatabaseError && error.code === '23505') {
      throw new PassAlreadyRunningError(`another scheduled pass of team ${pass.teamId} is running`, {
        cause: error,
      })
    }
    throw error
  }
}

/** False when the pass is not running any more: it was taken for dead and closed. */
export async function renewLease(db: Pool | Client, passId: string): Promise<boolean> {
  const { rowCount } = await ask(
    db,
    'renewing the lease of a pass',
    `update allo.sync_passes set lease_expires_at = clock_timestamp() + make_interval(secs => $2)
     where pass_id = $1 and status = 'running'`,
    [passId, LEASE_SECONDS],
  )
  return rowCount === 1
}
