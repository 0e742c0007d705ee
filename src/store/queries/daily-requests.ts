/** What passes and looks cost at Allo in a day (UTC), from Postgres alone. */
import { type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { z } from 'zod'
import { amount, type Output } from '../../json-output.ts'
import { type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { maybeOne } from '../postgres/query.ts'
import { apiKeys, readSlots, syncPasses } from '../schema.ts'

export const dailyRequestsSchema = z.object({
  today: amount.describe(
    'Sent today (UTC), by all processes on this database. Without a rate limit of ours, none is counted.',
  ),
  ofAPass: amount.nullable().describe('Of the last finished pass over the whole team. Null: there was none.'),
  passesADay: amount.nullable().describe('By the schedule that the last pass recorded. Null: none did.'),
})

export type DailyRequests = Output<typeof dailyRequestsSchema>

const k = alias(apiKeys, 'k')
const s = alias(readSlots, 's')
const p = alias(syncPasses, 'p')
const now = sql`clock_timestamp()`

/** Requests sent today: a query for one value of the key `keyFingerprint`. */
export function requestsToday(keyFingerprint: SQL | string): SQL {
  return sql`coalesce((select ${s.countedRequests} from ${readSlots} ${s}
    where ${s.keyFingerprint} = ${keyFingerprint} and ${s.countedDay} = (${now} at time zone 'UTC')::date), 0)`
}

/** The last finished pass over a team: rows of `requests` and `seconds`, the interval of its schedule. */
export function lastWholePass(teamId: SQL | typeof k.teamId): SQL {
  return sql`select ${p.requests} as requests, ${p.gapAfterSeconds} / 2.0 as seconds from ${syncPasses} ${p}
    where ${p.teamId} = ${teamId} and ${p.isWholeTeam} and ${p.status} in ('ok', 'partial')
    order by ${p.startedAt} desc limit 1`
}

/** Null: no pass of this key has named its team yet. */
export function dailyRequests(pool: Pool, keyFingerprint: string): Promise<DailyRequests | null> {
  return withDatabaseErrors('counting requests', () =>
    maybeOne<DailyRequests>(
      pool,
      sql`select ${requestsToday(keyFingerprint)}::int as today, pass.requests as "ofAPass",
            round(86400 / nullif(pass.seconds, 0))::int as "passesADay"
          from ${apiKeys} ${k} left join lateral (${lastWholePass(k.teamId)}) pass on true
          where ${k.keyFingerprint} = ${keyFingerprint} and ${k.teamId} is not null`,
    ),
  )
}
