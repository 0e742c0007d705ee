/**
 * The numbered migrations, and `allo.migrations`: the ledger that says which of them a database has. A migration is
 * recognised by the hash of its file. Migrations are applied in order, each once.
 */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { type Client, DatabaseError, inTransaction, type Pool } from '../postgres/database.ts'
import { run } from '../postgres/query.ts'
import { limitLockWait } from '../postgres/yielding-transaction.ts'
import { developmentHashes, LAST_DEVELOPMENT_COMMIT } from './development.ts'

export const migrationsFolder = fileURLToPath(new URL('../../../migrations', import.meta.url))

export interface Migration {
  readonly name: string
  readonly statements: readonly string[]
  readonly hash: string
  /** When it was generated, in epoch milliseconds. */
  readonly createdAt: number
}

export type AppliedMigration = Pick<Migration, 'hash' | 'createdAt'>

export interface LedgerState {
  /** `incompatible`: this version can neither use nor migrate the database. */
  readonly state: 'absent' | 'behind' | 'current' | 'ahead' | 'incompatible'
  /** What the database has; for `incompatible` a whole sentence that says what to do. */
  readonly says: string
}

/** In the order in which they are applied. */
export function readMigrations(): readonly Migration[] {
  const names = readdirSync(migrationsFolder).filter((name) => name.endsWith('.sql'))
  names.sort()
  return readMigrationFiles({ migrationsFolder }).map(({ sql, hash, folderMillis }, index) => ({
    name: names[index]?.replace('.sql', '') ?? '',
    statements: sql,
    hash,
    createdAt: folderMillis,
  }))
}

/** In the order in which they were applied. Empty if there is no ledger. */
export async function readLedger(db: Pool | Client): Promise<readonly AppliedMigration[]> {
  if (!(await hasTable(db, 'allo.migrations'))) return []
  return run(db, sql`select hash, created_at::float8 as "createdAt" from allo.migrations order by id`)
}

/** Not a view of that name: to read it would run its functions with the rights of this login. */
export async function hasTable(db: Pool | Client, name: string): Promise<boolean> {
  const found = await run(db, sql`select from pg_class where oid = to_regclass(${name}) and relkind = 'r'`)
  return found.length > 0
}

export function compareLedger(
  applied: readonly AppliedMigration[],
  known: readonly Migration[],
): LedgerState {
  const says = `${applied.length} of the ${known.length} migrations this version needs`
  if (applied.length === 0) return { state: 'absent', says }
  if (isOfDevelopment(applied)) return compareDevelopment(applied)
  const place = applied.findIndex(({ hash }, index) => hash !== known[index]?.hash)
  const [differing, expected] = [applied[place], known[place]]
  if (differing === undefined) return { state: applied.length < known.length ? 'behind' : 'current', says }
  const newest = Math.max(...known.map(({ createdAt }) => createdAt))
  if (expected === undefined || differing.createdAt > newest)
    return { state: 'ahead', says: `${applied.length} migrations, this version knows ${known.length}` }
  return {
    state: 'incompatible',
    says: `migration ${expected.name} is not the one that was applied to the database: use the version that applied it; nothing was changed`,
  }
}

/** Whether the ledger begins with a migration from before 0.1.0. */
function isOfDevelopment([first]: readonly AppliedMigration[]): boolean {
  return first?.hash === developmentHashes[0]
}

function compareDevelopment(applied: readonly AppliedMigration[]): LedgerState {
  const total = developmentHashes.length
  const isSame = applied.every(({ hash }, index) => hash === developmentHashes[index])
  if (isSame && applied.length === total)
    return { state: 'behind', says: `the ${total} migrations that this version has as one` }
  const wayOut = isSame
    ? `check out commit ${LAST_DEVELOPMENT_COMMIT} of allo-queue-mirror, run \`allo-queue-mirror migrate\` there, then run it with this version`
    : 'use the program that made it, or give this version an empty database'
  return {
    state: 'incompatible',
    says: `the database was made by a development version before 0.1.0 (${applied.length} migrations), which this version can't upgrade: ${wayOut}; nothing was changed`,
  }
}

/** Returns how many were applied. Must run in a transaction that locked the ledger. */
export async function applyMigrations(client: Client): Promise<number> {
  const known = readMigrations()
  const applied = await readLedger(client)
  const isTakenOver = isOfDevelopment(applied)
  if (isTakenOver) await takeOver(client, known.slice(0, 1))
  const left = known.slice(isTakenOver ? 1 : applied.length)
  for (const migration of left) {
    for (const statement of migration.statements) await client.query(statement)
    await record(client, migration)
  }
  return left.length
}

/** The tables are those of the first migration already, so only the ledger changes. */
async function takeOver(client: Client, first: readonly Migration[]): Promise<void> {
  await client.query('delete from allo.migrations')
  for (const migration of first) await record(client, migration)
}

async function record(client: Client, { hash, createdAt }: Migration): Promise<void> {
  await run(client, sql`insert into allo.migrations (hash, created_at) values (${hash}, ${createdAt})`)
}

/** unique_violation, duplicate_schema, duplicate_table: another process made it at the same moment. */
const MADE_BY_ANOTHER = ['23505', '42P06', '42P07']

/** Commits by itself, because other processes lock the ledger while one of them migrates. Idempotent. */
export async function ensureLedger(pool: Pool): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await inTransaction(pool, 'making allo.migrations', async (client) => {
        if (await hasTable(client, 'allo.migrations')) return
        await client.query(
          `create schema if not exists allo; create table if not exists allo.migrations (
             id serial primary key, hash text not null, created_at bigint)`,
        )
      })
      return
    } catch (error) {
      const isMade = error instanceof DatabaseError && MADE_BY_ANOTHER.includes(error.sqlState ?? '')
      if (!isMade || attempt === 5) throw error
    }
  }
}

const OTHER_MIGRATION_MS = 60_000

/**
 * Lets one process migrate at a time. Locks the ledger, which no reader may lock: any login could take an advisory lock
 * and keep all workers from starting. Only another migration waits for this lock, so the wait may be long.
 */
export async function lockLedger(client: Client): Promise<void> {
  await limitLockWait(client, OTHER_MIGRATION_MS)
  await client.query('lock table allo.migrations in share update exclusive mode')
  await limitLockWait(client)
}
