/**
 * Periodic tasks that one worker of a team does. A worker claims a task; of concurrent claims one succeeds. Times are
 * on the database's clock.
 *
 * A run that failed, or whose worker died, can be claimed again after an hour. So a run that takes longer than an hour
 * may overlap with a second one, and a task must be safe to run twice at once.
 */
import { and, eq, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { messageOf } from '../../errors.ts'
import { maintenance } from '../schema.ts'
import { type Pool, withDatabaseErrors } from './database.ts'
import { excluded, insertion, maybeOne, name, orm } from './query.ts'

export type Task = 'check' | 'retain' | 'call_details'

/** The right to run a task now, until another worker claims it. */
export interface Claim {
  readonly teamId: string
  readonly task: Task
  readonly startedAt: string
}

const UNFINISHED_AGAIN_AFTER_SECONDS = 3600

/**
 * Runs the task if it is due, records its result, and resolves to it; null: not due, or `work` stopped early. `work`
 * returns a summary without phone numbers; null, or an error after an abort, leaves the task to another worker. Any
 * other error is recorded and thrown.
 */
export async function runTask<Result extends { readonly summary: string }>(
  pool: Pool,
  { teamId, task, everySeconds, signal }: TaskToRun,
  work: () => Promise<Result | null>,
): Promise<Result | null> {
  const claim = await claimTask(pool, teamId, task, everySeconds)
  if (claim === null) return null
  try {
    const result = await work()
    if (result !== null) await finishTask(pool, claim, { summary: result.summary })
    return result
  } catch (error) {
    signal.throwIfAborted()
    await finishTask(pool, claim, { error: messageOf(error) })
    throw error
  }
}

interface TaskToRun {
  readonly teamId: string
  readonly task: Task
  readonly everySeconds: number
  readonly signal: AbortSignal
}

/** Null: the task began less than `everySeconds` ago, or another worker is running it. */
export async function claimTask(
  pool: Pool,
  teamId: string,
  task: Task,
  everySeconds: number,
): Promise<Claim | null> {
  const m = alias(maintenance, 'm')
  const before = alias(maintenance, 'b')
  const now = sql`clock_timestamp()`
  const unfinishedSeconds = Math.min(everySeconds, UNFINISHED_AGAIN_AFTER_SECONDS)
  const isDue = ({ startedAt, finishedAt }: typeof m | typeof before) =>
    sql`${startedAt} <= ${now} - make_interval(secs =>
      case when ${finishedAt} is null then ${unfinishedSeconds}::float8 else ${everySeconds}::float8 end)`
  const row = { teamId: sql`${teamId}::text`, task: sql`${task}::text`, startedAt: now }
  // Without the first condition, a task that is not due would write a lock of its row to the WAL.
  const begun = await withDatabaseErrors(`looking whether to ${task}`, () =>
    maybeOne<{ startedAt: string }>(
      pool,
      sql`insert into ${maintenance} as ${m} ${insertion(maintenance, row)}
          where not exists (select from ${maintenance} ${before}
            where ${before.teamId} = ${teamId} and ${before.task} = ${task} and not ${isDue(before)})
          on conflict (${name(maintenance.teamId)}, ${name(maintenance.task)}) do update
          set ${name(maintenance.startedAt)} = ${excluded(maintenance.startedAt)}, ${name(maintenance.finishedAt)} = null
          where ${isDue(m)}
          returning ${m.startedAt} as "startedAt"`,
    ),
  )
  return begun === null ? null : { teamId, task, startedAt: begun.startedAt }
}

/** Records the result, in words without phone numbers. A no-op if another worker has claimed the task since. */
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
