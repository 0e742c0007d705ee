/** Exports and imports in this process, and what a database contains. */
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { getTableName } from 'drizzle-orm'
import pg from 'pg'
import { inject } from 'vitest'
import { migrateDatabase } from '../../src/store/migrate/migrate.ts'
import { inTransaction, type Pool } from '../../src/store/postgres/database.ts'
import { exportMirror } from '../../src/transfer/export-mirror.ts'
import { type Imported, importMirror } from '../../src/transfer/import-mirror.ts'
import { readExport } from '../../src/transfer/read-export.ts'
import { exportedTables } from '../../src/transfer/tables.ts'
import { createDatabase } from './database.ts'

/** The NUMBER_KEY of the fixture. */
export const numberKeyOfFixture = '0123456789abcdef'.repeat(4)

/** Makes an empty database one of 0.1.0. */
export async function fillWithFixture(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, ssl: false })
  await client.connect()
  await client.query(readFileSync(new URL('../fixtures/0.1.0.sql', import.meta.url), 'utf8'))
  await client.end()
}

/** A database of 0.1.0, migrated. Its name is a template for others. */
export async function createMigratedFixture(): Promise<{ url: string; name: string }> {
  const database = await createDatabase(inject('serverUrl'))
  await fillWithFixture(database.url)
  await migrateDatabase(database.url)
  return database
}

/** The lines of an export. `beforeTable` runs before the table is read. */
export async function exportText(
  pool: Pool,
  beforeTable: (line: string) => unknown = () => undefined,
): Promise<string> {
  const parts: string[] = []
  await inTransaction(pool, 'exporting', async (client) => {
    for await (const text of exportMirror(client)) {
      parts.push(text)
      if (text.startsWith('{"begin"')) await beforeTable(text)
    }
  })
  return parts.join('')
}

/** `bytes` as from a file; a text is compressed. */
export async function importInto(pool: Pool, bytes: Buffer | string): Promise<Imported> {
  const compressed = typeof bytes === 'string' ? gzipSync(bytes) : bytes
  return importMirror(await readExport(Readable.from(chunksOf(compressed))), { pool })
}

/** As a pipe may cut them. */
export function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += 10_000) yield bytes.subarray(start, start + 10_000)
}

/** Each row of each exported table as text, sorted, but the note that an import was made. */
export async function rowsOf(pool: Pool): Promise<Record<string, string[]>> {
  const contents: Record<string, string[]> = {}
  for (const table of exportedTables) {
    const name = getTableName(table)
    const { rows } = await pool.query<{ row: string }>(
      `select t::text as row from allo.${name} t
       where to_jsonb(t) ->> 'task' is distinct from 'import' order by t::text collate "C"`,
    )
    contents[name] = rows.map(({ row }) => row)
  }
  return contents
}
