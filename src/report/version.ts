/** Whether a report would show something else than an earlier one: much cheaper than making it. */
import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { type Pool, withDatabaseErrors } from '../store/postgres/database.ts'
import { one } from '../store/postgres/query.ts'

/** The report says how old the data are: that may be this much older before it is made again. */
const AGE_STEP_SECONDS = 300

/**
 * The ETag of the report with any filters, because a filter is part of the address. It changes with each reading, with
 * each look that changed something, with the results of the checks, when data become stale, and with the program.
 */
export async function reportVersion(pool: Pool, teamId: string, programVersion: string): Promise<string> {
  const { state } = await withDatabaseErrors('asking whether the report changed', () =>
    one<{ state: string }>(
      pool,
      sql`select concat_ws(' ', t.live_as_of, t.history_from, t.report_time_zone, t.name, q.checked_at, f.stale,
            f.left_out, floor(f.age_seconds / ${AGE_STEP_SECONDS}::int)) as state
          from reporting.teams t
          cross join lateral (select max(checked_at) as checked_at from reporting.data_quality
            where team_id = ${teamId}) q
          cross join lateral (select count(*) filter (where is_stale) as stale,
              count(*) filter (where is_left_out) as left_out,
              max(age_seconds) filter (where not is_left_out) as age_seconds
            from reporting.data_freshness where team_id = ${teamId}) f
          where t.team_id = ${teamId}`,
    ),
  )
  return `"${createHash('sha256').update(`${programVersion} ${state}`).digest('base64url').slice(0, 22)}"`
}
