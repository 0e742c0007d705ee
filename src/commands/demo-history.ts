/** What the demo asks the database afterwards: the tables a person sees are answers to the SQL they see. */
import { type Pool, withDatabaseErrors } from '../store/database.ts'
import { type Cell, tableLines } from '../terminal/table.ts'

export interface Question {
  readonly title: string
  readonly sql: string
}

export const summaries: readonly Question[] = [
  {
    title: 'Queues, as last read',
    sql: `
select q.name as queue, coalesce(t.name, q.user_id) as holder, s.numbers, s.remaining,
  s.in_progress as calling, s.connected, s.voicemail, s.not_reached, s.failed, s.other
from allo.queues q
join allo.teammates t using (user_id)
cross join lateral (
  select * from allo.queue_snapshots s where s.queue_id = q.queue_id order by s.observed_at desc limit 1
) s
order by t.name, q.first_seen_at`,
  },
  {
    title: 'What history saw of them',
    sql: `
select q.name as queue, r.added, r.changed, r.moved, r.removed, d.dials,
  case when q.is_current then 'current'
    when q.ended_at is not null then 'ended ' || to_char(q.ended_at, 'HH24:MI:SS') || ': ' || q.end_reason
    when q.unobservable_since is not null then 'unknown: its holder is not on the team any more'
    else 'unknown' end as now
from allo.queues q
cross join lateral (
  select sum(r.added)::int as added, sum(r.changed)::int as changed, sum(r.moved)::int as moved,
    sum(r.removed)::int as removed
  from allo.sync_reads r where r.queue_id = q.queue_id and r.status = 'ok'
) r
cross join lateral (select count(*)::int as dials from allo.dials d where d.queue_id = q.queue_id) d
left join allo.teammates t using (user_id)
order by t.name, q.first_seen_at`,
  },
]

/** An analyst's first three. `followed` is a phone number, which needs no quoting. */
export function questions(followed: string): readonly Question[] {
  return [
    {
      title: 'What is left, per teammate?',
      sql: `
select t.name as teammate, s.numbers, s.remaining, s.connected,
  round(100.0 * (s.numbers - s.remaining) / nullif(s.numbers, 0))::int as percent_called
from allo.teammates t
left join allo.queues q on q.user_id = t.user_id and q.is_current
left join lateral (
  select * from allo.queue_snapshots s where s.queue_id = q.queue_id order by s.observed_at desc limit 1
) s on true
where t.is_listed
order by s.remaining desc nulls last, t.name;`,
    },
    {
      title: `What happened to ${followed}?`,
      sql: `
select to_char(v.valid_from, 'HH24:MI:SS') as from, to_char(v.valid_to, 'HH24:MI:SS') as until, v.position,
  to_char(v.call_start_date, 'HH24:MI:SS') as dialled,
  allo.number_outcome(v.detected_outbound_voicemail, v.voicemail_left, v.routing_result,
    v.not_reached_destination_reason, v.call_start_date, v.call_id) as outcome
from allo.queue_entries e
join allo.queue_number_versions v using (entry_id)
where e.number_to = '${followed}'
order by v.valid_from;`,
    },
    {
      title: 'What did the reset throw away? (The old queue, as of a moment before it ended)',
      sql: `
select allo.number_outcome(v.detected_outbound_voicemail, v.voicemail_left, v.routing_result,
    v.not_reached_destination_reason, v.call_start_date, v.call_id) as outcome,
  count(*)::int as numbers, min(v.position) as first_position, max(v.position) as last_position
from allo.queues q
join allo.queue_number_versions v using (queue_id)
where q.end_reason = 'queue_replaced'
  and v.valid_from < q.ended_at and (v.valid_to >= q.ended_at or v.valid_to is null)
group by outcome
order by numbers desc;`,
    },
  ]
}

/** The answer as an aligned table. */
export async function answer(pool: Pool, { title, sql }: Question): Promise<string[]> {
  const result = await withDatabaseErrors(title, () => pool.query<Record<string, Cell>>(sql))
  const columns = result.fields.map((field) => field.name)
  return tableLines(
    columns.map((name) => name.replaceAll('_', ' ')),
    result.rows.map((row) => columns.map((name) => row[name] ?? null)),
  )
}
