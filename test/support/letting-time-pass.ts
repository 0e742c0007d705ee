/** As if everything on record had happened that much earlier: nobody worked since, nobody looked. */
import type { Pool } from '../../src/store/database.ts'

export async function letTimePass(pool: Pool, interval: string): Promise<void> {
  const { rows } = await pool.query<{ name: string; columns: string[] }>(
    `select c.oid::regclass::text as name, array_agg(quote_ident(a.attname)) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.atttypid = 'timestamptz'::regtype and a.attnum > 0
     where c.relnamespace = 'allo'::regnamespace and c.relkind = 'r' group by c.oid`,
  )
  for (const { name, columns } of rows) {
    await pool.query(
      `update ${name} set ${columns.map((column) => `${column} = ${column} - $1::interval`).join(', ')}`,
      [interval],
    )
  }
}
