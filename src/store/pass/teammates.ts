/** The recorded teams and teammates, and their update from Allo's lists. */
import { and, asc, count, desc, eq, isNotNull, isNull, ne, not, or, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { z } from 'zod'
import type { Account, Teammate } from '../../allo/types.ts'
import type { Output } from '../../json-output.ts'
import { type Client, DatabaseError, type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { anyOf, change, excluded, insertion, list, name, one, orm } from '../postgres/query.ts'
import { apiKeys, teammates, teams } from '../schema.ts'

/** Rows per statement. */
const CHUNK = 1000

const t = alias(teammates, 't')
const now = sql`clock_timestamp()`

/** A teammate to ask for a queue; `isListed` is false when only an earlier pass knew them. */
export interface KnownTeammate {
  readonly userId: string
  readonly name: string | null
  readonly email: string | null
  readonly status: string | null
  readonly isListed: boolean
}

export const teamSchema = z.object({ teamId: z.string(), name: z.string().nullable() })

export type Team = Output<typeof teamSchema>

/** A key without a team (the API may say null) stands for a team of its own. */
export function teamOf(account: Account, keyFingerprint: string): Team {
  return account.team === null
    ? { teamId: `key-${account.apiKeyId ?? keyFingerprint}`, name: null }
    : { teamId: account.team.id, name: account.team.name }
}

/** The team of a key is written once: see TeamChangedError. */
export async function recordTeam(db: Pool | Client, team: Team, keyFingerprint: string): Promise<void> {
  await withDatabaseErrors('recording the team', () =>
    orm(db)
      .insert(teams)
      .values({ teamId: team.teamId, name: team.name, firstSeenAt: now, lastSeenAt: now })
      .onConflictDoUpdate({
        target: teams.teamId,
        set: { name: excluded(teams.name), lastSeenAt: excluded(teams.lastSeenAt) },
      }),
  )
  await withDatabaseErrors('recording the team of the key', () =>
    orm(db)
      .insert(apiKeys)
      .values({ keyFingerprint, teamId: team.teamId })
      .onConflictDoUpdate({
        target: apiKeys.keyFingerprint,
        set: { teamId: excluded(apiKeys.teamId) },
        setWhere: isNull(apiKeys.teamId),
      }),
  )
}

/** Sorted by id. */
export function allTeams(pool: Pool): Promise<Team[]> {
  return withDatabaseErrors('looking up the teams', () =>
    orm(pool).select({ teamId: teams.teamId, name: teams.name }).from(teams).orderBy(teams.teamId),
  )
}

/** The team last recorded for this key, for when the API can't say. */
export async function lastTeamOfKey(db: Pool | Client, keyFingerprint: string): Promise<Team | null> {
  const [team] = await withDatabaseErrors('looking up the team of the key', () =>
    orm(db)
      .select({ teamId: teams.teamId, name: teams.name })
      .from(apiKeys)
      .innerJoin(teams, eq(teams.teamId, apiKeys.teamId))
      .where(eq(apiKeys.keyFingerprint, keyFingerprint)),
  )
  return team ?? null
}

/**
 * Takes over both user lists. A teammate in neither is unlisted, which is not yet having left. With `isWhole` false a
 * teammate may be missing from the lists by mistake, so everyone stays listed. Returns the ids of those whose data the
 * database refused; what was on record for them stays.
 */
export async function recordTeammates(
  pool: Pool,
  teamId: string,
  listed: readonly Teammate[],
  { isWhole = true }: { readonly isWhole?: boolean } = {},
): Promise<readonly string[]> {
  const refused: string[] = []
  for (let start = 0; start < listed.length; start += CHUNK) {
    refused.push(...(await recordListed(pool, teamId, listed.slice(start, start + CHUNK))))
  }
  if (isWhole) await unlistOthers(pool, teamId, listed)
  return refused
}

/** Halves the rows until those that can't be stored stand alone: the data of one teammate must not keep others out. */
async function recordListed(
  pool: Pool,
  teamId: string,
  listed: readonly Teammate[],
): Promise<readonly string[]> {
  try {
    await upsertListed(pool, teamId, listed)
    return []
  } catch (error) {
    if (!(error instanceof DatabaseError) || !error.isAboutData) throw error
    const [first] = listed
    if (first === undefined) return []
    if (listed.length === 1) return [first.userId]
    const half = Math.ceil(listed.length / 2)
    const refused = await recordListed(pool, teamId, listed.slice(0, half))
    return [...refused, ...(await recordListed(pool, teamId, listed.slice(half)))]
  }
}

/** Sorted by id, so that two passes lock the rows in the same order. A teammate who had left starts anew. */
async function upsertListed(pool: Pool, teamId: string, listed: readonly Teammate[]): Promise<void> {
  const updated = [
    'teamId',
    'name',
    'email',
    'role',
    'status',
    'imageUrl',
    'extra',
    'isListed',
    'lastSeenAt',
  ] as const
  const staysMissing = (missing: typeof t.missingSince | typeof t.missingPassId) =>
    sql`${name(missing)} = case when ${t.leftAt} is null then ${missing} end`
  await withDatabaseErrors('recording the teammates', () =>
    change(
      pool,
      sql`insert into ${teammates} as ${t} ${insertion(teammates, {
        userId: sql`listed."userId"`,
        teamId,
        name: sql`listed.name`,
        email: sql`listed.email`,
        role: sql`listed.role`,
        status: sql`listed.status`,
        imageUrl: sql`listed."imageUrl"`,
        extra: sql`listed.extra`,
        isListed: true,
        firstSeenAt: now,
        lastSeenAt: now,
      })}
      from jsonb_to_recordset(${JSON.stringify(listed)}) as listed ("userId" text, name text, email text, role text,
        status text, "imageUrl" text, extra jsonb)
      order by listed."userId"
      on conflict (${name(teammates.userId)}) do update set
        ${list(updated.map((column) => sql`${name(teammates[column])} = ${excluded(teammates[column])}`))},
        ${name(teammates.leftAt)} = null, ${staysMissing(t.missingSince)}, ${staysMissing(t.missingPassId)}`,
    ),
  )
}

async function unlistOthers(pool: Pool, teamId: string, listed: readonly Teammate[]): Promise<void> {
  const isListed = sql`${teammates.userId} ${anyOf(listed.map(({ userId }) => userId))}`
  await withDatabaseErrors('recording who is not listed any more', () =>
    orm(pool)
      .update(teammates)
      .set({ isListed: false })
      .where(and(eq(teammates.teamId, teamId), teammates.isListed, not(isListed))),
  )
}

export async function hasOtherTeams(db: Pool | Client, teamId: string): Promise<boolean> {
  const { has } = await withDatabaseErrors('looking for other teams', () =>
    one<{ has: boolean }>(
      db,
      sql`select exists (select from ${teammates} where ${ne(teammates.teamId, teamId)}) as has`,
    ),
  )
  return has
}

/** The other team that most of these teammates are on record with, and how many of them; null when there is none. */
export async function homeOfTeammates(
  db: Pool | Client,
  teamId: string,
  userIds: readonly string[],
): Promise<{ teamId: string; teammates: number } | null> {
  const known = count()
  const [home] = await withDatabaseErrors('looking up whose teammates these are', () =>
    orm(db)
      .select({ teamId: teammates.teamId, teammates: known })
      .from(teammates)
      .where(
        and(
          sql`${teammates.userId} ${anyOf(userIds)}`,
          ne(teammates.teamId, teamId),
          isNull(teammates.leftAt),
        ),
      )
      .groupBy(teammates.teamId)
      .orderBy(desc(known), asc(teammates.teamId))
      .limit(1),
  )
  return home ?? null
}

const knownTeammate = {
  userId: teammates.userId,
  name: teammates.name,
  email: teammates.email,
  status: teammates.status,
  isListed: teammates.isListed,
}

/** Those who were found to have left the team. */
export async function formerTeammates(db: Pool | Client, teamId: string): Promise<KnownTeammate[]> {
  return withDatabaseErrors('looking up who left the team', () =>
    orm(db)
      .select(knownTeammate)
      .from(teammates)
      .where(and(eq(teammates.teamId, teamId), not(teammates.isListed), isNotNull(teammates.leftAt)))
      .orderBy(teammates.userId),
  )
}

/** Those listed, and those of this team who are not but were never found to have left. */
export async function knownTeammates(db: Pool | Client, teamId: string): Promise<KnownTeammate[]> {
  return withDatabaseErrors('looking up the teammates', () =>
    orm(db)
      .select(knownTeammate)
      .from(teammates)
      .where(and(eq(teammates.teamId, teamId), or(eq(teammates.isListed, true), isNull(teammates.leftAt))))
      .orderBy(teammates.userId),
  )
}
