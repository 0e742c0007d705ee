/** The row of a queue that was lost, from what its history and the record of readings say of it. */
import type { Client } from '../postgres/database.ts'
import type { Reading } from './reading.ts'

/** Returns false when the queue has no history: then it is new. */
export async function remakeQueue(
  client: Client,
  { teamId, userId }: Reading,
  queueId: string,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `with stretches as (
       select valid_from, valid_to, end_reason from allo.queue_versions where queue_id = $1
       union all
       select valid_from, valid_to, end_reason from allo.queue_number_versions where queue_id = $1
     ), past as (
       select min(valid_from) as first_seen_at, max(valid_from) as last_changed_at,
         case when bool_and(valid_to is not null) then max(valid_to) end as closed_at from stretches
     ), closing as (
       select coalesce(max(s.end_reason) filter (where s.end_reason <> 'deleted'), 'unobservable') as reason
       from past p join stretches s on s.valid_to = p.closed_at
     ), last_reading as (
       select read_started_at, observed_at from allo.sync_reads
       where queue_id = $1 and status = 'ok' order by observed_at desc limit 1
     )
     insert into allo.queues (queue_id, team_id, user_id, name, creator_id, assignee_id, voicemail_handling,
       do_not_disturb, is_current, first_seen_at, ended_at, end_reason, unobservable_since, numbers,
       last_read_started_at, last_observed_at, membership_digest, content_digest)
     select $1, $2, coalesce(holder.user_id, $3), v.name, v.creator_id, v.assignee_id, v.voicemail_handling,
       v.do_not_disturb,
       case when p.closed_at is null then true when c.reason <> 'unobservable' then false end, p.first_seen_at,
       case when c.reason <> 'unobservable' then p.closed_at end,
       case when p.closed_at is not null and c.reason <> 'unobservable' then c.reason end,
       case when c.reason = 'unobservable' then p.closed_at end,
       (select count(*) from allo.queue_numbers where queue_id = $1),
       coalesce(r.read_started_at, p.last_changed_at), coalesce(r.observed_at, p.last_changed_at), '', ''
     from past p cross join closing c left join last_reading r on true
     left join lateral (select * from allo.queue_versions where queue_id = $1 order by valid_from desc limit 1) v on true
     left join lateral (select user_id from allo.queue_assignments where queue_id = $1
       order by valid_from desc limit 1) holder on true
     where p.first_seen_at is not null`,
    [queueId, teamId, userId],
  )
  return rowCount === 1
}
