/** Finds teammates on the team by a part of their name, or by their id. It reads no email: reports show none. */
import { type SQL, sql } from 'drizzle-orm'
import type { Pool } from '../store/postgres/database.ts'
import { run } from '../store/postgres/query.ts'
import { instant } from './instant.ts'
import { readOneMoment } from './scope.ts'

export interface TeammateSearch {
  readonly teamId: string
  /** Part of a name, in any case, or an id. Null: everyone. */
  readonly query: string | null
  /** How the name begins, in any case. */
  readonly starts: string
  readonly statementTimeoutMs: number
}

export interface FoundTeammates {
  readonly count: number
  /** By name; some of them. */
  readonly first: readonly FoundTeammate[]
  /** What the names that were found begin with, one character more than asked for. */
  readonly beginnings: readonly { readonly text: string; readonly teammates: number }[]
}

export interface FoundTeammate {
  readonly userId: string
  readonly name: string
  readonly queueState: 'queue' | 'no_queue' | 'unknown'
  readonly remaining: number | null
  /** Null: never. */
  readonly lastDialAt: string | null
  readonly timeZone: string
}

const SHOWN = 100

export function findTeammates(pool: Pool, search: TeammateSearch): Promise<FoundTeammates> {
  const limits = { doing: 'looking for teammates', statementTimeoutMs: search.statementTimeoutMs }
  return readOneMoment(pool, limits, async (client) => {
    const found = sql`reporting.teammates where ${isFound(search)}`
    const first = await run<FoundTeammate & { count: number }>(
      client,
      sql`select user_id as "userId", ${name} as name, queue_state as "queueState", remaining,
          ${instant(sql`last_dial_at`)} as "lastDialAt",
          (select report_time_zone from reporting.teams where team_id = ${search.teamId}) as "timeZone"
        from reporting.teammates where user_id in (
          select user_id from ${found} order by lower(${name}), user_id limit ${SHOWN})
        order by lower(${name}), user_id`,
    )
    const beginnings = await run<{ text: string; teammates: number }>(
      client,
      sql`select upper(left(${name}, ${search.starts.length + 1}::int)) as text, count(*)::int as teammates
        from ${found} group by 1 order by 1`,
    )
    return { count: beginnings.reduce((sum, { teammates }) => sum + teammates, 0), first, beginnings }
  })
}

const name = sql`coalesce(teammate_name, user_id)`

function isFound({ teamId, query, starts }: TeammateSearch): SQL {
  const isNamed =
    query === null ? sql`true` : sql`(position(lower(${query}) in lower(${name})) > 0 or user_id = ${query})`
  return sql`team_id = ${teamId} and (is_listed or left_at is null) and ${isNamed}
    and starts_with(lower(${name}), lower(${starts}))`
}
