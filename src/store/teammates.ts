/** Whom a pass asks: the teams and teammates on record, brought up to date with what the API lists. */
import type { Account, Teammate } from '../allo/types.ts'
import { ask, type Client, type Pool } from './database.ts'

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
     on conflict (key_fingerprint) do update set team_id = excluded.team_id
     where k.team_id is distinct from excluded.team_id`,
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
 * Takes over both user lists, whole: who is in neither is unlisted, which is not yet having left. Returns everyone
 * to ask: those listed, and those of this team who are not but were never found to have left.
 */
export async function recordTeammates(
  db: Pool | Client,
  teamId: string,
  listed: readonly Teammate[],
): Promise<KnownTeammate[]> {
  await ask(
    db,
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
  await ask(
    db,
    'recording who is not listed any more',
    `update allo.teammates set is_listed = false where team_id = $1 and is_listed and user_id <> all ($2)`,
    [teamId, listed.map((teammate) => teammate.userId)],
  )
  return knownTeammates(db, teamId)
}

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
