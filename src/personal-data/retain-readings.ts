import { ask } from '../store/postgres/database.ts'
import type { RetentionRun } from './retention-run.ts'

const BATCH = 5000

/**
 * Deletes audit rows of readings and passes before `before`. Keeps, for every teammate, the last reading and the last
 * that found them. Keeps the newest pass, and passes that remaining readings, counts of queues or missing teammates
 * refer to. `reading_gaps` keeps the gaps.
 */
export async function retainReadings(
  run: RetentionRun,
  before: string,
): Promise<{ readings: number; passes: number }> {
  const { pool, teamId } = run
  const { rows: teammates } = await ask<{ user_id: string }>(
    pool,
    'deleting old readings',
    'select user_id from allo.teammates where team_id = $1 order by user_id',
    [teamId],
  )
  let readings = 0
  for (const { user_id } of teammates) {
    readings += await inBatches(
      run,
      `delete from allo.sync_reads where ctid = any (array(
         select ctid from allo.sync_reads
         where user_id = $1 and observed_at < $2
           and observed_at < (select max(observed_at) from allo.sync_reads where user_id = $1)
           and observed_at is distinct from (select observed_at from allo.sync_reads
             where user_id = $1 and status in ('ok', 'no_queue') order by observed_at desc limit 1)
         limit ${BATCH}))`,
      [user_id, before],
    )
  }
  const passes = await inBatches(
    run,
    `delete from allo.sync_passes where pass_id = any (array(
       select pass_id from allo.sync_passes p
       where p.team_id = $1 and p.finished_at < $2
         and exists (select from allo.sync_passes later where later.team_id = $1 and later.started_at > p.started_at)
         and not exists (select from allo.sync_reads r where r.pass_id = p.pass_id)
         and not exists (select from allo.queue_snapshots s where s.pass_id = p.pass_id)
         and not exists (select from allo.teammates t where t.missing_pass_id = p.pass_id)
       limit ${BATCH}))`,
    [teamId, before],
  )
  return { readings, passes }
}

async function inBatches({ pool, signal }: RetentionRun, sql: string, values: unknown[]): Promise<number> {
  let deleted = 0
  for (let last = BATCH; last === BATCH && !signal?.aborted; deleted += last) {
    last = (await ask(pool, 'deleting old readings', sql, values)).rowCount ?? 0
  }
  return deleted
}
