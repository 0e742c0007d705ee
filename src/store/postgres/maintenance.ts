/**
 * Chores that some worker of a team does once in a while. Of all who ask in the same moment one statement succeeds;
 * when the last run began is counted on the database's clock.
 *
 * A run that failed, or whose worker died with it, is made up for within the hour. One that takes longer than that may
 * find a second one beside it: a chore must be safe to do twice at once.
 */
import { and, eq, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { maintenance } from '../schema.ts'
import { type Pool, withDatabaseErrors } from './database.ts'
import { excluded, insertion, maybeOne, name, orm } from './query.ts'

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
  const m = alias(maintenance, 'm')
  const now = sql`clock_timestamp()`
  const unfinishedSeconds = Math.min(everySeconds, UNFINISHED_AGAIN_AFTER_SECONDS)
  const pauseSeconds = sql`case when ${m.finishedAt} is null then ${unfinishedSeconds}::float8 else ${everySeconds}::float8 end`
  const begun = await withDatabaseErrors(`looking whether to ${task}`, () =>
    maybeOne<{ startedAt: string }>(
      pool,
      sql`insert into ${maintenance} as ${m} ${insertion(maintenance, { teamId, task, startedAt: now })}
          on conflict (${name(maintenance.teamId)}, ${name(maintenance.task)}) do update
          set ${name(maintenance.startedAt)} = ${excluded(maintenance.startedAt)}, ${name(maintenance.finishedAt)} = null
          where ${m.startedAt} <= ${now} - make_interval(secs => ${pauseSeconds})
          returning ${m.startedAt} as "startedAt"`,
    ),
  )
  return begun === null ? null : { teamId, task, startedAt: begun.startedAt }
}

/** What came of it, in words that hold no number of a person. A claim that somebody else was given since says nothing. */
export async function finishTask(
  pool: Pool,
  { teamId, task, startedAt }: Claim,
  outcome: { readonly summary: string } | { readonly error: string },
): Promise<void> {
  const isDone = 'summary' in outcome
  await withDatabaseErrors(`recording what came of ${task}`, () =>
    orm(pool)
      .update(maintenance)
      .set(
        isDone
          ? { finishedAt: sql`clock_timestamp()`, summary: outcome.summary, errorMessage: null }
          : { finishedAt: null, errorMessage: outcome.error },
      )
      .where(
        and(eq(maintenance.teamId, teamId), eq(maintenance.task, task), eq(maintenance.startedAt, startedAt)),
      ),
  )
}
