/**
 * What the board on the wall shows: today, of one team, as of one moment of the database. Names of teammates and counts
 * only: nothing about the people who are called.
 */
import { sql } from 'drizzle-orm'
import type { Client, Pool } from '../store/postgres/database.ts'
import { maybeOne, one, run } from '../store/postgres/query.ts'
import { noPeriod, usualFilters } from './filters.ts'
import { type Pace, paceOf } from './pace.ts'
import { type Period, periodOf } from './period.ts'
import { countWhere, isOfTeammate, readOneMoment, type Scope } from './scope.ts'
import { type Remaining, remainingNow, type Today, todayOf } from './tiles.ts'
import { unreadIn } from './unread.ts'

export interface Wall {
  readonly period: Period
  readonly today: Today
  /** Shares that were not read; null: no teammate is on the team. */
  readonly unread: { readonly today: number | null; readonly weekAgo: number | null }
  readonly remaining: Remaining
  readonly pace: Pace
  /** Who dialled today, most people reached first; some of them. */
  readonly dialling: { readonly count: number; readonly first: readonly WallPerson[] }
  readonly freshness: WallFreshness
}

export interface WallPerson {
  readonly userId: string
  readonly name: string
  readonly dials: number
  readonly reached: number
  /** Left to call in their queue; null: they have none, or it is not known. */
  readonly remaining: number | null
}

export interface WallFreshness {
  readonly teammates: number
  readonly stale: number
  /** How often teammates who dial are looked at, in the last hour. Null: no looks. */
  readonly lookIntervalSeconds: number | null
}

/** Rows that are legible at six metres on one screen. */
const SHOWN = 8

/** Null: nothing of this team was ever read. */
export function takeWall(
  pool: Pool,
  { teamId, statementTimeoutMs }: { readonly teamId: string; readonly statementTimeoutMs: number },
): Promise<Wall | null> {
  return readOneMoment(pool, { doing: 'asking for the wall', statementTimeoutMs }, async (client) => {
    const asked = { ...noPeriod, period: 'today' as const }
    const period = await periodOf(client, teamId, asked)
    if (period === null) return null
    const scope: Scope = { client, teamId, filters: { ...usualFilters, ...asked }, period }
    const { shares } = await unreadIn(scope, [period.today, period.weekAgo], { byTeammate: 0 })
    const [today = null, weekAgo = null] = shares
    return {
      period,
      today: await todayOf(scope),
      unread: { today, weekAgo },
      remaining: await remainingNow(scope),
      pace: await paceOf(scope),
      dialling: await diallingToday(scope),
      freshness: await freshnessOf(client, scope),
    }
  })
}

async function diallingToday(scope: Scope): Promise<Wall['dialling']> {
  const { client, teamId, period } = scope
  const rows = await run<WallPerson & { count: number }>(
    client,
    sql`select d.*, t.remaining from (
        select user_id as "userId", coalesce(teammate_name, user_id) as name, count(*)::int as dials,
          ${countWhere(sql`is_connected`)}::int as reached, count(*) over ()::int as count
        from reporting.dials
        where ${isOfTeammate(scope)} and counted_at >= ${period.today.from}::timestamptz
          and counted_at <= ${period.to}::timestamptz
        group by user_id, teammate_name order by reached desc, dials desc, name, user_id limit ${SHOWN}
      ) d left join reporting.teammates t on t.user_id = d."userId" and t.team_id = ${teamId}
      order by reached desc, dials desc, name, "userId"`,
  )
  return { count: rows[0]?.count ?? 0, first: rows.map(({ count: _, ...person }) => person) }
}

async function freshnessOf(client: Client, scope: Scope): Promise<WallFreshness> {
  const live = await maybeOne<{ seconds: number | null }>(
    client,
    sql`select look_interval_p50_seconds as seconds from reporting.live_freshness where team_id = ${scope.teamId}`,
  )
  const counts = await one<Pick<WallFreshness, 'teammates' | 'stale'>>(
    client,
    sql`select count(*)::int as teammates, ${countWhere(sql`is_stale`)}::int as stale
      from reporting.data_freshness where ${isOfTeammate(scope)}`,
  )
  return { ...counts, lookIntervalSeconds: live?.seconds ?? null }
}
