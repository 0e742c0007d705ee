/** The first step of a pass: which team the key belongs to, and what the key may do. Both executors use it. */
import { AlloError, AlloThrottledError } from '../allo/errors.ts'
import type { Account, AlloClient, Teammate } from '../allo/types.ts'
import {
  hasOtherTeams,
  homeOfTeammates,
  lastTeamOfKey,
  recordTeam,
  type Team,
  teamOf,
} from '../store/pass/teammates.ts'
import type { Pool } from '../store/postgres/database.ts'
import { isRefusal, TeamChangedError } from './failure.ts'

export interface Identification {
  readonly allo: AlloClient
  readonly pool: Pool
  readonly keyFingerprint: string
  /** Called with what the API allows, in reads per second, as soon as the API answers; null when it names no limit. */
  readonly onLimit: (readsPerSecond: number | null) => void
  readonly warn: (message: string) => void
  /** Those that the key needs. */
  readonly scopes: readonly string[]
}

export interface StepOptions {
  /** False: write nothing. */
  readonly record: boolean
  readonly signal: AbortSignal
}

export interface Identified {
  readonly team: Team
  /** Why the pass fails: the key was refused or throttled, or Allo names another team. Null: it can go on. */
  readonly error: unknown
}

/**
 * Checks the key and returns its team. If the API can't name it, the result is the team on record for this key, so that
 * the pass can go on, or a failed pass can be recorded. Throws the error of the request if no team is on record, and
 * the reason of an aborted signal.
 *
 * The team of a key never changes. If the API names another team than the one on record, or none, that is a
 * TeamChangedError, and also for a new key whose teammates are on record with another team.
 */
export async function identify(deps: Identification, options: StepOptions): Promise<Identified> {
  try {
    return { team: await namedTeam(deps, options), error: null }
  } catch (error) {
    options.signal.throwIfAborted()
    const team = await lastTeamOfKey(deps.pool, deps.keyFingerprint)
    if (team === null) throw error
    if (!(error instanceof AlloError) || error instanceof AlloThrottledError || isRefusal(error)) {
      return { team, error }
    }
    deps.warn(`${error.message} Continuing with team ${team.teamId}, last recorded for this key.`)
    return { team, error: null }
  }
}

async function namedTeam(
  { allo, pool, keyFingerprint, onLimit, warn, scopes }: Identification,
  { record, signal }: StepOptions,
): Promise<Team> {
  const account = await allo.me(signal)
  onLimit(account.readsPerSecond)
  for (const scope of scopes) {
    if (account.scopes !== null && !account.scopes.includes(scope)) {
      warn(`The API key does not list the scope ${scope}.`)
    }
  }
  const team = teamOf(account, keyFingerprint)
  const onRecord = await lastTeamOfKey(pool, keyFingerprint)
  if (onRecord !== null && onRecord.teamId !== team.teamId) {
    const isNamed = account.team !== null
    throw new TeamChangedError({ onRecord: onRecord.teamId, now: team.teamId, isNamed })
  }
  if (onRecord === null) await assertNewcomers(allo, pool, account, team, signal)
  if (record) await recordTeam(pool, team, keyFingerprint)
  return team
}

/** A new key whose teammates are on record must name the same team. */
async function assertNewcomers(
  allo: AlloClient,
  pool: Pool,
  account: Account,
  { teamId }: Team,
  signal: AbortSignal,
): Promise<void> {
  if (!(await hasOtherTeams(pool, teamId))) return
  const { teammates } = await allo.listTeammates('ACTIVE', signal)
  await assertSameHome(pool, { teamId, isNamed: account.team !== null }, teammates)
}

/** Throws TeamChangedError when most of these teammates are on record with another team. */
export async function assertSameHome(
  pool: Pool,
  { teamId, isNamed }: { readonly teamId: string; readonly isNamed: boolean },
  listed: readonly Teammate[],
): Promise<void> {
  const userIds = listed.map(({ userId }) => userId)
  const home = await homeOfTeammates(pool, teamId, userIds)
  if (home !== null && home.teammates * 2 > userIds.length) {
    throw new TeamChangedError({ onRecord: home.teamId, now: teamId, isNamed })
  }
}
