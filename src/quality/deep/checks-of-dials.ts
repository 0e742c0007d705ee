/** Deep checks that dials, holders and gaps agree with the versions, assignments and readings. */
import { sql } from 'drizzle-orm'
import { changedFromOutside } from '../check.ts'
import { type DeepCheck, queuesOf, teammatesOf } from './deep-check.ts'

/**
 * A dial began with a version of its entry, and its result is that of a version, perhaps of another entry that showed
 * the same call. Each call that a version shows is a dial. Another entry may have been deleted by retention, and an
 * erased call has another id there.
 */
export const dialsEqualVersions: DeepCheck = {
  name: 'dials_equal_versions',
  severity: 'error',
  by: 'queue',
  rows: (batch) => sql`with q as (${queuesOf(batch)})
    select 'dial ' || d.dial_id as id, v.entry_id is null or v.call_id is null and v.call_start_date is null
      or (v.position, v.changed_after) is distinct from (d.position, d.changed_after)
      or not exists (
        select from allo.queue_number_versions l
        where l.entry_id = d.entry_id and l.valid_from = d.last_changed_at and ${hasSameResult})
      and d.last_changed_at >= q.history_from
      and not exists (
        select from allo.queue_number_versions l
        where l.valid_from = d.last_changed_at and ${hasSameResult} and (l.call_id = d.call_id or ${isErased}))
      as is_wrong
    from q join allo.dials d using (queue_id)
    left join allo.queue_number_versions v on v.entry_id = d.entry_id and v.valid_from = d.first_seen_at
    union all
    select format('entry %s at %s', v.entry_id, v.valid_from), case
      when v.call_id is null then own.dial_id is null
      else same.dial_id is null and q.history_from = '-infinity'
        and not exists (select from allo.dials d where d.team_id = q.team_id and ${isErased}) end
    from q join allo.queue_number_versions v using (queue_id)
    left join lateral (select d.dial_id from allo.dials d where d.entry_id = v.entry_id limit 1) own on v.call_id is null
    left join lateral (
      select d.dial_id from allo.dials d where d.team_id = q.team_id and d.call_id = v.call_id limit 1
    ) same on v.call_id is not null
    where v.call_id is not null or v.call_start_date is not null`,
  items: ['dial or version', 'dials and versions'],
  right: ['agrees with the others', 'agree with each other'],
  wrong: ['contradicts the others', 'contradict each other'],
  advice: changedFromOutside,
}

const hasSameResult = sql`(l.routing_result, l.detected_outbound_voicemail, l.not_reached_destination_reason, l.voicemail_left)
  is not distinct from (d.routing_result, d.detected_outbound_voicemail, d.not_reached_destination_reason, d.voicemail_left)`

const isErased = sql`d.call_id ~ '^(concealed|erased)-'`

/** Who is recorded with a queue at some instant held it then. */
export const holdersEqualAssignments: DeepCheck = {
  name: 'holders_equal_assignments',
  severity: 'error',
  by: 'teammate',
  rows: (batch) => sql`with t as (${teammatesOf(batch)}), held as (
      select format('reading of %s at %s', r.user_id, r.observed_at) as id, r.user_id, r.queue_id, r.observed_at as at
      from t join allo.sync_reads r using (user_id) where r.status = 'ok'
      union all
      select format('count of %s at %s', s.queue_id, s.observed_at), s.user_id, s.queue_id, s.observed_at
      from t join allo.queue_snapshots s using (user_id)
      union all
      select 'dial ' || d.dial_id, d.user_id, d.queue_id, d.first_seen_at from t join allo.dials d using (user_id)
    )
    select held.id, not exists (
        select from allo.queue_assignments a where a.user_id = held.user_id and a.queue_id = held.queue_id
          and a.valid_from <= held.at and (a.valid_to > held.at or a.valid_to is null)) as is_wrong
    from held join t using (user_id) where held.at >= t.history_from`,
  items: ['reading, count or dial', 'readings, counts and dials'],
  right: ['is of the teammate who held the queue', 'are of the teammates who held the queues'],
  wrong: ['is not of the teammate who held the queue', 'are not of the teammates who held the queues'],
  advice: changedFromOutside,
}

/** A teammate was not read within a gap, and gaps do not overlap. */
export const gapsHoldNoReading: DeepCheck = {
  name: 'gaps_hold_no_reading',
  severity: 'error',
  by: 'teammate',
  rows: (batch) => sql`with t as (${teammatesOf(batch)})
    select format('gap of %s at %s', user_id, gap_from) as id, coalesce(next_from < coalesce(gap_to, 'infinity'), false)
      or exists (
        select from allo.sync_reads r where r.user_id = g.user_id and r.status in ('ok', 'no_queue')
          and r.observed_at > g.gap_from and r.observed_at < coalesce(g.gap_to, 'infinity')) as is_wrong
    from (
      select c.*, lead(gap_from) over (partition by user_id order by gap_from) as next_from
      from t join reporting.coverage_gaps c using (user_id)
    ) g`,
  items: ['gap', 'gaps'],
  right: ['has no reading in it', 'have no readings in them'],
  wrong: ['has a reading in it, or overlaps with another', 'have readings in them, or overlap with others'],
  advice: changedFromOutside,
}
