/** Whether the mirror is kept up to date, for everyone. */
import { dataAreFrom, isToBeRead, joinLastReading } from '../store/queries/status.ts'
import type { Check } from './check.ts'

/** Of a pass: it asked the whole team, and somebody answered. */
const readTheTeam = `is_whole_team and status in ('ok', 'partial')`

/**
 * By the age that the last finished pass promised: with a cron expression it reaches to Monday, so a weekend without
 * passes is no fault. Passes of older versions promised nothing; without any promise nothing is looked at. Who came
 * back after the last pass over the team has old data, and nobody could have read them yet.
 */
export const freshness: Check = {
  name: 'freshness',
  severity: 'error',
  sql: `with promise as (
      select stale_after_seconds as seconds from allo.sync_passes
      where team_id = $1 and finished_at is not null and stale_after_seconds is not null
      order by started_at desc limit 1
    ), last_pass as (
      select pass_id from allo.sync_passes where team_id = $1 and ${readTheTeam} order by started_at desc limit 1
    )
    select format('%s by %s min', t.user_id, ceil(extract(epoch from now() - ${dataAreFrom}) / 60 - p.seconds / 60.0)) as id,
      ${dataAreFrom} < now() - make_interval(secs => p.seconds)
        and (l.pass_id is null or exists (
          select from allo.sync_reads a where a.user_id = t.user_id and a.pass_id >= l.pass_id)) as is_wrong
    from promise p left join last_pass l on true cross join allo.teammates t ${joinLastReading}
    where t.team_id = $1 and ${isToBeRead}`,
  things: ['teammate', 'teammates'],
  right: ['was read in time', 'were read in time'],
  wrong: ['was not read in time', 'were not read in time'],
  advice: 'What is shown of them is older than agreed; `allo-queue-mirror status` says why.',
}

/**
 * A pass that nobody answered is Allo's outage and says nothing about one teammate, one torn reading is bad luck, and
 * who came back just now was not asked before.
 */
const PASSES_IN_A_ROW = 3

export const teammatesRead: Check = {
  name: 'teammates_read',
  severity: 'warn',
  sql: `with recent as (
      select pass_id from allo.sync_passes where team_id = $1 and ${readTheTeam}
      order by started_at desc limit ${PASSES_IN_A_ROW}
    )
    select t.user_id as id, (
        select count(*) = ${PASSES_IN_A_ROW} from recent join allo.sync_reads a using (pass_id)
        where a.user_id = t.user_id and a.status not in ('ok', 'no_queue', 'not_found')
          and a.error_code is distinct from 'overtaken') as is_wrong
    from allo.teammates t ${joinLastReading}
    where t.team_id = $1 and ${isToBeRead}`,
  things: ['teammate', 'teammates'],
  right: ['could be read', 'could be read'],
  wrong: [
    `could not be read in the last ${PASSES_IN_A_ROW} passes, while others were`,
    `could not be read in the last ${PASSES_IN_A_ROW} passes, while others were`,
  ],
  advice: 'Their data are as before; `allo-queue-mirror status` says why.',
}
