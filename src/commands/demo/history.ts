/**
 * The queries of the demo, and their results as tables. They are plain text, as an analyst would type them: the column
 * names of a result are the headings of its table, and those on schema reporting are printed.
 */
import { type Pool, withDatabaseErrors } from '../../store/postgres/database.ts'
import { type Cell, tableLines } from '../../terminal/table.ts'

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
    title: 'Their recorded history',
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

/** Three queries of an analyst on schema reporting. `followed` is a phone number, which needs no quoting. */
export function questions(followed: string): readonly Question[] {
  return [
    {
      title: 'What is left, per teammate?',
      sql: `
select t.teammate_name as teammate, t.queue_state, t.numbers, t.remaining, q.connected,
  round(100 * q.penetration_rate)::int as percent_called
from reporting.teammates t
left join reporting.queues q using (queue_id)
where t.is_listed
order by t.remaining desc nulls last, teammate;`,
    },
    {
      title: `What happened to ${followed}?`,
      sql: `
select to_char(h.valid_from, 'HH24:MI:SS') as from, to_char(h.valid_to, 'HH24:MI:SS') as until, h.position,
  to_char(h.call_start_date, 'HH24:MI:SS') as dialled, h.outcome
from reporting_pii.numbers n
join reporting.number_history h using (entry_id)
where n.number_to = '${followed}'
order by h.valid_from;`,
    },
    {
      title: 'What did the reset throw away?',
      sql: `
select outcome_before as outcome, count(*)::int as numbers,
  min(position_before) as first_position, max(position_before) as last_position
from reporting.number_changes
where change_type = 'removed' and removal_reason = 'queue_replaced'
group by outcome
order by numbers desc;`,
    },
  ]
}

/** Runs the query and returns the result as an aligned table. */
export async function answer(pool: Pool, { title, sql }: Question): Promise<string[]> {
  const result = await withDatabaseErrors(title, () => pool.query<Record<string, Cell>>(sql))
  const columns = result.fields.map((field) => field.name)
  return tableLines(
    columns.map((name) => name.replaceAll('_', ' ')),
    result.rows.map((row) => columns.map((name) => row[name] ?? null)),
  )
}
