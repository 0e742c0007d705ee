import { getTableName, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { type Client, inTransaction, type Pool, withDatabaseErrors } from '../store/postgres/database.ts'
import { change, list, one, orm } from '../store/postgres/query.ts'
import { queueEntries, queueNumbers } from '../store/schema.ts'

const doing = 'sampling anew'

/** The planner statistics keep samples of the old values. `tables`: of schema allo, also by their names. */
export async function renewStatistics(pool: Pool, tables: Iterable<PgTable | string>): Promise<void> {
  const names = new Set([...tables].map((table) => (typeof table === 'string' ? table : getTableName(table))))
  const qualified = [...names].map((name) => sql`${sql.identifier('allo')}.${sql.identifier(name)}`)
  await withDatabaseErrors(doing, () => change(pool, sql`analyze ${list(qualified)}`))
  await inTransaction(pool, doing, renewOfEmptyTables)
}

const instant = sql`clock_timestamp()`
const placeholders = [
  { table: queueEntries, row: { entryId: '0', queueId: '', firstSeenAt: instant, outcome: 'remaining' } },
  { table: queueNumbers, row: { entryId: '0', queueId: '', position: 0, rowDigest: '0' } },
] as const

/** ANALYZE does not change the statistics of an empty table. So it samples a row that no other session sees. */
async function renewOfEmptyTables(client: Client): Promise<void> {
  for (const { table, row } of placeholders) {
    const { isEmpty } = await one<{ isEmpty: boolean }>(
      client,
      sql`select not exists (select from ${table}) as "isEmpty"`,
    )
    if (!isEmpty) continue
    await orm(client).insert(table).values(row)
    await change(client, sql`analyze ${table}`)
    await orm(client).delete(table).where(sql`${table.queueId} = ''`)
  }
}
