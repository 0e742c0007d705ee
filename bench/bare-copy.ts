/**
 * The baseline for saving a reading: COPY of the same rows into bare tables with the same indexes, without checks,
 * matching or history. Building the lines counts.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom } from 'pg-copy-streams'
import { inTransaction, type Pool } from '../src/store/postgres/database.ts'

const bareTables = ['queue_numbers', 'queue_entries', 'queue_number_versions'] as const
export type BareTable = (typeof bareTables)[number]

/** Rows as text, in the order of the table's columns. */
export type Rows = readonly (readonly (string | null)[])[]

export async function createBareTables(pool: Pool): Promise<void> {
  await pool.query('drop schema if exists bare cascade; create schema bare')
  for (const table of bareTables)
    await pool.query(`create table bare.${table} (like allo.${table} including indexes)`)
}

/** The rows of a queue in one table of the mirror. */
export async function rowsOf(pool: Pool, table: BareTable, queueId: string): Promise<Rows> {
  const { rows: columns } = await pool.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [`allo.${table}`],
  )
  const { rows } = await pool.query<(string | null)[]>({
    text: `select ${columns.map(({ name }) => `${name}::text`).join(', ')} from allo.${table} where queue_id = $1`,
    values: [queueId],
    rowMode: 'array',
  })
  return rows
}

/** In one transaction. The values of the simulation need no escaping in COPY. */
export async function copyRows(
  pool: Pool,
  tables: readonly { readonly table: BareTable; readonly rows: Rows }[],
): Promise<void> {
  await inTransaction(pool, 'copying', async (client) => {
    for (const { table, rows } of tables) {
      await pipeline(Readable.from(chunksOf(rows)), client.query(copyFrom(`copy bare.${table} from stdin`)))
    }
  })
}

export async function emptyBareTables(pool: Pool): Promise<void> {
  await pool.query(`truncate ${bareTables.map((table) => `bare.${table}`).join(', ')}`)
}

function* chunksOf(rows: Rows): Generator<string> {
  for (let start = 0; start < rows.length; start += 500) {
    let chunk = ''
    for (const row of rows.slice(start, start + 500))
      chunk += `${row.map((value) => value ?? '\\N').join('\t')}\n`
    yield chunk
  }
}
