/** Whom a pass reads: everyone both lists name, and those who vanished from the lists without a word about them. */
import type { AlloClient, Teammate } from '../allo/types.ts'
import type { Pool } from '../store/database.ts'
import { type KnownTeammate, knownTeammates, recordTeammates } from '../store/teammates.ts'
import { ImplausibleTeamError, UnknownTeammateError } from './failure.ts'

export interface Choice {
  /** Ids or e-mails; empty: everyone. */
  readonly users: readonly string[]
  readonly only: readonly string[]
  readonly except: readonly string[]
  readonly includeBlocked: boolean
}

/**
 * Both lists, always: being blocked must not look like having left. `record: false` leaves the database as it is.
 */
export async function listTeammates(
  { allo, pool }: { readonly allo: AlloClient; readonly pool: Pool },
  teamId: string,
  options: { readonly record: boolean; readonly signal: AbortSignal },
): Promise<readonly KnownTeammate[]> {
  const active = await allo.listTeammates('ACTIVE', options.signal)
  if (active.length === 0) {
    throw new ImplausibleTeamError('the API listed no active teammate at all; nothing was concluded from it')
  }
  const blocked = await allo.listTeammates('BLOCKED', options.signal)
  const listed = [...new Map([...blocked, ...active].map((teammate) => [teammate.userId, teammate])).values()]
  if (options.record) return recordTeammates(pool, teamId, listed)
  const known = await knownTeammates(pool, teamId)
  const listedIds = new Set(listed.map((teammate) => teammate.userId))
  return [...listed.map(asKnown), ...known.filter((teammate) => !listedIds.has(teammate.userId))]
}

function asKnown({ userId, name, email, status }: Teammate): KnownTeammate {
  return { userId, name, email, status, isListed: true }
}

/** `--user` overrules the configuration. Throws UnknownTeammateError when it names someone who is not there. */
export function choose(everyone: readonly KnownTeammate[], options: Choice) {
  const isNamed = (teammate: KnownTeammate, names: readonly string[]) =>
    names.some((name) => name === teammate.userId || name.toLowerCase() === teammate.email?.toLowerCase())
  for (const user of options.users) {
    if (!everyone.some((teammate) => isNamed(teammate, [user]))) {
      throw new UnknownTeammateError(`no teammate with the id or e-mail ${user}`)
    }
  }
  const isAsked = (teammate: KnownTeammate) =>
    options.users.length > 0
      ? isNamed(teammate, options.users)
      : (options.only.length === 0 || isNamed(teammate, options.only)) &&
        !isNamed(teammate, options.except) &&
        (options.includeBlocked || teammate.status !== 'BLOCKED')
  const toRead = everyone.filter(isAsked)
  const notAsked = options.users.length > 0 ? [] : everyone.filter((teammate) => !isAsked(teammate))
  return { toRead, notAsked }
}
