/** How soon changes at Allo are visible: looks and dials of the last hour, from Postgres alone and on its clock. */
import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { amount, type Output, seconds } from '../../json-output.ts'
import { type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { one } from '../postgres/query.ts'

/** As view reporting.live_freshness has it. Percentiles are null where there is nothing to take them of. */
export const liveStatusSchema = z.object({
  teammatesLookedAt: amount,
  teammatesDialling: amount.describe('Those of them who dial. The intervals are theirs.'),
  intervalP50Seconds: seconds.nullable().describe('Between two looks at a teammate: the median.'),
  intervalP95Seconds: seconds.nullable(),
  dials: amount.describe('First seen in the last hour, with a start that is known.'),
  dialsSeenByLook: amount,
  lagP50Seconds: seconds
    .nullable()
    .describe('From the start of a dial at Allo until it was seen: the median.'),
  lagP95Seconds: seconds.nullable(),
  secondsSincePause: seconds
    .nullable()
    .describe('Since the end of the last pause after a 429. Negative: it goes on. Null: there was none.'),
})

export type LiveStatus = Output<typeof liveStatusSchema>

export function liveStatus(pool: Pool, teamId: string, keyFingerprint: string): Promise<LiveStatus> {
  return withDatabaseErrors('reading how soon changes are visible', () =>
    one<LiveStatus>(
      pool,
      sql`select teammates_looked_at::int as "teammatesLookedAt", teammates_dialling::int as "teammatesDialling",
            look_interval_p50_seconds as "intervalP50Seconds", look_interval_p95_seconds as "intervalP95Seconds",
            dials::int as dials, dials_seen_by_look::int as "dialsSeenByLook",
            lag_p50_seconds as "lagP50Seconds", lag_p95_seconds as "lagP95Seconds",
            (select extract(epoch from clock_timestamp() - paused_until)::float8 from allo.api_keys
             where key_fingerprint = ${keyFingerprint}) as "secondsSincePause"
          from reporting.live_freshness where team_id = ${teamId}`,
    ),
  )
}
