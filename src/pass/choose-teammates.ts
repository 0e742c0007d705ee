/**
 * The second step of a pass: which teammates it reads. These are those on Allo's two lists, and those missing from them
 * who are not known to have left. Both executors use it.
 */
import type { AlloClient, Teammate, UnusableRows } from '../allo/types.ts'
import type { Config } from '../config/config.ts'
import {
  formerTeammates,
  type KnownTeammate,
  knownTeammates,
  recordTeammates,
} from '../store/pass/teammates.ts'
import type { Pool } from '../store/postgres/database.ts'
import { nearest } from '../text/nearest.ts'
import { ImplausibleTeamError, notAsked, UnknownTeammateError } from './failure.ts'
import { assertSameHome, type StepOptions } from './identify-team.ts'
import { noEffort, type PassRecord } from './pass-record.ts'

export interface Choice {
  /** Ids or e-mails; empty: everyone. */
  readonly users: readonly string[]
  readonly only: readonly string[]
  readonly except: readonly string[]
  readonly includeBlocked: boolean
}

export function choiceOf(
  config: Pick<Config, 'onlyTeammates' | 'exceptTeammates' | 'includeBlocked'>,
  users: readonly string[],
): Choice {
  const { onlyTeammates: only, exceptTeammates: except, includeBlocked } = config
  return { users, only, except, includeBlocked }
}

export interface Selection {
  readonly toRead: readonly KnownTeammate[]
  /** By the configuration. */
  readonly leftOut: readonly KnownTeammate[]
  /** One for each list of the configuration in which some names match no teammate. */
  readonly warnings: readonly string[]
  /** Why not all teammates on the lists can be asked; null when all can. */
  readonly incomplete: string | null
}

interface Sources {
  readonly allo: AlloClient
  readonly pool: Pool
}

/** Throws UnknownTeammateError when no teammate is left to read, TeamChangedError, and what the API throws. */
export async function selectTeammates(
  sources: Sources,
  teamId: string,
  choice: Choice,
  options: StepOptions,
): Promise<Selection> {
  const listing = await listTeammates(sources, teamId, options)
  return { ...choose(listing, choice), incomplete: listing.incomplete }
}

/** A teammate who is left out by configuration must not look like one who left the team. */
export async function recordNotAsked(record: PassRecord, { leftOut }: Selection): Promise<void> {
  for (const { userId } of leftOut) await record.save(userId, notAsked, noEffort)
}

interface Listing extends Pick<Selection, 'incomplete'> {
  /** Teammates whose queue can be requested. */
  readonly everyone: readonly KnownTeammate[]
  /** Teammates on record who left the team. */
  readonly former: readonly KnownTeammate[]
}

/**
 * Always reads both lists, so that a blocked teammate does not look like one who left. Throws TeamChangedError when
 * most of those listed are on record with another team.
 */
async function listTeammates(
  { allo, pool }: Sources,
  teamId: string,
  options: StepOptions,
): Promise<Listing> {
  const active = await allo.listTeammates('ACTIVE', options.signal)
  if (active.teammates.length === 0) {
    throw new ImplausibleTeamError('the API listed no active teammate; nothing was changed')
  }
  const blocked = await allo.listTeammates('BLOCKED', options.signal)
  const listed = [
    ...new Map([...blocked.teammates, ...active.teammates].map((one) => [one.userId, one])).values(),
  ]
  await assertSameHome(pool, { teamId, isNamed: true }, listed)
  const unusable = unusableRows(active.unusable, blocked.unusable)
  const former = await formerTeammates(pool, teamId)
  if (options.record) {
    const refused = await recordTeammates(pool, teamId, listed, { isWhole: unusable === null })
    return {
      everyone: await knownTeammates(pool, teamId),
      former,
      incomplete: unusable ?? refusedTeammates(refused),
    }
  }
  const known = await knownTeammates(pool, teamId)
  const listedIds = new Set(listed.map(({ userId }) => userId))
  const unlisted = known.filter((teammate) => !listedIds.has(teammate.userId))
  return { everyone: [...listed.map(asKnown), ...unlisted], former, incomplete: unusable }
}

/** A sentence about the rows of both lists that name no teammate; null when there are none. */
export function unusableRows(active: UnusableRows, blocked: UnusableRows): string | null {
  const first = active.first ?? blocked.first
  if (first === null) return null
  const count = active.count + blocked.count
  const rows = count === 1 ? '1 row names' : `${count} rows name`
  return `${rows} no teammate who can be asked for a queue: ${first}`
}

function refusedTeammates(userIds: readonly string[]): string | null {
  if (userIds.length === 0) return null
  return `the database refused the data of ${userIds.length} teammates: ${userIds.slice(0, 3).join(', ')}`
}

function asKnown({ userId, name, email, status }: Teammate): KnownTeammate {
  return { userId, name, email, status, isListed: true }
}

/**
 * `--user` overrules the configuration. Throws UnknownTeammateError when one of its names matches no teammate, when no
 * name of a list in the configuration does, or when no teammate is left to read. Some names of a list may match none,
 * which is a warning, because teammates leave and the worker must continue. Former teammates count as matches.
 */
function choose({ everyone, former }: Listing, options: Choice): Omit<Selection, 'incomplete'> {
  for (const user of options.users) {
    if (!everyone.some((teammate) => isNamed(teammate, [user]))) {
      throw new UnknownTeammateError(`no teammate with the id or e-mail ${user}${suggestion(user, everyone)}`)
    }
  }
  if (options.users.length > 0) {
    const toRead = everyone.filter((teammate) => isNamed(teammate, options.users))
    return { toRead, leftOut: [], warnings: [] }
  }
  const warnings = [
    ...warnAboutUnmatched('ONLY_TEAMMATES', options.only, [...everyone, ...former]),
    ...warnAboutUnmatched('EXCEPT_TEAMMATES', options.except, [...everyone, ...former]),
  ]
  const isAsked = (teammate: KnownTeammate) =>
    (options.only.length === 0 || isNamed(teammate, options.only)) &&
    !isNamed(teammate, options.except) &&
    (options.includeBlocked || teammate.status !== 'BLOCKED')
  const toRead = everyone.filter(isAsked)
  if (toRead.length === 0) {
    throw new UnknownTeammateError(
      'ONLY_TEAMMATES, EXCEPT_TEAMMATES and INCLUDE_BLOCKED leave no teammate to read',
    )
  }
  return { toRead, leftOut: everyone.filter((teammate) => !isAsked(teammate)), warnings }
}

/** A warning when some names match no teammate; throws when none does. */
function warnAboutUnmatched(
  variable: string,
  names: readonly string[],
  teammates: readonly KnownTeammate[],
): readonly string[] {
  const unmatched = names.filter((name) => !teammates.some((teammate) => isNamed(teammate, [name])))
  if (unmatched.length === 0) return []
  const named = unmatched.map((name) => `${name}${suggestion(name, teammates)}`).join(', ')
  const sentence = `${variable} has names that match no teammate: ${named}`
  if (unmatched.length === names.length) throw new UnknownTeammateError(sentence)
  return [sentence]
}

function isNamed({ userId, email }: KnownTeammate, names: readonly string[]): boolean {
  return names.some((name) => name === userId || name.toLowerCase() === email?.toLowerCase())
}

/** The nearest id or e-mail, if it is at most two letters away. */
function suggestion(name: string, teammates: readonly KnownTeammate[]): string {
  const names = teammates.flatMap(({ userId, email }) => (email === null ? [userId] : [userId, email]))
  const near = nearest(name, names, 2)
  return near === null ? '' : ` (did you mean ${near}?)`
}
