/** Writes the whole mirror as lines of an export (format.ts). */
import { createHash, randomUUID } from 'node:crypto'
import { getTableName, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { readLedger } from '../store/migrate/ledger.ts'
import type { Client } from '../store/postgres/database.ts'
import { list, one, orm, run } from '../store/postgres/query.ts'
import { iso } from '../store/queries/iso.ts'
import { apiKeys, settings, teams } from '../store/schema.ts'
import { version } from '../version.ts'
import { FORMAT, FORMAT_VERSION, type Header } from './format.ts'
import { liftTimeouts } from './lift-timeouts.ts'
import { columnNamesOf, exportedTables, identityColumns } from './tables.ts'

export interface Exported {
  readonly header: Header
  readonly rows: number
}

/**
 * Yields texts of whole lines, as of one moment, and returns what they contain. Reads only, beside passes and looks.
 * Needs constant memory. Must be consumed within one transaction, at its beginning.
 */
export async function* exportMirror(
  client: Client,
  onRows: (table: string, rows: number) => void = () => undefined,
): AsyncGenerator<string, Exported> {
  await client.query('set transaction isolation level repeatable read, read only')
  await liftTimeouts(client)
  const header = await readHeader(client)
  const lastIds = await readLastIds(client)
  const structure = createHash('sha256')
  const lineOf = (value: object) => {
    const line = `${JSON.stringify(value)}\n`
    structure.update(line)
    return line
  }
  yield lineOf(header)
  let total = 0
  for (const table of exportedTables) {
    const name = getTableName(table)
    yield lineOf({ begin: name, columns: columnNamesOf(table) })
    const digest = createHash('sha256')
    let rows = 0
    for await (const lines of rowsOf(client, table)) {
      const text = `${lines.join('\n')}\n`
      digest.update(text)
      rows += lines.length
      onRows(name, rows)
      yield text
    }
    yield lineOf({ end: name, rows, sha256: digest.digest('hex') })
    total += rows
  }
  yield lineOf({ lastIds })
  yield `${JSON.stringify({ complete: true, rows: total, sha256: structure.digest('hex') })}\n`
  return { header, rows: total }
}

async function readHeader(client: Client): Promise<Header> {
  const { at, numberKey } = await one<{ at: string; numberKey: string | null }>(
    client,
    sql`select ${iso(sql`now()`)} as at, (select ${settings.numberKeyFingerprint} from ${settings}) as "numberKey"`,
  )
  const keys = await orm(client).select({ key: apiKeys.keyFingerprint }).from(apiKeys)
  const [first, ...others] = await readLedger(client)
  if (first === undefined) throw new Error('a database with the tables of the mirror has no migration')
  return {
    format: FORMAT,
    version: FORMAT_VERSION,
    id: randomUUID(),
    exportedAt: at,
    program: version,
    migrations: [first, ...others],
    numberKey,
    teams: await orm(client)
      .select({ teamId: teams.teamId, name: teams.name })
      .from(teams)
      .orderBy(teams.teamId),
    apiKeys: keys.map(({ key }) => key),
  }
}

const ROWS_AT_ONCE = 1000

/**
 * A cursor and not COPY: between two fetches the connection owes no answer, so a reader that is slow for minutes does
 * not look like a server that fell silent.
 */
async function* rowsOf(client: Client, table: PgTable): AsyncGenerator<readonly string[]> {
  const values = columnNamesOf(table).map((column) => sql`${sql.identifier(column)}::text`)
  await run(
    client,
    sql`declare exported no scroll cursor for select array_to_json(array[${list(values)}])::text from ${table}`,
  )
  for (;;) {
    const { rows } = await client.query<[string]>({
      text: `fetch ${ROWS_AT_ONCE} from exported`,
      rowMode: 'array',
    })
    if (rows.length > 0) yield rows.map(([line]) => line)
    if (rows.length < ROWS_AT_ONCE) break
  }
  await client.query('close exported')
}

/**
 * Read after the snapshot was taken, so that no row has a higher one. Null: the column gave none yet. Each sequence is
 * read like a table, because a login without the right to it is then refused; pg_sequence_last_value returns null.
 */
async function readLastIds(client: Client): Promise<Record<string, string>> {
  const lastIds: Record<string, string> = {}
  for (const { name, sequence } of identityColumns) {
    const { found } = await one<{ found: string }>(client, sql`select ${sequence}::text as found`)
    const { last } = await one<{ last: string | null }>(
      client,
      sql`select case when is_called then last_value end as last from ${sql.raw(found)}`,
    )
    if (last !== null) lastIds[name] = last
  }
  return lastIds
}
