/** Deep checks that the views of schema reporting have the rows of their tables, and that their sums agree. */
import { type SQL, sql } from 'drizzle-orm'
import { list } from '../../store/postgres/query.ts'
import { outcomes } from '../../store/reading/outcome-counts.ts'
import { type Batch, type DeepCheck, teammatesOf } from './deep-check.ts'

const advice =
  'If no check of history failed, a view of schema reporting was replaced, or it is a bug: report it with this sentence.'

/** Each view and what it has a row for. A version that ended for a reason is two changes. One that follows none is no change. */
const rowsOfViews: readonly { readonly view: SQL; readonly table: SQL }[] = [
  { view: sql`number_entries`, table: sql`allo.queue_entries` },
  { view: sql`number_history`, table: sql`allo.queue_number_versions` },
  {
    view: sql`number_changes`,
    table: sql`(select v.queue_id from allo.queue_number_versions v join allo.queue_entries e using (entry_id)
      where v.valid_from <= e.first_seen_at or exists (
        select from allo.queue_number_versions p where p.entry_id = v.entry_id and p.valid_from < v.valid_from)
      union all select queue_id from allo.queue_number_versions where end_reason is not null)`,
  },
  { view: sql`dials`, table: sql`allo.dials` },
  { view: sql`queue_history`, table: sql`allo.queue_versions` },
  { view: sql`queue_burndown`, table: sql`allo.queue_snapshots` },
  {
    view: sql`current_numbers`,
    table: sql`(select n.* from allo.queue_numbers n join allo.queues using (queue_id) where is_current)`,
  },
]

/** No join of a view repeats or loses a row. */
export const viewsRepeatTables: DeepCheck = {
  name: 'views_repeat_tables',
  severity: 'error',
  by: 'queue',
  rows: ({ teamId, ids }) =>
    sql.join(
      rowsOfViews.map(
        ({ view, table }) => sql`
        select format('%s in ${view}', coalesce(shown.queue_id, kept.queue_id)) as id, shown.rows is distinct from kept.rows as is_wrong
        from (
          select queue_id, count(*) as rows from reporting.${view}
          where team_id = ${teamId} and queue_id = any (${ids}) group by queue_id
        ) shown full join (
          select queue_id, count(*) as rows from ${table} kept where queue_id = any (${ids}) group by queue_id
        ) kept on kept.queue_id = shown.queue_id`,
      ),
      sql` union all `,
    ),
  items: ['queue in a view', 'queues in views'],
  right: ['has as many rows as in its table', 'have as many rows as in their tables'],
  wrong: ['does not have as many rows as in its table', 'do not have as many rows as in their tables'],
  advice,
}

const counts = ['numbers', ...outcomes]
const ofDials = ['dials', 'resolved_dials', 'connected_dials', 'picked_up_dials']
const of = (table: SQL, names: readonly string[]) =>
  list(names.map((name) => sql`${table}.${sql.identifier(name)}`))

/** A row of `queues` has the last counts of its burn-down, and the sums of its entries and dials. */
export const queuesEqualSums: DeepCheck = {
  name: 'queues_equal_sums',
  severity: 'error',
  by: 'queue',
  rows: ({ teamId, ids }) => sql`select q.queue_id as id,
      (${of(sql`q`, counts)}) is distinct from (${of(sql`b`, counts)})
      or q.numbers_ever is not null and (
        (q.numbers_ever, q.dialled_ever) <> (e.numbers, e.dialled)
        or (${of(sql`q`, ofDials)}) <> (${of(sql`d`, ofDials)})
        or (q.first_dial_at, q.last_dial_at) is distinct from (d.first_dial_at, d.last_dial_at))
      or q.queue_state = 'current' and (q.numbers, q.remaining) is distinct from (n.numbers, n.remaining) as is_wrong
    from reporting.queues q
    left join (select * from reporting.queue_burndown where is_last and queue_id = any (${ids})) b
      on b.queue_id = q.queue_id
    cross join lateral (
      select count(*) as numbers, count(*) filter (where is_dialled) as dialled
      from reporting.number_entries where queue_id = q.queue_id
    ) e
    cross join lateral (
      select count(*) as dials, count(*) filter (where is_resolved) as resolved_dials,
        count(*) filter (where is_connected) as connected_dials, count(*) filter (where is_picked_up) as picked_up_dials,
        min(counted_at) as first_dial_at, max(counted_at) as last_dial_at
      from reporting.dials where queue_id = q.queue_id
    ) d
    cross join lateral (
      select count(*) as numbers, count(*) filter (where not is_dialled) as remaining
      from reporting.current_numbers where queue_id = q.queue_id
    ) n
    where q.team_id = ${teamId} and q.queue_id = any (${ids})`,
  items: ['queue', 'queues'],
  right: [
    'has the sums of its entries, dials and counts',
    'have the sums of their entries, dials and counts',
  ],
  wrong: [
    'does not have the sums of its entries, dials and counts',
    'do not have the sums of their entries, dials and counts',
  ],
  advice,
}

const sums = sql`count(*) as dials, count(*) filter (where is_resolved) as resolved_dials,
  count(*) filter (where is_connected) as connected, count(*) filter (where is_picked_up) as picked_up,
  count(*) filter (where outcome = 'voicemail') as voicemail, count(*) filter (where outcome = 'not_reached') as not_reached,
  count(*) filter (where outcome = 'failed') as failed, count(*) filter (where outcome = 'other') as other,
  count(*) filter (where outcome = 'in_progress') as in_progress, count(distinct entry_id) as numbers_dialled`
/** The columns about attempts look up the other dials of each number. */
const columnsOfDials = sql`user_id, entry_id, counted_at, dialled_date, dialled_weekday, dialled_hour, outcome, is_resolved,
  is_connected, is_picked_up`
const ofHours = ['dials', 'resolved_dials', 'connected', 'picked_up']
const ofWeek = [...ofHours, 'voicemail', 'not_reached', 'numbers_dialled']
const ofDays = [...ofWeek, 'failed', 'other', 'in_progress']

const differFrom = (table: SQL, names: readonly string[], dials: SQL): SQL =>
  sql`(${of(table, names)}) <> (${list(names.map((name) => sql`coalesce(${dials}.${sql.identifier(name)}, 0)`))})`

/**
 * Days, sessions, hours and the leaderboard have the dials of their periods, and no day or hour is missing. A dial long before
 * the teammate was seen, or later than the last reading, has a wrong time and no day.
 */
export const activityEqualsDials: DeepCheck = {
  name: 'activity_equals_dials',
  severity: 'error',
  by: 'teammate',
  rows: (batch) => sql`with t as (
      select t.*, (t.last_observed_at at time zone team.report_time_zone)::date as last_day
      from (${teammatesOf(batch)}) t join reporting.teams team using (team_id)
    ),
    days as materialized (${ofBatch(sql`daily_activity`, batch)}),
    hours as materialized (${ofBatch(sql`activity_heatmap`, batch)}),
    dials as materialized (${ofBatch(sql`dials`, batch, columnsOfDials)})
    select format('%s on %s', t.user_id, day) as id, case
      when a.dials is null then day <= t.last_day and d.last_at >= t.first_seen_at - allo.calendar_reach()
      else day <> a.expected_day or ${differFrom(sql`a`, ofDays, sql`d`)} end as is_wrong
    from (
      select *, coalesce(lag(day) over (partition by user_id order by day) + 1, day) as expected_day from days
    ) a full join (
      select user_id, dialled_date as day, max(counted_at) as last_at, ${sums} from dials group by user_id, dialled_date
    ) d using (user_id, day)
    join t using (user_id)
    union all
    select format('%s on %s in sessions', user_id, day), (a.sessions, a.dials) is distinct from (s.sessions, s.dials)
      or abs(a.dialling_seconds - s.dialling_seconds) > 0.001
    from (select * from days where dials > 0) a full join (
      select user_id, day, count(*) as sessions, sum(dials) as dials, sum(dialling_seconds) as dialling_seconds
      from (${ofBatch(sql`sessions`, batch)}) s group by user_id, day
    ) s using (user_id, day)
    union all
    select format('%s, weekday %s, hour %s', h.user_id, h.weekday, h.hour),
      h.slots <> 7 * 24 or ${differFrom(sql`h`, ofHours, sql`d`)}
    from (select *, count(*) over (partition by user_id) as slots from hours) h left join (
      select d.user_id, dialled_weekday as weekday, dialled_hour as hour, ${sums}
      from (select distinct user_id, period_from, period_to from hours) period
      join dials d on d.user_id = period.user_id and d.counted_at > period_from and d.counted_at <= period_to
      group by d.user_id, dialled_weekday, dialled_hour
    ) d on d.user_id = h.user_id and d.weekday = h.weekday and d.hour = h.hour
    union all
    select format('%s in leaderboard_7d', t.user_id), coalesce(${differFrom(sql`w`, ofWeek, sql`d`)}, t.is_listed)
    from t left join (${ofBatch(sql`leaderboard_7d`, batch)}) w using (user_id)
    cross join lateral (
      select ${sums} from dials where user_id = w.user_id and counted_at > w.period_from and counted_at <= w.period_to
    ) d`,
  items: ['day, hour or week of a teammate', 'days, hours and weeks of teammates'],
  right: ['has the dials of its time', 'have the dials of their time'],
  wrong: ['does not have the dials of its time', 'do not have the dials of their time'],
  advice,
}

function ofBatch(view: SQL, { teamId, ids }: Batch, columns = sql`*`): SQL {
  return sql`select ${columns} from reporting.${view} where team_id = ${teamId} and user_id = any (${ids})`
}

/**
 * A row of `teammates` has the queue, the counts and the last dial of the other views. At the last reading, so has
 * `queue_as_of`; a look may have changed counts since.
 */
export const teammatesEqualQueues: DeepCheck = {
  name: 'teammates_equal_queues',
  severity: 'error',
  by: 'teammate',
  rows: (batch) => sql`select m.user_id as id,
      m.queue_id is not null and (m.user_id, m.numbers, m.remaining) is distinct from (q.user_id, q.numbers, q.remaining)
      or m.queue_id is not null and t.last_observed_at >= t.history_from
        and (last.numbers, last.remaining) is distinct from (shown.numbers, shown.remaining)
      or m.queue_state = 'queue' and m.queue_id is distinct from a.queue_id
      or m.last_dial_at is distinct from d.last_dial_at
      or m.data_as_of is distinct from t.last_observed_at as is_wrong
    from (${teammatesOf(batch)}) t
    left join reporting.teammates m on m.user_id = t.user_id
    left join reporting.queues q on q.queue_id = m.queue_id
    left join reporting.queue_assignments a on a.user_id = t.user_id and a.is_open
    cross join lateral (select max(counted_at) as last_dial_at from reporting.dials where user_id = t.user_id) d
    left join lateral (
      select numbers, remaining from reporting.queue_burndown
      where queue_id = m.queue_id and observed_at <= t.last_observed_at order by observed_at desc limit 1
    ) last on true
    cross join lateral (
      select count(entry_id) as numbers, count(*) filter (where outcome = 'remaining') as remaining
      from reporting.queue_as_of(t.user_id, t.last_observed_at) where answer = 'queue'
    ) shown`,
  items: ['teammate', 'teammates'],
  right: ['has the queue and the dials of the other views', 'have the queues and dials of the other views'],
  wrong: ['differs from the other views', 'differ from the other views'],
  advice,
}
