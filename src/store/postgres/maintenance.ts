/**
 * Chores that some worker of a team does once in a while. Of all who ask in the same moment one statement succeeds;
 * when the last run began is counted on the database's clock.
 *
 * A run that failed, or whose worker died with it, is made up for within the hour. One that takes longer than that may
 * find a second one beside it: a chore must be safe to do twice at once.
 */
import { ask, type Pool } from './database.ts'

export type Task = 'check' | 'retain'

/** The right to do a task now, until somebody else is given it. */
export interface Claim {
  readonly teamId: string
  readonly task: Task
  readonly startedAt: string
}

const UNFINISHED_AGAIN_AFTER_SECONDS = 3600

/** Null: it was begun less than `everySeconds` ago, or somebody is at it. */
export async function claimTask(
  pool: Pool,
  teamId: string,
  task: Task,
  everySeconds: number,
): Promise<Claim | null> {
  const { rows } = await ask<{ started_at: string }>(
    pool,
    `looking whether to ${task}`,
    `insert into allo.maintenance as m (team_id, task, started_at) values ($1, $2, clock_timestamp())
     on conflict (team_id, task) do update set started_at = excluded.started_at, finished_at = null
     where m.started_at <= clock_timestamp() - make_interval(secs =>
       case when m.finished_at is null then least($3, ${UNFINISHED_AGAIN_AFTER_SECONDS}) else $3::float8 end)
     returning started_at::text`,
    [teamId, task, everySeconds],
  )
  return rows[0] === undefined ? null : { teamId, task, startedAt: rows[0].started_at }
}

/** What came of it, in words that hold no number of a person. A claim that somebody else was given since says nothing. */
export async function finishTask(
  pool: Pool,
  { teamId, task, startedAt }: Claim,
  outcome: { readonly summary: string } | { readonly error: string },
): Promise<void> {
  const [summary, error] = 'summary' in outcome ? [outcome.summary, null] : [null, outcome.error]
  await ask(
    pool,
    `recording what came of ${task}`,
    `update allo.maintenance set finished_at = case when $5::text is null then clock_timestamp() end,
       summary = coalesce($4, summary), error_message = $5
     where team_id = $1 and task = $2 and started_at = $3`,
    [teamId, task, startedAt, summary, error],
  )
}
