/** Whom a pass asks: the teams and teammates on record, brought up to date with what the API lists. */
import type { Account, Teammate } from '../../allo/types.ts'
import { ask, type Client, DatabaseError, type Pool } from '../postgres/database.ts'

/** Rows in one statement. */
const CHUNK = 1000

/** A teammate to ask for a queue; `isListed` is false when only an earlier pass knew them. */
export interface KnownTeammate {
  readonly userId: string
  readonly name: string | null
  readonly email: string | null
  readonly status: string | null
  readonly isListed: boolean
}

export interface Team {
  readonly teamId: string
  readonly name: string | null
}

/** A key without a team (the API may say null) stands for a team of its own. */
export function teamOf(account: Account, keyFingerprint: string): Team {
  return account.team === null
    ? { teamId: `key-${account.apiKeyId ?? keyFingerprint}`, name: null }
    : { teamId: account.team.id, name: account.team.name }
}

/** The team of a key is written once: see TeamChangedError. */
export async function recordTeam(db: Pool | Client, team: Team, keyFingerprint: string): Promise<void> {
  await ask(
    db,
    'recording the team',
    `insert into allo.teams as t (team_id, name, first_seen_at, last_seen_at)
     values ($1, $2, clock_timestamp(), clock_timestamp())
     on conflict (team_id) do update set name = excluded.name, last_seen_at = excluded.last_seen_at`,
    [team.teamId, team.name],
  )
  await ask(
    db,
    'recording the team of the key',
    `insert into allo.api_keys as k (key_fingerprint, team_id) values ($1, $2)
     on conflict (key_fingerprint) do update set team_id = excluded.team_id where k.team_id is null`,
    [keyFingerprint, team.teamId],
  )
}

/** The team last recorded for this key, for when the API can't say. */
export async function lastTeamOfKey(db: Pool | Client, keyFingerprint: string): Promise<Team | null> {
  const { rows } = await ask<{ team_id: string; name: string | null }>(
    db,
    'looking up the team of the key',
    `select team_id, t.name from allo.api_keys join allo.teams t using (team_id) where key_fingerprint = $1`,
    [keyFingerprint],
  )
  return rows[0] === undefined ? null : { teamId: rows[0].team_id, name: rows[0].name }
}

/**
 * Takes over both user lists: who is in neither is unlisted, which is not yet having left. With `isWhole` false somebody
 * may be missing from the lists by mistake, so everyone stays listed. Returns the ids of those whose data the database
 * refused; what was on record for them stays.
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
  if (isWhole) {
    await ask(
      pool,
      'recording who is not listed any more',
      `update allo.teammates set is_listed = false where team_id = $1 and is_listed and user_id <> all ($2)`,
      [teamId, listed.map((teammate) => teammate.userId)],
    )
  }
  return refused
}

/** Halves the rows until those that can't be stored stand alone: one teammate's data are nobody else's matter. */
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

async function upsertListed(pool: Pool, teamId: string, listed: readonly Teammate[]): Promise<void> {
  await ask(
    pool,
    'recording the teammates',
    `insert into allo.teammates as t (user_id, team_id, name, email, role, status, image_url, extra, is_listed,
       first_seen_at, last_seen_at)
     select user_id, $1, name, email, role, status, image_url, extra, true, clock_timestamp(), clock_timestamp()
     from jsonb_to_recordset($2) as l(user_id text, name text, email text, role text, status text, image_url text,
       extra jsonb)
     order by user_id
     on conflict (user_id) do update set team_id = excluded.team_id, name = excluded.name, email = excluded.email,
       role = excluded.role, status = excluded.status, image_url = excluded.image_url, extra = excluded.extra,
       is_listed = true, last_seen_at = excluded.last_seen_at, left_at = null,
       missing_since = case when t.left_at is null then t.missing_since end,
       missing_pass_id = case when t.left_at is null then t.missing_pass_id end`,
    [teamId, JSON.stringify(listed.map(toRow))],
  )
}

export async function hasOtherTeams(db: Pool | Client, teamId: string): Promise<boolean> {
  const { rows } = await ask<{ has: boolean }>(
    db,
    'looking for other teams',
    `select exists (select from allo.teammates where team_id <> $1) as has`,
    [teamId],
  )
  return rows[0]?.has ?? false
}

/** The other team that most of these teammates are on record with, and how many of them; null when there is none. */
export async function homeOfTeammates(
  db: Pool | Client,
  teamId: string,
  userIds: readonly string[],
): Promise<{ teamId: string; teammates: number } | null> {
  const { rows } = await ask<{ teamId: string; teammates: number }>(
    db,
    'looking up whose teammates these are',
    `select team_id as "teamId", count(*)::int as teammates from allo.teammates
     where user_id = any ($2) and team_id <> $1 and left_at is null group by team_id order by 2 desc, 1 limit 1`,
    [teamId, userIds],
  )
  return rows[0] ?? null
}

/** Those who were found to have left the team. */
export async function formerTeammates(db: Pool | Client, teamId: string): Promise<KnownTeammate[]> {
  const { rows } = await ask<KnownTeammate>(
    db,
    'looking up who left the team',
    `select user_id as "userId", name, email, status, is_listed as "isListed" from allo.teammates
     where team_id = $1 and not is_listed and left_at is not null order by user_id`,
    [teamId],
  )
  return rows
}

/** Those listed, and those of this team who are not but were never found to have left. */
export async function knownTeammates(db: Pool | Client, teamId: string): Promise<KnownTeammate[]> {
  const { rows } = await ask<KnownTeammate>(
    db,
    'looking up the teammates',
    `select user_id as "userId", name, email, status, is_listed as "isListed" from allo.teammates
     where team_id = $1 and (is_listed or left_at is null) order by user_id`,
    [teamId],
  )
  return rows
}

function toRow(teammate: Teammate) {
  const { userId, imageUrl, ...same } = teammate
  return { ...same, user_id: userId, image_url: imageUrl }
}
