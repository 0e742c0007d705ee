/**
 * Brings schema `allo` to this version of the code, or says why it can't. The ledger of applied migrations lives in
 * our own schema. One process migrates at a time, in one transaction; the others wait and find nothing left to do. Tables
 * are migrated step by step; views, functions and comments are made again when they differ (repeatables.ts).
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import {
  ask,
  type Client,
  DatabaseError,
  inTransaction,
  openPool,
  type Pool,
  withDatabaseErrors,
} from '../postgres/database.ts'
import { assertNoForeignOwner, OUR_SCHEMAS } from '../postgres/foreign-owners.ts'
import { inYieldingTransaction, limitLockWait } from '../postgres/yielding-transaction.ts'
import {
  applyRepeatables,
  inspectRepeatables,
  type RepeatablesState,
  readRepeatables,
} from './repeatables.ts'
import { SchemaVersionError } from './schema-version-error.ts'

export { SchemaVersionError }

const migrationsFolder = fileURLToPath(new URL('../../../migrations', import.meta.url))
const ledger = { migrationsFolder }

export interface SchemaState {
  readonly applied: number
  readonly known: number
  readonly state: 'absent' | 'behind' | 'current' | 'ahead'
  /** What the database has of what this version needs, in words. */
  readonly says: string
}

export async function inspectSchema(pool: Pool | Client): Promise<SchemaState> {
  return withDatabaseErrors('reading the schema version', async () => {
    const known = readMigrationFiles(ledger).map((migration) => migration.folderMillis)
    // Only a table: reading a view runs the functions in it, with our rights.
    const { rows: tables } = await pool.query(
      `select exists (select from pg_class where oid = to_regclass('allo.migrations') and relkind = 'r') as is_there`,
    )
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
 * Atomic. Throws SchemaVersionError when the database is newer than the code or others own our schemas, and LockedError
 * when another session keeps a table or view. `afterwards` is called in any other case, by one process at a time.
 */
export async function migrateDatabase(
  databaseUrl: string,
  afterwards: (pool: Pool) => Promise<void> = async () => undefined,
): Promise<Migrated> {
  if (!existsSync(migrationsFolder))
    throw new Error(`the package is incomplete: ${migrationsFolder} is missing`)
  const pool = openPool(databaseUrl, { max: 2, name: 'migrate' })
  try {
    await assertNoForeignOwner(pool, OUR_SCHEMAS)
    const migrated = await bringUpToDate(pool)
    await inYieldingTransaction(pool, 'waiting for other migrations', async (lock) => {
      await lockMigration(lock)
      await afterwards(pool)
    })
    return migrated
  } finally {
    await pool.end()
  }
}

async function bringUpToDate(pool: Pool): Promise<Migrated> {
  const none = { migrations: 0, hasNewViews: false }
  if (await isUpToDate(pool)) return none
  await assertSchemasAreFree(pool)
  await ensureLedger(pool)
  return inYieldingTransaction(pool, 'migrating', async (client) => {
    await lockMigration(client)
    // Somebody may have made one of them just before us.
    await assertNoForeignOwner(client, OUR_SCHEMAS)
    // Another process may have migrated in the meantime.
    if (await isUpToDate(client)) return none
    const migrations = await applyMigrations(client)
    await applyRepeatables(client, readRepeatables())
    return { migrations, hasNewViews: true }
  })
}

async function isUpToDate(db: Pool | Client): Promise<boolean> {
  const schema = await inspectSchema(db)
  if (schema.state === 'ahead') throw newerDatabase(schema)
  return schema.state === 'current'
}

/** As drizzle's own migrator makes it. */
const createLedger = `create schema if not exists allo; create table if not exists allo.migrations (
  id serial primary key, hash text not null, created_at bigint)`

/** unique_violation, duplicate_schema, duplicate_table. */
const MADE_BY_ANOTHER = ['23505', '42P06', '42P07']

/** By itself, since it is what one process locks against the others. */
async function ensureLedger(pool: Pool): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const { rows } = await ask<{ isThere: boolean }>(
        pool,
        'looking for allo.migrations',
        `select to_regclass('allo.migrations') is not null as "isThere"`,
        [],
      )
      if (rows[0]?.isThere === true) return
      await inTransaction(pool, 'making allo.migrations', (client) => client.query(createLedger))
      return
    } catch (error) {
      const isMade = error instanceof DatabaseError && MADE_BY_ANOTHER.includes(error.sqlState ?? '')
      if (!isMade || attempt === 5) throw error
    }
  }
}

const OTHER_MIGRATION_MS = 60_000

/**
 * One process at a time. A lock on the ledger, which no reader may take: every login could take an advisory lock, and
 * keep all workers from starting. Nothing but another migration waits for it, so the wait may be long.
 */
async function lockMigration(client: Client): Promise<void> {
  await limitLockWait(client, OTHER_MIGRATION_MS)
  await client.query('lock table allo.migrations in share update exclusive mode')
  await limitLockWait(client)
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

/** Returns how many. Those of a version apply after all before it, so the last one applied tells which are left. */
async function applyMigrations(client: Client): Promise<number> {
  const { rows } = await client.query<{ last: string | null }>(
    'select max(created_at) as last from allo.migrations',
  )
  const last = Number(rows[0]?.last ?? 0)
  const left = readMigrationFiles(ledger).filter(({ folderMillis }) => folderMillis > last)
  for (const { sql, hash, folderMillis } of left) {
    for (const statement of sql) await client.query(statement)
    await client.query('insert into allo.migrations (hash, created_at) values ($1, $2)', [hash, folderMillis])
  }
  return left.length
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
