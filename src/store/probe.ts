/**
 * Asks Postgres for what the work needs, and not only whether it answers: a new connection, the rights to every table,
 * a committed row, and room on its disk. A server that only lets us read, has no connection left or a full disk
 * answers `select 1` all the same.
 */
import { openPool, withDatabaseErrors } from './database.ts'
import { missingRights } from './inspect-database.ts'
import { remember } from './remember.ts'

export interface DatabaseProbe {
  /** Rejects with what Postgres says. However often it is called, it writes once in five seconds. */
  ask(): Promise<void>
}

/** Probes may come every second; each that writes costs some hundred bytes of WAL. */
const KEEP_MS = 5000
const NO_ROOM_FOR_TEMPORARY_FILES = '53400'

export function createDatabaseProbe(url: string): DatabaseProbe {
  return { ask: remember(KEEP_MS, () => tryDatabase(url)) }
}

/** The same once, and without a trace where `keeps` is false. */
export async function tryDatabase(url: string, { keeps = true }: { keeps?: boolean } = {}): Promise<void> {
  // A new connection each time: one that is there already does not show that no more are to be had.
  const pool = openPool(url, { max: 1, name: 'probe' })
  try {
    await withDatabaseErrors('writing to it', () => pool.query(keeps ? write : `begin; ${write}; rollback`))
    const missing = await missingRights(pool, { migrates: false })
    if (missing.length > 0) throw new Error(`its login may not ${missing.join(', nor ')}`)
    await withDatabaseErrors('writing to its disk', () => pool.query(spill)).catch((error) => {
      // temp_file_limit is set very low; that says nothing about the disk.
      if (error.code !== NO_ROOM_FOR_TEMPORARY_FILES) throw error
    })
  } finally {
    await pool.end()
  }
}

/** The one row of all workers, of no team. */
const write = `insert into allo.maintenance as m (team_id, task, started_at, finished_at)
  values ('', 'probe', clock_timestamp(), clock_timestamp())
  on conflict (team_id, task) do update set started_at = excluded.started_at, finished_at = excluded.finished_at`

/** An update may find room in a page that is there. A temporary file needs new room, and writes no WAL. */
const spill = `begin; set local work_mem = '64kB';
  select pg_catalog.count(*) from pg_catalog.generate_series(1, 10000); commit`
