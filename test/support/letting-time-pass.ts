/** Moves all recorded times back, as if no worker had run since. */
import type { Pool } from '../../src/store/postgres/database.ts'

const OF_THE_SOURCE = [
  'created_at',
  'updated_at',
  'call_start_date',
  'source_created_at',
  'dialled_at',
  'first_dialled_at',
  'last_dialled_at',
]

/** `sourceStays`: only what was observed was earlier; what the source says of its own times goes on being said. */
export async function letTimePass(
  pool: Pool,
  interval: string,
  { sourceStays = false }: { readonly sourceStays?: boolean } = {},
): Promise<void> {
  const { rows } = await pool.query<{ name: string; columns: string[] }>(
    `select c.oid::regclass::text as name, array_agg(quote_ident(a.attname)) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.atttypid = 'timestamptz'::regtype and a.attnum > 0
     where c.relnamespace = 'allo'::regnamespace and c.relkind = 'r' and a.attname <> all ($1) group by c.oid`,
    [sourceStays ? OF_THE_SOURCE : []],
  )
  for (const { name, columns } of rows) {
    await pool.query(
      `update ${name} set ${columns.map((column) => `${column} = ${column} - $1::interval`).join(', ')}`,
      [interval],
    )
  }
}
