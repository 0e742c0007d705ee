/** Whether the source's times can be true. They come without a zone, and a wrong one shifts all of them. */
import { earliestPlausibleDay } from '../allo/limits.ts'
import type { Check } from './check.ts'

/** How far the source's clock and the database's may be apart. */
const SLACK = `interval '5 minutes'`

/** The largest error that a time zone can be; a time that is further ahead is wrong for another reason. */
const WIDEST_ZONE = `interval '26 hours'`

/** Before the first customer of Allo. */
const EARLIEST = `timestamptz '${earliestPlausibleDay} 00:00+00'`

/** Of the source, each with the name of its field, and when it was seen. Needs `team`. */
const sourceTimes = `
      select 'created_at of entry ' || entry_id as id, source_created_at as happened_at, e.first_seen_at as seen_at
      from team join allo.queue_entries e using (queue_id)
      union all
      select 'call_start_date of dial ' || dial_id, dialled_at, last_changed_at from allo.dials where team_id = $1
      union all
      select field.name || ' of ' || t.queue_id || ' at ' || n.position, field.value, t.last_observed_at
      from team t join allo.queue_numbers n using (queue_id)
      cross join lateral (values ('updated_at', n.updated_at), ('call_start_date', n.call_start_date)) field(name, value)
      where t.is_current
      union all
      select field.name || ' of ' || queue_id, field.value, last_observed_at
      from team cross join lateral (values ('created_at', created_at), ('updated_at', updated_at)) field(name, value)`

/** No zone and no clock explains these. They stand as the source sent them; views of days leave them out. */
export const timesPossible: Check = {
  name: 'times_possible',
  severity: 'warn',
  sql: `with team as materialized (select * from allo.queues where team_id = $1), times as (${sourceTimes})
    select id, happened_at < ${EARLIEST} or happened_at > seen_at + ${WIDEST_ZONE} as is_wrong
    from times where happened_at is not null`,
  things: ['time', 'times'],
  right: ['can be true', 'can be true'],
  wrong: ['lies before the year 2000 or far in the future', 'lie before the year 2000 or far in the future'],
  advice:
    'Allo sent them so, and they are kept as they came. Views of days and hours leave them out; tell Allo support.',
}

/**
 * Nothing happened after it was seen. Of what was seen on the last day on record, since older rows can't be mended;
 * and nothing at all is in the future.
 */
export const timesPlausible: Check = {
  name: 'times_plausible',
  severity: 'error',
  sql: `with team as materialized (select * from allo.queues where team_id = $1), times as (${sourceTimes})
    select id, greatest(happened_at, seen_at) > now() + ${SLACK}
      or happened_at > seen_at + ${SLACK} and seen_at > (select max(seen_at) from times) - interval '1 day' as is_wrong
    from times where happened_at between ${EARLIEST} and seen_at + ${WIDEST_ZONE}`,
  things: ['time', 'times'],
  right: ['lies before it was seen', 'lie before they were seen'],
  wrong: ['lies after it was seen, or in the future', 'lie after they were seen, or in the future'],
  advice:
    "ALLO_TIME_ZONE is wrong, or Allo's clock and the database's differ: compare them, and set the wrong one.",
}

/**
 * A dial that two readings an hour apart at most enclose began between them. One that did not was shown late, or
 * was moved; but when most lie outside by one and the same time, then the zone is wrong.
 */
export const timesNotShifted: Check = {
  name: 'times_not_shifted',
  severity: 'error',
  sql: `with enclosed as (
      select dial_id, first_seen_at, changed_after - dialled_at as least, first_seen_at - dialled_at as most
      from allo.dials
      where team_id = $1 and dialled_at is not null and first_seen_at - changed_after <= interval '1 hour'
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
  things: ['dial', 'dials'],
  right: ['began about when the readings around it say', 'began about when the readings around them say'],
  wrong: [
    'began at another time than the readings around it allow',
    'began at other times than the readings around them allow, all by the same difference',
  ],
  advice:
    'ALLO_TIME_ZONE is not the zone in which Allo sends times: set it. Times that are on record stay as they are.',
}
