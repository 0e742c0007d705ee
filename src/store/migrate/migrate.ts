/**
 * Brings the database to this version of the code, or says why it can't. Tables change by numbered migrations
 * (ledger.ts). Functions, views and comments are applied again when they differ (repeatables.ts).
 */
import { existsSync } from 'node:fs'
import { type Client, openPool, type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { assertNoForeignOwner, OUR_SCHEMAS } from '../postgres/foreign-owners.ts'
import { schemasInTheWay } from '../postgres/inspect-objects.ts'
import { inYieldingTransaction } from '../postgres/yielding-transaction.ts'
import {
  applyMigrations,
  compareLedger,
  ensureLedger,
  type LedgerState,
  lockLedger,
  migrationsFolder,
  readLedger,
  readMigrations,
} from './ledger.ts'
import {
  applyRepeatables,
  inspectRepeatables,
  type RepeatablesState,
  readRepeatables,
} from './repeatables.ts'
import { SchemaVersionError } from './schema-version-error.ts'

export { SchemaVersionError }

export interface Migrated {
  /** How many migrations were applied. */
  readonly migrations: number
  /** Whether functions, views and comments were applied again. */
  readonly hasNewViews: boolean
}

/**
 * Atomic and idempotent. One process migrates at a time; others wait and find nothing left to do. Then `afterwards`
 * runs, also by one process at a time. Throws SchemaVersionError when the database is newer or not one this version can
 * upgrade, or when objects of others stand where ours go; LockedError when another session locks a table or view.
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
    await inYieldingTransaction(pool, 'waiting for other migrations', async (client) => {
      await lockLedger(client)
      await afterwards(pool)
    })
    return migrated
  } finally {
    await pool.end()
  }
}

const nothing: Migrated = { migrations: 0, hasNewViews: false }

async function bringUpToDate(pool: Pool): Promise<Migrated> {
  if (await isUpToDate(pool)) return nothing
  await assertSchemasAreFree(pool)
  await ensureLedger(pool)
  return inYieldingTransaction(pool, 'migrating', async (client) => {
    await lockLedger(client)
    // Between the first look and the lock, another role may have made an object, or another process may have migrated.
    await assertNoForeignOwner(client, OUR_SCHEMAS)
    if (await isUpToDate(client)) return nothing
    const migrations = await applyMigrations(client)
    await applyRepeatables(client, readRepeatables())
    return { migrations, hasNewViews: true }
  })
}

/** Throws SchemaVersionError when this version can't migrate the database. */
async function isUpToDate(db: Pool | Client): Promise<boolean> {
  const schema = await inspectSchema(db)
  if (schema.state === 'ahead' || schema.state === 'incompatible') throw refusal(schema)
  return schema.state === 'current'
}

async function assertSchemasAreFree(pool: Pool): Promise<void> {
  const [taken] = await schemasInTheWay(pool)
  if (taken === undefined) return
  throw new SchemaVersionError(
    `the database has a schema ${taken} of another program, and the reports need that name: rename it (alter schema ${taken} rename to …) or give allo-queue-mirror a database of its own; nothing was changed`,
  )
}

/** For AUTO_MIGRATE=false and commands that must not write. Throws SchemaVersionError. */
export async function assertSchemaIsCurrent(pool: Pool): Promise<void> {
  const schema = await inspectSchema(pool)
  if (schema.state !== 'current') throw refusal(schema)
}

/** For commands that only read: a newer schema, as in a rolling update, still has everything that they need. */
export async function assertSchemaIsReadable(pool: Pool): Promise<void> {
  const schema = await inspectSchema(pool)
  if (schema.state !== 'current' && schema.state !== 'ahead') throw refusal(schema)
}

function refusal({ state, says }: LedgerState): SchemaVersionError {
  if (state === 'incompatible') return new SchemaVersionError(says)
  return new SchemaVersionError(
    state === 'ahead'
      ? `the database was migrated by a newer version (${says}): upgrade allo-queue-mirror; nothing was changed`
      : `the database has ${says}: run \`allo-queue-mirror migrate\` first`,
  )
}

export interface SchemaState extends LedgerState {
  readonly applied: number
  readonly known: number
}

/** Compares tables, functions, views and comments with this version. Changes nothing. */
export async function inspectSchema(db: Pool | Client): Promise<SchemaState> {
  return withDatabaseErrors('reading the schema version', async () => {
    const known = readMigrations()
    const applied = await readLedger(db)
    const counts = { applied: applied.length, known: known.length }
    const tables = compareLedger(applied, known)
    if (tables.state !== 'behind' && tables.state !== 'current') return { ...counts, ...tables }
    const views = await inspectRepeatables(db, readRepeatables())
    if (tables.state === 'behind' && views.state !== 'ahead') return { ...counts, ...tables }
    return { ...counts, state: views.state, says: sayRepeatables(views) }
  })
}

function sayRepeatables({ state, applied, known }: RepeatablesState): string {
  if (state === 'ahead') return `views and functions number ${applied}, this version knows ${known}`
  if (applied === known) return `views and functions that are not those of this version`
  return `views and functions number ${applied ?? 0} of the ${known} this version needs`
}
