import { getTableName, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { type Pool, withDatabaseErrors } from '../store/postgres/database.ts'
import { change, list } from '../store/postgres/query.ts'

/** The planner statistics keep samples of the old values. `tables`: of schema allo, also by their names. */
export async function renewStatistics(pool: Pool, tables: Iterable<PgTable | string>): Promise<void> {
  const names = new Set([...tables].map((table) => (typeof table === 'string' ? table : getTableName(table))))
  const qualified = [...names].map((name) => sql`${sql.identifier('allo')}.${sql.identifier(name)}`)
  await withDatabaseErrors('sampling anew', () => change(pool, sql`analyze ${list(qualified)}`))
}
