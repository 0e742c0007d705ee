/** Fills tables without their indexes: to build one of many rows is several times faster than to insert each row. */
import { getTableName, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Client } from '../store/postgres/database.ts'
import { anyOf, run } from '../store/postgres/query.ts'

/**
 * Drops the indexes of these tables, and returns how to create them again as they were. Those of constraints stay, and
 * those with a property that their definition does not have. Must run in the transaction that fills the tables.
 */
export async function setIndexesAside(
  client: Client,
  tables: readonly PgTable[],
): Promise<() => Promise<void>> {
  const indexes = await run<{ name: string; definition: string }>(
    client,
    sql`select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
        from pg_index i join pg_class t on t.oid = i.indrelid join pg_class c on c.oid = i.indexrelid
        where t.relnamespace = 'allo'::regnamespace and t.relname ${anyOf(tables.map(getTableName))}
          and i.indisvalid and not i.indisclustered and not i.indisreplident and c.reltablespace = 0
          and obj_description(c.oid, 'pg_class') is null
          and not exists (select from pg_constraint where conindid = i.indexrelid)
        order by c.relname`,
  )
  for (const { name } of indexes) await client.query(`drop index ${name}`)
  return async () => {
    for (const { definition } of indexes) await client.query(definition)
  }
}
