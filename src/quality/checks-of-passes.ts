/** Checks that the data of every teammate are up to date. */
import { sql } from 'drizzle-orm'
import type { Check } from './check.ts'

/**
 * Uses the freshness limit that the last finished pass recorded. With a cron expression that limit can last until
 * Monday, so a weekend without passes does not fail. Without a limit nothing is checked.
 */
export const freshness: Check = {
  name: 'freshness',
  severity: 'error',
  rows: (
    teamId,
  ) => sql`select format('%s by %s min', user_id, ceil((judged_age_seconds - promised_seconds) / 60)) as id,
      judged_age_seconds > promised_seconds as is_wrong
    from allo.teammate_freshness
    where team_id = ${teamId} and not is_left_out and promised_seconds is not null`,
  items: ['teammate', 'teammates'],
  right: ['was read in time', 'were read in time'],
  wrong: ['was not read in time', 'were not read in time'],
  advice: 'Their data are older than the freshness limit; `allo-queue-mirror status` says why.',
}

/**
 * Failed passes do not count, because they say nothing about one teammate. One torn reading is no reason to warn. A
 * teammate who has just returned has no reading in the earlier passes.
 */
const PASSES_IN_A_ROW = 3

export const teammatesRead: Check = {
  name: 'teammates_read',
  severity: 'warn',
  rows: (teamId) => sql`with recent as (
      select pass_id from allo.sync_passes where team_id = ${teamId} and is_whole_team and status in ('ok', 'partial')
      order by started_at desc limit ${PASSES_IN_A_ROW}
    )
    select t.user_id as id, (
        select count(*) = ${PASSES_IN_A_ROW} from recent join allo.sync_reads a using (pass_id)
        where a.user_id = t.user_id and a.status not in ('ok', 'no_queue', 'not_found')
          and a.error_code is distinct from 'overtaken') as is_wrong
    from allo.teammate_freshness t
    where t.team_id = ${teamId} and not t.is_left_out`,
  items: ['teammate', 'teammates'],
  right: ['could be read', 'could be read'],
  wrong: [
    `could not be read in the last ${PASSES_IN_A_ROW} passes, while others were`,
    `could not be read in the last ${PASSES_IN_A_ROW} passes, while others were`,
  ],
  advice: 'Their data stay as they were; `allo-queue-mirror status` says why.',
}
