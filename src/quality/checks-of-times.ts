/** Checks that Allo's times are plausible. They have no time zone, so a wrong ALLO_TIME_ZONE shifts all of them. */
import { type SQL, sql } from 'drizzle-orm'
import { earliestPlausibleDay } from '../allo/limits.ts'
import type { Check } from './check.ts'

/** Allowed difference between Allo's clock and the database's. */
const SLACK = sql`interval '5 minutes'`

/** The largest error that a wrong time zone can cause. A time further ahead is wrong for another reason. */
const WIDEST_ZONE = sql`interval '26 hours'`

/** Earlier than any customer of Allo. */
const EARLIEST = sql`${`${earliestPlausibleDay} 00:00+00`}::timestamptz`

/** Allo's times, each with the name of its field and when it was seen. Needs a CTE `team`. */
const sourceTimes = (teamId: string): SQL => sql`
      select 'created_at of entry ' || entry_id as id, source_created_at as happened_at, e.first_seen_at as seen_at
      from team join allo.queue_entries e using (queue_id)
      union all
      select 'call_start_date of dial ' || dial_id, dialled_at, last_changed_at from allo.dials where team_id = ${teamId}
      union all
      select field.name || ' of ' || t.queue_id || ' at ' || n.position, field.value, t.last_observed_at
      from team t join allo.queue_numbers n using (queue_id)
      cross join lateral (values ('updated_at', n.updated_at), ('call_start_date', n.call_start_date)) field(name, value)
      where t.is_current
      union all
      select field.name || ' of ' || queue_id, field.value, last_observed_at
      from team cross join lateral (values ('created_at', created_at), ('updated_at', updated_at)) field(name, value)`

/** No time zone and no clock explains these. They are stored as Allo sent them; views of days omit them. */
export const timesPossible: Check = {
  name: 'times_possible',
  severity: 'warn',
  rows: (
    teamId,
  ) => sql`with team as materialized (select * from allo.queues where team_id = ${teamId}), times as (${sourceTimes(teamId)})
    select id, happened_at < ${EARLIEST} or happened_at > seen_at + ${WIDEST_ZONE} as is_wrong
    from times where happened_at is not null`,
  items: ['time', 'times'],
  right: ['is possible', 'are possible'],
  wrong: ['is before the year 2000 or far in the future', 'are before the year 2000 or far in the future'],
  advice: 'They are stored as Allo sent them. Views of days and hours omit them; tell Allo support.',
}

/**
 * No event is later than the time when it was seen. This is checked only for the last day on record, because older
 * rows can't be repaired. No event at all is in the future.
 */
export const timesPlausible: Check = {
  name: 'times_plausible',
  severity: 'error',
  rows: (
    teamId,
  ) => sql`with team as materialized (select * from allo.queues where team_id = ${teamId}), times as (${sourceTimes(teamId)})
    select id, greatest(happened_at, seen_at) > now() + ${SLACK}
      or happened_at > seen_at + ${SLACK} and seen_at > (select max(seen_at) from times) - interval '1 day' as is_wrong
    from times where happened_at between ${EARLIEST} and seen_at + ${WIDEST_ZONE}`,
  items: ['time', 'times'],
  right: ['is earlier than it was seen', 'are earlier than they were seen'],
  wrong: ['is later than it was seen, or in the future', 'are later than they were seen, or in the future'],
  advice:
    'ALLO_TIME_ZONE is wrong, or the clocks of Allo and the database differ: compare them and correct the wrong one.',
}

/**
 * A dial that first appeared between two readings, at most an hour apart, began between them. A single dial outside
 * was reported late. If most dials lie outside by the same time, the time zone is wrong.
 */
export const timesNotShifted: Check = {
  name: 'times_not_shifted',
  severity: 'error',
  rows: (teamId) => sql`with enclosed as (
      select dial_id, first_seen_at, changed_after - dialled_at as least, first_seen_at - dialled_at as most
      from allo.dials
      where team_id = ${teamId} and dialled_at is not null and first_seen_at - changed_after <= interval '1 hour'
    ), recent as (
      select *, least > ${SLACK} or most < -${SLACK} as is_off from enclosed
      where first_seen_at > (select max(first_seen_at) from enclosed) - interval '1 day'
    ), shift as (
      select percentile_disc(0.5) within group (order by (least + most) / 2) as by from recent where is_off
    ), judged as (
      select dial_id, is_off and coalesce(shift.by between least - ${SLACK} and most + ${SLACK}, false) as is_shifted
      from recent, shift
    ), verdict as (
      select count(*) filter (where is_shifted) > greatest(2, count(*) / 2) as is_constant from judged
    )
    select 'dial ' || dial_id as id, is_shifted and is_constant as is_wrong from judged, verdict`,
  items: ['dial', 'dials'],
  right: ['began between the readings around it', 'began between the readings around them'],
  wrong: [
    'did not begin between the readings around it',
    'did not begin between the readings around them, all by the same difference',
  ],
  advice:
    'ALLO_TIME_ZONE is not the time zone in which Allo sends times: set it. Stored times stay as they are.',
}
