import { type SQL, sql } from 'drizzle-orm'

/**
 * The queues of a team, for the checks. A queue is closed if it ended or can't be observed any more: all its versions
 * ended at one moment, and nothing in it changes. A queue is whole unless retention deleted its numbers and versions.
 */
export const teamQueues = (teamId: string): SQL => sql`select q.*, v.closed_at, closed.is_closed,
    not closed.is_closed or q.last_observed_at >= coalesce(team.history_from, '-infinity') as is_whole
  from allo.queues q join allo.teams team using (team_id)
  cross join lateral (select q.ended_at is not null or q.unobservable_since is not null as is_closed) closed
  left join (select queue_id, max(valid_to) as closed_at from allo.queue_versions group by queue_id) v using (queue_id)
  where q.team_id = ${teamId}`

export const wholeQueues = (teamId: string): SQL =>
  sql`select * from (${teamQueues(teamId)}) q where is_whole`
