/** Imports an export of an older version through the tables of that version, so that its rows are migrated as they were meant to be. */
import { getTableName, sql } from 'drizzle-orm'
import { readMigrations } from '../store/migrate/ledger.ts'
import type { Client } from '../store/postgres/database.ts'
import { list, run } from '../store/postgres/query.ts'
import { columnNamesOf, exportedTables } from './tables.ts'

/**
 * Calls `fill` with the tables that the first `migrations` migrations make, applies the other migrations to what it
 * filled, and moves the rows into the present tables, which must be empty and locked. Must run in a transaction.
 */
export async function fillThroughOlderTables<T>(
  client: Client,
  migrations: number,
  fill: () => Promise<T>,
): Promise<T> {
  const known = readMigrations()
  await client.query('alter schema allo rename to allo_present; create schema allo')
  await apply(client, known.slice(0, migrations))
  // The only row that a migration writes.
  await client.query('truncate allo.settings')
  const result = await fill()
  await apply(client, known.slice(migrations))
  for (const table of exportedTables) {
    const name = sql.identifier(getTableName(table))
    const columns = list(columnNamesOf(table).map((column) => sql`${sql.identifier(column)}`))
    await run(client, sql`insert into allo_present.${name} (${columns}) select ${columns} from allo.${name}`)
  }
  await client.query('drop schema allo cascade; alter schema allo_present rename to allo')
  return result
}

async function apply(client: Client, migrations: ReturnType<typeof readMigrations>): Promise<void> {
  for (const { statements } of migrations) for (const statement of statements) await client.query(statement)
}
