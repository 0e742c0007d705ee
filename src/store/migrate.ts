/**
 * Brings schema `allo` to this version of the code, or says why it can't. The ledger of applied migrations lives in
 * our own schema. One process migrates at a time; the others wait and find nothing left to do. Tables are migrated step
 * by step; views, functions and comments are made again when they differ (repeatables.ts).
 */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { type Client, inTransaction, openPool, type Pool, withDatabaseErrors } from './database.ts'
import {
  applyRepeatables,
  inspectRepeatables,
  type RepeatablesState,
  readRepeatables,
} from './repeatables.ts'
import { SchemaVersionError } from './schema-version-error.ts'

export { SchemaVersionError }

const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url))
const ledger = { migrationsFolder, migrationsSchema: 'allo', migrationsTable: 'migrations' }

/** Another session holds the lock of migrations. */
export class MigrationLockedError extends Error {
  override readonly name = 'MigrationLockedError'
  readonly retryable = true
}

export interface SchemaState {
  readonly applied: number
  readonly known: number
  readonly state: 'absent' | 'behind' | 'current' | 'ahead'
  /** What the database has of what this version needs, in words. */
  readonly says: string
}

export async function inspectSchema(pool: Pool): Promise<SchemaState> {
  return withDatabaseErrors('reading the schema version', async () => {
    const known = readMigrationFiles(ledger).map((migration) => migration.folderMillis)
    const { rows: tables } = await pool.query(`select to_regclass('allo.migrations') is not null as is_there`)
    const { rows } =
      tables[0]?.is_there === true
        ? await pool.query<{ created_at: string }>('select created_at from allo.migrations')
        : { rows: [] }
    const applied = rows.map((row) => Number(row.created_at))
    const counts = { applied: applied.length, known: known.length }
    const says = `${counts.applied} of the ${counts.known} migrations this version needs`
    if (applied.length === 0) return { ...counts, state: 'absent', says }
    if (Math.max(...applied) > Math.max(...known))
      return {
        ...counts,
        state: 'ahead',
        says: `${counts.applied} migrations, this version knows ${counts.known}`,
      }
    const repeatables = await inspectRepeatables(pool, readRepeatables())
    if (repeatables.state !== 'ahead' && Math.max(...applied) < Math.max(...known))
      return { ...counts, state: 'behind', says }
    return { ...counts, state: repeatables.state, says: sayRepeatables(repeatables) }
  })
}

function sayRepeatables({ state, applied, known }: RepeatablesState): string {
  if (state === 'ahead') return `views and functions number ${applied}, this version knows ${known}`
  if (applied === known) return `views and functions that are not those of this version`
  return `views and functions number ${applied ?? 0} of the ${known} this version needs`
}

export interface Migrated {
  /** How many migrations were applied. */
  readonly migrations: number
  /** Whether views, functions and comments were made again. */
  readonly hasNewViews: boolean
}

/**
 * Throws SchemaVersionError when the database is newer than the code. `afterwards` is called in any other case, before
 * the next process may migrate.
 */
export async function migrateDatabase(
  databaseUrl: string,
  afterwards: (pool: Pool) => Promise<void> = async () => undefined,
): Promise<Migrated> {
  if (!existsSync(migrationsFolder))
    throw new Error(`the package is incomplete: ${migrationsFolder} is missing`)
  // The lock is held by one connection while another migrates: a transaction's lock also holds behind a pooler.
  const pool = openPool(databaseUrl, { max: 2, name: 'migrate' })
  try {
    return await inTransaction(pool, 'migrating', async (lock) => {
      await lockMigration(lock)
      const before = await inspectSchema(pool)
      if (before.state === 'ahead') throw newerDatabase(before)
      const hasNewViews = before.state !== 'current'
      if (hasNewViews) {
        await assertSchemasAreFree(pool)
        await applyMigrations(pool)
        await inTransaction(pool, 'making views and functions', (client) =>
          applyRepeatables(client, readRepeatables()),
        )
      }
      await afterwards(pool)
      return { migrations: before.known - before.applied, hasNewViews }
    })
  } finally {
    await pool.end()
  }
}

const MIGRATION_LOCK_SECONDS = 30

/**
 * An advisory lock, since schema allo may not exist yet. Every login of the database can take it, so the wait ends and
 * names the session that holds it.
 */
async function lockMigration(client: Client): Promise<void> {
  const key = `hashtextextended('allo migrate', 0)`
  for (let waited = 0; waited < MIGRATION_LOCK_SECONDS * 4; waited++) {
    const { rows } = await client.query<{ taken: boolean }>(
      `select pg_try_advisory_xact_lock(${key}) as taken`,
    )
    if (rows[0]?.taken === true) return
    await sleep(250)
  }
  const { rows } = await client.query<{ holder: string }>(
    `select format('process %s of login %s', a.pid, a.usename) as holder
     from pg_locks l join pg_stat_activity a using (pid)
     where l.locktype = 'advisory' and l.granted and l.objsubid = 1
       and l.database = (select oid from pg_database where datname = current_database())
       and (l.classid::bigint << 32 | l.objid::bigint) = ${key}`,
  )
  throw new MigrationLockedError(
    `another session holds the migration lock (${rows[0]?.holder ?? 'it ended just now'}): wait until it has migrated, or end it with select pg_terminate_backend(…)`,
  )
}

/** Views of a fixed name go into `reporting`: whatever somebody else keeps under that name must not be mixed up with it. */
async function assertSchemasAreFree(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ schema: string }>(
    `select nspname as schema from pg_namespace n
     where nspname in ('reporting', 'reporting_pii') and to_regclass('allo.settings') is null
       and (exists (select from pg_class where relnamespace = n.oid)
            or exists (select from pg_proc where pronamespace = n.oid))
     order by 1 limit 1`,
  )
  const [taken] = rows
  if (taken === undefined) return
  throw new SchemaVersionError(
    `the database has a schema ${taken.schema} of somebody else's, where the reports would go: rename it (alter schema ${taken.schema} rename to …) or give allo-queue-mirror a database of its own; nothing was changed`,
  )
}

/** Loaded only when there is something to do: drizzle is 80 MB that no other part of a pass needs. */
async function applyMigrations(pool: Pool): Promise<void> {
  const [{ drizzle }, { migrate }] = await Promise.all([
    import('drizzle-orm/node-postgres'),
    import('drizzle-orm/node-postgres/migrator'),
  ])
  await migrate(drizzle(pool), ledger)
}

/** For AUTO_MIGRATE=false and commands that must not write. */
export async function assertSchemaIsCurrent(pool: Pool): Promise<void> {
  const schema = await inspectSchema(pool)
  if (schema.state === 'current') return
  if (schema.state === 'ahead') throw newerDatabase(schema)
  throw new SchemaVersionError(`the database has ${schema.says}: run \`allo-queue-mirror migrate\` first`)
}

function newerDatabase(schema: SchemaState): SchemaVersionError {
  return new SchemaVersionError(
    `the database was migrated by a newer version (${schema.says}): upgrade allo-queue-mirror; nothing was changed`,
  )
}
