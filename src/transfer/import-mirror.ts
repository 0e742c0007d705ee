/** Fills an empty, migrated database with an export. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { sql } from 'drizzle-orm'
import { from as copyFrom } from 'pg-copy-streams'
import { renewStatistics } from '../personal-data/renew-statistics.ts'
import { lockLedger, readMigrations } from '../store/migrate/ledger.ts'
import { copyText } from '../store/postgres/copy-text.ts'
import { type Client, DatabaseError, type Pool, toDatabaseError } from '../store/postgres/database.ts'
import { compile, insertion, list, run } from '../store/postgres/query.ts'
import {
  inYieldingTransaction,
  isLockRefused,
  LockedError,
  limitLockWait,
} from '../store/postgres/yielding-transaction.ts'
import { maintenance, teams } from '../store/schema.ts'
import { counted } from '../text/counted.ts'
import { ExportFileError } from './format.ts'
import { liftTimeouts } from './lift-timeouts.ts'
import { fillThroughOlderTables } from './older-tables.ts'
import type { ExportPart, ReadExport } from './read-export.ts'
import { setIndexesAside } from './set-indexes-aside.ts'
import { columnNamesOf, exportedTable, exportedTables, identityColumns } from './tables.ts'
import { assertIsEmpty, assertIsUnused, importOf, whenImported } from './target.ts'

export interface ImportRun {
  readonly pool: Pool
  readonly signal?: AbortSignal
  readonly onRows?: (table: string, rows: number) => void
}

export type Imported =
  | { readonly outcome: 'imported'; readonly rows: number }
  /** This export was imported here at that time, completely. */
  | { readonly outcome: 'was_imported'; readonly at: string }

/**
 * Atomic: one transaction, committed after the last check of the file. A process that is killed leaves the database
 * empty, as it was. Idempotent: importing the same export again changes nothing, also when passes have run since.
 *
 *   take all locks ──one is not free within 2 s──▶ roll back, try again, at most five times
 *        └──▶ consume the file, however long it takes ──▶ commit
 *
 * Throws ExportFileError if the file is damaged, ImportRefusedError if the database is not empty, DatabaseInUseError or
 * LockedError if another process works on it.
 */
export async function importMirror(file: ReadExport, importRun: ImportRun): Promise<Imported> {
  const { pool } = importRun
  const { header } = file
  const imported = await inYieldingTransaction(pool, doing, async (client): Promise<Imported> => {
    await lockLedger(client)
    const at = await whenImported(client, header)
    if (at !== null) return { outcome: 'was_imported', at }
    // Refuses a database in use before its tables are locked.
    await assertIsEmpty(client, header)
    await assertIsUnused(client)
    await lockTables(client)
    await assertIsEmpty(client, header)
    // The rows from before the first reading. It also lets COPY write frozen rows.
    await run(client, sql`truncate ${tables}`)
    return withoutRetry(() => importInto(client, file, importRun))
  })
  if (imported.outcome === 'imported') await renewStatistics(pool, exportedTables)
  return imported
}

const doing = 'importing'

/** The parts of a file can be consumed once, so a deadlock from here on ends the import. */
async function withoutRetry<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw isLockRefused(toDatabaseError(doing, error)) ? new LockedError(doing, null) : error
  }
}

async function importInto(client: Client, file: ReadExport, importRun: ImportRun): Promise<Imported> {
  const { id, exportedAt } = file.header
  await limitLockWait(client, 0)
  await liftTimeouts(client)
  const createIndexes = await setIndexesAside(client, exportedTables)
  const { rows, lastIds } = await fillTables(client, file, importRun)
  await setLastIds(client, lastIds)
  await createIndexes()
  await recordImport(client, `${importOf(id)} of ${exportedAt}: ${counted(rows, 'row')}`)
  return { outcome: 'imported', rows }
}

async function lockTables(client: Client): Promise<void> {
  await run(client, sql`lock table ${tables} in access exclusive mode`)
  for (const { sequence } of identityColumns) {
    // Changes nothing: setval is the one statement that keeps a lock on a sequence.
    const last = sql`pg_sequence_last_value(${sequence})`
    await run(client, sql`select setval(${sequence}, coalesce(${last}, 1), ${last} is not null)`)
  }
}

const tables = list(exportedTables.map((table) => sql`${table}`))

interface Filled {
  readonly rows: number
  readonly lastIds: Readonly<Record<string, string>>
}

function fillTables(client: Client, { header, parts }: ReadExport, importRun: ImportRun): Promise<Filled> {
  const work = () => fill(client, parts, importRun)
  const isOlder = header.migrations.length < readMigrations().length
  return isOlder ? fillThroughOlderTables(client, header.migrations.length, work) : work()
}

async function fill(
  client: Client,
  parts: AsyncGenerator<ExportPart>,
  { signal, onRows }: ImportRun,
): Promise<Filled> {
  let copy: CopyOfTable | null = null
  let lastIds: Filled['lastIds'] = {}
  let rows: number | null = null
  for await (const part of parts) {
    signal?.throwIfAborted()
    if (part.kind === 'begin') copy = copyOf(part.table, part.columns)
    else if (part.kind === 'rows') {
      if (copy === null) throw new Error('rows before their table')
      await copyRows(client, copy, part.lines)
      copy.rows += part.lines.length
      onRows?.(copy.name, copy.rows)
    } else if (part.kind === 'lastIds') lastIds = part.lastIds
    else if (part.kind === 'complete') rows = part.rows
  }
  if (rows === null) throw new Error('the parts of an export ended before the last one')
  return { rows, lastIds }
}

interface CopyOfTable {
  readonly name: string
  readonly columns: number
  readonly statement: string
  rows: number
}

function copyOf(name: string, columns: readonly string[]): CopyOfTable {
  const table = exportedTable(name)
  const known = table === null ? [] : columnNamesOf(table)
  const unknown = columns.find((column) => !known.includes(column))
  if (table === null || unknown !== undefined)
    throw new ExportFileError(
      `the export is damaged: this version has no ${table === null ? `table ${name}` : `column ${name}.${unknown}`}`,
    )
  const names = list(columns.map((column) => sql`${sql.identifier(column)}`))
  const { text } = compile(sql`copy ${table} (${names}) from stdin with (freeze)`)
  return { name, columns: columns.length, statement: text, rows: 0 }
}

async function copyRows(client: Client, copy: CopyOfTable, lines: readonly string[]): Promise<void> {
  const text = lines.map((line) => copyLine(line, copy)).join('')
  try {
    await pipeline(Readable.from([text]), client.query(copyFrom(copy.statement)))
  } catch (thrown) {
    const error = toDatabaseError(`filling ${copy.name}`, thrown)
    if (!(error instanceof DatabaseError) || !error.isAboutData) throw error
    throw new ExportFileError(
      `the export is damaged: Postgres refuses a row of ${copy.name} (${error.message})`,
      {
        cause: error,
      },
    )
  }
}

function copyLine(line: string, { name, columns }: CopyOfTable): string {
  const row = parseRow(line)
  if (row?.length !== columns)
    throw new ExportFileError(`the export is damaged: a row of ${name} can’t be read`)
  return `${row.map(copyText).join('\t')}\n`
}

/** Null: it is no row. Not zod, which takes longer than all else here. */
function parseRow(line: string): readonly (string | null)[] | null {
  try {
    const row: unknown = JSON.parse(line)
    return Array.isArray(row) && row.every(isValue) ? row : null
  } catch {
    return null
  }
}

function isValue(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}

/** The next row of each table gets an id that was never given, also in the exported database. */
async function setLastIds(client: Client, lastIds: Readonly<Record<string, string>>): Promise<void> {
  for (const { table, column, name, sequence } of identityColumns) {
    const highest = sql`(select max(${column}) from ${table})`
    // setval of null is a no-op.
    await run(client, sql`select setval(${sequence}, greatest(${lastIds[name] ?? null}::bigint, ${highest}))`)
  }
}

/** For each team, so that it is deleted and moved with it. */
async function recordImport(client: Client, summary: string): Promise<void> {
  const now = sql`clock_timestamp()`
  await run(client, sql`delete from ${maintenance} where ${maintenance.task} = 'import'`)
  await run(
    client,
    sql`insert into ${maintenance} ${insertion(maintenance, { teamId: sql`team_id`, task: 'import', startedAt: now, finishedAt: now, summary })} from ${teams}`,
  )
}
