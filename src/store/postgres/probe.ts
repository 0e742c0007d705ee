/**
 * Asks Postgres for what the work needs, and not only whether it answers: a new connection, every table and the rights
 * to it, a committed row, room on its disk, and that no session of others holds ours up. A server that only lets us
 * read, has no connection left or a full disk answers `select 1` all the same.
 */
import { sql } from 'drizzle-orm'
import { maintenance } from '../schema.ts'
import { DatabaseError, openPool, type Pool, withDatabaseErrors } from './database.ts'
import { missingRights } from './inspect-database.ts'
import { missingTables } from './inspect-objects.ts'
import { assign, compile, insertion, maybeOne, names } from './query.ts'
import { remember } from './remember.ts'

export interface DatabaseProbe {
  /** Rejects with what Postgres says. However often it is called, it writes once in five seconds. */
  ask(): Promise<void>
}

/** Probes may come every second; each that writes costs some hundred bytes of WAL. */
const KEEP_MS = 5000
const now = sql`clock_timestamp()`
const NO_ROOM_FOR_TEMPORARY_FILES = '53400'

export function createDatabaseProbe(url: string): DatabaseProbe {
  const look = () =>
    withNewConnection(url, async (pool) => {
      await tryToWrite(pool, write)
      const missing = await missingTables(pool)
      if (missing.length > 0) throw new Error(`there is no table ${missing.join(', nor ')}`)
      const rights = await missingRights(pool, { migrates: false })
      if (rights.length > 0) throw new Error(`its login may not ${rights.join(', nor ')}`)
      const holder = await findHolder(pool)
      if (holder !== null) throw new Error(holder)
    })
  return { ask: remember(KEEP_MS, look) }
}

/** Once, for `doctor`, which asks for tables and rights itself: leaves no row. Null, or which session holds ours up. */
export function tryDatabase(url: string): Promise<string | null> {
  return withNewConnection(url, async (pool) => {
    await tryToWrite(pool, `begin; ${write}; rollback`)
    return findHolder(pool)
  })
}

/** One that is there already does not show that no more are to be had. */
async function withNewConnection<T>(url: string, work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = openPool(url, { max: 1, name: 'probe' })
  try {
    return await work(pool)
  } finally {
    await pool.end()
  }
}

async function tryToWrite(pool: Pool, sql: string): Promise<void> {
  await withDatabaseErrors('writing to it', () => pool.query(sql))
  await withDatabaseErrors('writing to its disk', () => pool.query(spill)).catch((error: unknown) => {
    // temp_file_limit is set very low; that says nothing about the disk.
    if (!(error instanceof DatabaseError) || error.sqlState !== NO_ROOM_FOR_TEMPORARY_FILES) throw error
  })
}

async function findHolder(pool: Pool): Promise<string | null> {
  const held = await withDatabaseErrors('looking for who waits', () =>
    maybeOne<{ says: string }>(pool, heldUp),
  )
  return held?.says ?? null
}

/** The one row of all workers, of no team. An update without `on conflict` writes no lock of the row to the WAL. */
const write = compile(sql`with updated as (
    update ${maintenance} set ${assign(maintenance, { startedAt: now, finishedAt: now })}
    where ${maintenance.teamId} = '' and ${maintenance.task} = 'probe' returning 1
  )
  insert into ${maintenance} ${insertion(maintenance, { teamId: sql`''`, task: sql`'probe'`, startedAt: now, finishedAt: now })}
  where not exists (select from updated)
  on conflict (${names(maintenance, 'teamId', 'task')}) do nothing`).text

/** Locks that our own sessions hold are free sooner, but for those of long chores, which our own sessions wait out. */
const HELD_UP_FOR_SECONDS = 5

/**
 * Sessions of ours that wait for a lock of a session that is not. BullMQ's functions take advisory locks (jobs in
 * Postgres), which every login of the database can hold. A name in application_name is no proof: the login counts, too.
 */
const heldUp = sql`with waiting as materialized (
    select pid, usename, query_start from pg_catalog.pg_stat_activity
    where usename = current_user and datname = pg_catalog.current_database() and wait_event_type = 'Lock'
      and application_name like 'allo-queue-mirror%'
      and query_start < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => ${HELD_UP_FOR_SECONDS})
  )
  select pg_catalog.format('process %s of login %s has kept %s of our sessions waiting for a lock for %s s: end it with select pg_terminate_backend(%s)',
    h.pid, coalesce(b.usename, 'unknown'), count(*),
    pg_catalog.round(extract(epoch from max(pg_catalog.clock_timestamp() - w.query_start))), h.pid) as says
  from waiting w cross join lateral pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) as h (pid)
  left join pg_catalog.pg_stat_activity b on b.pid = h.pid
  where b.usename is distinct from w.usename or b.application_name not like 'allo-queue-mirror%'
  group by h.pid, b.usename order by count(*) desc limit 1`

/** An update may find room in a page that is there. A temporary file needs new room, and writes no WAL. */
const spill = `begin; set local work_mem = '64kB';
  select pg_catalog.count(*) from pg_catalog.generate_series(1, 10000); commit`
