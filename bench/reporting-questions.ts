/** Queries on every view of schema reporting, with each filter it supports: queue, teammate, time. */
import type { Pool } from '../src/store/postgres/database.ts'
import type { Query } from './reporting-scan.ts'

export interface History {
  /** A login made by `grant`, with its limits, as an analyst has it. */
  readonly reader: Pool
  readonly owner: Pool
  readonly subject: Subject
}

/** The subjects of the queries, all from the last weeks, so that the answer does not depend on the length of history. */
export interface Subject {
  readonly userId: string
  /** Ended in the last weeks. */
  readonly queueId: string
  /** The largest current queue, and its holder. */
  readonly currentQueueId: string
  readonly holderId: string
  readonly entryId: string
  /** Times of two consecutive passes. The second saw many changes. */
  readonly passes: readonly [string, string]
  /** When `userId` held `queueId`. */
  readonly asOf: string
  /** The last moment on record, and 30 and 7 days before. */
  readonly now: string
  readonly monthAgo: string
  readonly weekAgo: string
}

export interface Question extends Query {
  readonly name: string
  /** Whether the answer is independent of the length of history. */
  readonly isRecent: boolean
  /**
   * The bound. `rows`: most of the rows that it reads are returned. `growth`: it aggregates or filters the rows it
   * reads, and their number does not grow with the history. Null: it may read all rows of the team in that period.
   */
  readonly bound: 'rows' | 'growth' | null
}

export async function chooseSubject(pool: Pool, endsAt: number): Promise<Subject> {
  const { rows } = await pool.query<Subject>(
    `with now as (select to_timestamp($1::float8 / 1000) as at),
     queue as (
       select q.* from allo.queues q, now
       where q.end_reason = 'queue_replaced' and q.first_seen_at > now.at - interval '30 days'
       order by q.numbers desc, q.queue_id limit 1
     ), busy as (
       select pass_id from allo.sync_reads, now where observed_at > now.at - interval '7 days'
       group by pass_id order by sum(added + changed + moved + removed) desc, pass_id desc limit 1
     ), current as (
       select queue_id, user_id from reporting.teammates order by numbers desc nulls last limit 1
     )
     select queue.user_id as "userId", queue.queue_id as "queueId",
       current.queue_id as "currentQueueId", current.user_id as "holderId",
       (select entry_id from allo.queue_entries e where e.queue_id = queue.queue_id
        order by dial_count desc, first_seen_at, entry_id limit 1) as "entryId",
       (select array_agg(started_at::text order by started_at) from allo.sync_passes
        where pass_id between busy.pass_id - 1 and busy.pass_id) as passes,
       (queue.first_seen_at + (queue.ended_at - queue.first_seen_at) / 2)::text as "asOf", now.at::text as now,
       (now.at - interval '30 days')::text as "monthAgo", (now.at - interval '7 days')::text as "weekAgo"
     from now, queue, busy, current`,
    [endsAt],
  )
  const [subject] = rows
  if (subject === undefined) throw new Error('the history has nothing to ask about')
  return subject
}

/**
 * Asks the body of the function, with the function's arguments as parameters, because a plan of the call shows only that
 * the function was called. For the owner: a reader may not read the tables.
 */
export async function queueAsOf({ owner, subject: { userId, asOf } }: History): Promise<Question> {
  const { rows } = await owner.query<{ body: string }>(
    `select pg_get_function_sqlbody('reporting.queue_as_of'::regproc) as body`,
  )
  const sql = (rows[0]?.body ?? '')
    .replace(/^BEGIN ATOMIC\s/, '')
    .replace(/;\s*END$/, '')
    .replaceAll('queue_as_of.user_id', () => '$1')
    .replaceAll('queue_as_of.at', () => '$2')
  return { name: 'queue_as_of', sql, values: [userId, asOf], isRecent: true, bound: 'rows' }
}

export function questionsAbout(subject: Subject): Question[] {
  const { userId, queueId, currentQueueId, holderId, entryId, monthAgo, weekAgo, now, passes } = subject
  const ask = (view: string, by: string, where: string, values: readonly unknown[]): Question => ({
    name: `${view} by ${by}`,
    sql: `select * from reporting.${view} where ${where}`,
    values,
    isRecent: true,
    bound: 'rows',
  })
  const ofQueue = (view: string, id = queueId) => ask(view, 'queue', 'queue_id = $1', [id])
  const ofNumber = (view: string) => ask(view, 'number', 'entry_id = $1', [entryId])
  const ofTeammate = (view: string, id = userId) => ask(view, 'teammate', 'user_id = $1', [id])
  const ofTeammateEver = (view: string) => ({ ...ofTeammate(view), isRecent: false })
  const since = (view: string, time: string, from = monthAgo) =>
    ask(view, time, `${time} > $1 and ${time} <= $2`, [from, now])
  const ofTeammateSince = (view: string, time: string) =>
    ask(view, `teammate and ${time}`, `user_id = $3 and ${time} > $1 and ${time} <= $2`, [
      monthAgo,
      now,
      userId,
    ])
  const ofTeammateUntil = (view: string, time: string) => ({
    ...ask(view, 'teammate until a month ago', `user_id = $1 and ${time} <= $2`, [userId, monthAgo]),
    isRecent: false,
  })
  const bothWays = (view: string, time: string, from = monthAgo) => [
    ofQueue(view),
    ofTeammateEver(view),
    since(view, time, from),
  ]
  const adding = (question: Question): Question => ({ ...question, bound: 'growth' })
  const unbound = (question: Question): Question => ({ ...question, bound: null })

  return [
    ofTeammate('teammates'),
    ...[...bothWays('queues', 'ended_at'), ofTeammateSince('queues', 'ended_at')].map(adding),
    ofQueue('current_numbers', currentQueueId),
    ofTeammate('current_numbers', holderId),
    ...bothWays('number_entries', 'first_seen_at'),
    since('number_entries', 'removed_at', weekAgo),
    unbound(ofTeammateSince('number_entries', 'first_seen_at')),
    ...bothWays('dials', 'counted_at'),
    ofTeammateSince('dials', 'counted_at'),
    adding({
      ...ask('number_entries', 'queue, with their dials', 'queue_id = $1', [queueId]),
      sql: `select e.entry_id, e.created_at, d.counted_at, d.outcome from reporting.number_entries e
        join reporting.dials d using (entry_id) where e.queue_id = $1`,
    }),
    unbound(ofTeammateSince('dials', 'dialled_date')),
    ...bothWays('queue_burndown', 'observed_at', weekAgo),
    ofTeammateSince('queue_burndown', 'observed_at'),
    ...[ofTeammateEver('daily_activity'), since('daily_activity', 'day')].map(adding),
    adding(ofTeammateSince('daily_activity', 'day')),
    ...[ofTeammate('activity_heatmap'), ask('activity_heatmap', 'nothing', 'true', [])].map(adding),
    ...[ofTeammate('leaderboard_7d'), ask('leaderboard_7d', 'nothing', 'true', [])].map(adding),
    ...bothWays('number_history', 'valid_from', weekAgo),
    unbound(ofTeammateSince('number_history', 'valid_from')),
    ofNumber('number_history'),
    ...bothWays('number_changes', 'changed_at', weekAgo),
    unbound(ofTeammateSince('number_changes', 'changed_at')),
    ask('number_changes', 'two passes', 'changed_at > $1 and changed_at <= $2', passes),
    ofNumber('number_changes'),
    ...bothWays('queue_assignments', 'valid_from'),
    ofQueue('queue_history'),
    since('queue_history', 'valid_from'),
    adding(ofQueue('requeued_numbers')),
    // In the copied weeks alone: in the last ones, more of the teammate's numbers had been queued before.
    adding(ofTeammateUntil('requeued_numbers', 'first_seen_at')),
    adding(since('requeued_numbers', 'first_seen_at')),
    unbound(ofTeammateSince('requeued_numbers', 'first_seen_at')),
    ...bothWays('removed_uncalled', 'removed_at'),
    unbound(ofTeammateSince('removed_uncalled', 'removed_at')),
    ...[...bothWays('removals', 'removed_at'), ofTeammateSince('removals', 'removed_at')].map(unbound),
    ...[ofQueue('queue_daily'), since('queue_daily', 'day', weekAgo)].map(unbound),
    ...[ofQueue('speed_to_lead'), ofTeammateSince('speed_to_lead', 'first_seen_at')].map(unbound),
    ...[ofQueue('list_health'), ofTeammateSince('list_health', 'data_as_of')].map(unbound),
    ...[ofQueue('queue_forecast', currentQueueId), ofTeammate('queue_forecast', holderId)].map(adding),
    // Each dial looks up the other entries of its number, most of which are not wasted or not open.
    ...[
      ofQueue('wasted_dials'),
      since('wasted_dials', 'counted_at'),
      ofTeammateSince('wasted_dials', 'counted_at'),
    ].map(unbound),
    ...[ofQueue('cadence', currentQueueId), ofTeammate('cadence', holderId)].map(adding),
    ...[...bothWays('calls', 'counted_at'), ofTeammateSince('calls', 'counted_at')].map(adding),
    ...[ofTeammateEver('funnel'), since('funnel', 'day'), ofTeammateSince('funnel', 'day')].map(adding),
    ...[ofTeammateEver('sessions'), since('sessions', 'day'), ofTeammateSince('sessions', 'day')].map(adding),
    adding(since('attempts', 'week')),
    ...[ofQueue('stale_numbers', currentQueueId), ofTeammate('stale_numbers', holderId)].map(adding),
    ofTeammate('data_freshness'),
    ofTeammateEver('coverage_gaps'),
    since('coverage_gaps', 'gap_to'),
    adding(since('sync_passes', 'started_at', weekAgo)),
  ]
}
