/** The first steps of a pass: identify the team, and select the teammates to read. Both executors use them. */
import type { AlloClient } from '../allo/types.ts'
import { lastTeamOfKey, type Team } from '../store/pass/teammates.ts'
import type { Pool } from '../store/postgres/database.ts'
import { type Choice, choose, listTeammates, type Selection } from './choose-teammates.ts'
import { notAsked } from './failure.ts'
import { type Identification, identifyTeam } from './identify-team.ts'
import { noEffort, type PassRecord } from './pass-record.ts'

/**
 * The team of the key. If the API could not name it, the result is the team on record for the key and the error, so
 * that a failed pass can be recorded. Throws the error if no team is on record, and the reason of an aborted signal.
 */
export async function identify(
  deps: Identification,
  options: { readonly record: boolean; readonly signal: AbortSignal },
): Promise<{ readonly team: Team; readonly error: unknown }> {
  try {
    return { team: await identifyTeam(deps, options), error: null }
  } catch (error) {
    options.signal.throwIfAborted()
    const team = await lastTeamOfKey(deps.pool, deps.keyFingerprint)
    if (team === null) throw error
    return { team, error }
  }
}

export interface Selected extends Selection {
  /** See Listing. */
  readonly incomplete: string | null
}

/** Throws UnknownTeammateError when no teammate is left to read, TeamChangedError, and what the API throws. */
export async function selectTeammates(
  deps: { readonly allo: AlloClient; readonly pool: Pool },
  teamId: string,
  choice: Choice,
  options: { readonly record: boolean; readonly signal: AbortSignal },
): Promise<Selected> {
  const listing = await listTeammates(deps, teamId, options)
  return { ...choose(listing, choice), incomplete: listing.incomplete }
}

/** A teammate who is left out by configuration must not look like one who left the team. */
export async function recordNotAsked(record: PassRecord, { leftOut }: Selection): Promise<void> {
  for (const { userId } of leftOut) await record.save(userId, notAsked, noEffort)
}
