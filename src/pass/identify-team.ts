/** Whose key this is, and what it may do. */
import { AlloError, AlloThrottledError } from '../allo/errors.ts'
import type { AlloClient } from '../allo/types.ts'
import type { Pool } from '../store/database.ts'
import { lastTeamOfKey, recordTeam, type Team, teamOf } from '../store/teammates.ts'
import { isRefusal } from './failure.ts'

export interface Identification {
  readonly allo: AlloClient
  readonly pool: Pool
  readonly keyFingerprint: string
  /** Told what the API allows, in reads per second, as soon as it says so; null when it does not. */
  readonly onLimit: (readsPerSecond: number | null) => void
  readonly warn: (message: string) => void
}

/**
 * Proves the key and names the team. When the API can't say, for another reason than the key, it is the team last
 * recorded for this key; when there is none, what kept the API from saying is thrown.
 */
export async function identifyTeam(
  { allo, pool, keyFingerprint, onLimit, warn }: Identification,
  options: { readonly record: boolean; readonly signal?: AbortSignal },
): Promise<Team> {
  try {
    const account = await allo.me(options.signal)
    onLimit(account.readsPerSecond)
    for (const scope of ['USERS_READ', 'DIALING_QUEUE_READ_WRITE']) {
      if (account.scopes !== null && !account.scopes.includes(scope)) {
        warn(`The API key does not list the scope ${scope}.`)
      }
    }
    const team = teamOf(account, keyFingerprint)
    if (options.record) await recordTeam(pool, team, keyFingerprint)
    return team
  } catch (error) {
    if (!(error instanceof AlloError) || error instanceof AlloThrottledError || isRefusal(error)) throw error
    const team = await lastTeamOfKey(pool, keyFingerprint)
    if (team === null) throw error
    warn(`${error.message} Going on with team ${team.teamId}, last recorded for this key.`)
    return team
  }
}
