/** Whether a database can take an import. */
import { getTableName, sql } from 'drizzle-orm'
import { exitCodes, MirrorError } from '../errors.ts'
import { type AppliedMigration, compareLedger, readMigrations } from '../store/migrate/ledger.ts'
import type { Client, Pool } from '../store/postgres/database.ts'
import { anyOf, list, maybeOne, one, run } from '../store/postgres/query.ts'
import { iso } from '../store/queries/iso.ts'
import { maintenance, teams } from '../store/schema.ts'
import { printable } from '../text/printable.ts'
import { type Header, ImportRefusedError } from './format.ts'
import { exportedTables, tablesOfAnEmptyMirror } from './tables.ts'

/** Another process works on the database. */
export class DatabaseInUseError extends MirrorError {
  readonly code = 'temporary'
  readonly exitCode = exitCodes.tryAgain
  override readonly retryable = true
}

/** An export of an older schema can be imported (older-tables.ts). Throws ImportRefusedError. */
export function assertSchemaIsKnown({ migrations, program }: Pick<Header, 'migrations' | 'program'>): void {
  const { state, says } = compareLedger(migrations as readonly AppliedMigration[], readMigrations())
  if (state === 'current' || state === 'behind') return
  throw new ImportRefusedError(
    `the export is of a database that this version does not know (${says})`,
    state === 'ahead'
      ? `A newer version wrote it (${program}): upgrade this allo-queue-mirror, and import again`
      : `Import it with the version that wrote it (${program})`,
  )
}

/** When this export was imported here; null: it was not. */
export async function whenImported(db: Pool | Client, { id }: Header): Promise<string | null> {
  const found = await maybeOne<{ at: string }>(
    db,
    sql`select ${iso(maintenance.finishedAt)} as at from ${maintenance}
        where ${maintenance.task} = 'import' and starts_with(${maintenance.summary}, ${importOf(id)}) limit 1`,
  )
  return found?.at ?? null
}

/** How the summary in `allo.maintenance` begins. */
export function importOf(exportId: string): string {
  return `export ${exportId}`
}

/** Throws ImportRefusedError if the database holds a mirror, or a choice of a person. */
export async function assertIsEmpty(db: Pool | Client, header: Header): Promise<void> {
  const tables = exportedTables.filter((table) => !tablesOfAnEmptyMirror.includes(table))
  const first = await maybeOne<{ table: string }>(
    db,
    sql`${sql.join(
      tables.map((table) => sql`(select ${getTableName(table)} as "table" from ${table} limit 1)`),
      sql` union all `,
    )} limit 1`,
  )
  if (first === null) return
  const mirror = await mirrorInWords(db, header)
  throw new ImportRefusedError(
    mirror === null
      ? `the database is not empty: rows in ${first.table}`
      : `the database has a mirror already, ${mirror}, and two can't be merged`,
    'DATABASE_URL must name an empty database: see "Leave the embedded database" in docs/operating.md',
  )
}

/** Null: the database has no team. */
async function mirrorInWords(db: Pool | Client, header: Header): Promise<string | null> {
  const found = await run<{ teamId: string; name: string | null }>(
    db,
    sql`select ${teams.teamId} as "teamId", ${teams.name} as name from ${teams} order by 1 limit 3`,
  )
  if (found.length === 0) return null
  const named = found.map(({ teamId, name }) => printable(name === null ? teamId : `${name}, ${teamId}`))
  return `${await likeness(db, header)} (${named.join('; ')})`
}

async function likeness(db: Pool | Client, { teams: exported }: Header): Promise<string> {
  const ids = exported.map(({ teamId }) => sql`${teamId}`)
  const { same } = await one<{ same: number }>(
    db,
    sql`select count(*)::int as same from ${teams} where ${teams.teamId} in (${ids.length > 0 ? list(ids) : sql`null`})`,
  )
  return same > 0 ? 'of the same team, perhaps the one that was exported' : 'of another team'
}

/** What pools of processes that write are called. */
const writers = ['worker', 'jobs', 'probe', 'read budget', 'sync', 'retain', 'forget']

/**
 * Throws DatabaseInUseError if a process that writes is connected. One that connects later waits for the import and
 * goes on with what it imported.
 */
export async function assertIsUnused(db: Pool | Client): Promise<void> {
  const names = writers.map((name) => `allo-queue-mirror ${name}`)
  const other = await maybeOne<{ pid: number; name: string }>(
    db,
    sql`select pid, application_name as name from pg_stat_activity
        where datname = current_database() and application_name ${anyOf(names)} limit 1`,
  )
  if (other === null) return
  throw new DatabaseInUseError(
    `another process uses the database (${other.name}, process ${other.pid} of Postgres): stop the worker or wait for the command, and import again; nothing was imported`,
  )
}
