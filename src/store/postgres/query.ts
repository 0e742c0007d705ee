/**
 * Drizzle on our own connections: each function takes the pool, or the client of an open transaction.
 *
 * Ordinary statements are drizzle queries:
 *   await orm(client).select({ name: queues.name }).from(queues).where(eq(queues.queueId, queueId))
 * Set-based or hot statements are `sql` templates. Values stand in place and become parameters; names come from the
 * schema. A table's alias is declared once, and written after the table:
 *   const q = alias(queues, 'q')
 *   await run<Fields<typeof queues, 'queueId' | 'name'>>(client, sql`
 *     select ${fields(q, 'queueId', 'name')} from ${queues} ${q} where ${q.queueId} ${anyOf(ids)}`)
 *   await change(client, sql`update ${queues} ${q} set ${assign(queues, { endedAt, endReason: 'deleted' })} where …`)
 *   await change(client, sql`insert into ${dials} ${insertion(dials, { callId: sql`i.call_id`, userId })} from …`)
 * `one` wants exactly one row, `maybeOne` at most one. `name(column)` is a column's name without its table.
 *
 * Instants arrive as text with microseconds, bigints as text, whichever way they are asked for; count(*) needs `::int`.
 * An array in a template becomes a list of parameters: say `anyOf(ids)` or `array(ids)` for one array parameter.
 * Errors are those of pg or drizzle: call within `inTransaction` or `withDatabaseErrors`, which remove row values.
 */
import { getTableColumns, type InferSelectModel, type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { type PgColumn, PgDialect, type PgTable } from 'drizzle-orm/pg-core'
import pg from 'pg'
import type { Client, Pool } from './database.ts'

export type Connection = Pool | Client

const dialect = new PgDialect()
const { TIMESTAMPTZ, TIMESTAMP, DATE } = pg.types.builtins

/** As drizzle's own queries parse them. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (type, format) =>
    type === TIMESTAMPTZ || type === TIMESTAMP || type === DATE
      ? (text: string) => text
      : pg.types.getTypeParser(type, format),
}

/** For statements that drizzle's query builder writes. It starts no transactions of its own here: see `inTransaction`. */
export function orm(db: Connection) {
  return drizzle(db)
}

/** Runs a template and returns its rows. The caller names their type: `Fields`, where they are columns of a table. */
export async function run<Row extends object>(db: Connection, template: SQL): Promise<Row[]> {
  return (await send<Row>(db, template)).rows
}

/** Runs a template and returns how many rows it changed. */
export async function change(db: Connection, template: SQL): Promise<number> {
  return (await send(db, template)).rowCount ?? 0
}

export async function one<Row extends object>(db: Connection, template: SQL): Promise<Row> {
  const row = await maybeOne<Row>(db, template)
  if (row === null) throw new Error('a statement that always returns a row returned none')
  return row
}

export async function maybeOne<Row extends object>(db: Connection, template: SQL): Promise<Row | null> {
  const rows = await run<Row>(db, template)
  if (rows.length > 1) throw new Error(`a statement returned ${rows.length} rows instead of one`)
  return rows[0] ?? null
}

/** A template as pg takes it, for what is not run here: a cursor, or COPY, which takes no values. */
export function compile(template: SQL): { readonly text: string; readonly values: unknown[] } {
  const { sql: text, params } = dialect.sqlToQuery(template)
  return { text, values: params }
}

function send<Row extends object>(db: Connection, template: SQL): Promise<pg.QueryResult<Row>> {
  return db.query<Row>({ ...compile(template), types })
}

/** The names of a table's columns in our code. */
export type ColumnOf<Table extends PgTable> = keyof Table['_']['columns'] &
  keyof InferSelectModel<Table> &
  string

/** Rows of chosen columns, as `fields` and drizzle's own selections return them. */
export type Fields<Table extends PgTable, Column extends ColumnOf<Table>> = Pick<
  InferSelectModel<Table>,
  Column
>

/** Chosen columns by their names in our code, for drizzle's `select` and `returning`. */
export function columns<Table extends PgTable, Column extends ColumnOf<Table>>(
  table: Table,
  ...keys: Column[]
): Pick<Table['_']['columns'], Column> {
  return Object.fromEntries(keys.map((key) => [key, columnOf(table, key)])) as Pick<
    Table['_']['columns'],
    Column
  >
}

/** The same for templates: `"q"."queue_id" as "queueId", …`. */
export function fields<Table extends PgTable>(table: Table, ...columns: ColumnOf<Table>[]): SQL {
  return list(columns.map((column) => sql`${columnOf(table, column)} as ${sql.identifier(column)}`))
}

/** A column's name without its table (`"queue_id"`): in lists of `insert`, `set`, `using` and of columns of a CTE. */
export function name(column: PgColumn): SQL {
  return sql`${sql.identifier(column.name)}`
}

/** Names without their table, separated by commas. */
export function names<Table extends PgTable>(table: Table, ...columns: ColumnOf<Table>[]): SQL {
  return list(columns.map((column) => name(columnOf(table, column))))
}

/** Columns with their new values; `undefined` leaves a column out. */
export type Assignments<Table extends PgTable> = {
  readonly [Column in ColumnOf<Table>]?: InferSelectModel<Table>[Column] | SQL | PgColumn | undefined
}

/** `"ended_at" = $1, …`, for `set` of updates. */
export function assign<Table extends PgTable>(table: Table, values: Assignments<Table>): SQL {
  return list(assignments(table, values).map(([column, value]) => sql`${name(column)} = ${value}`))
}

/** `("q"."ended_at", …) is distinct from ($1, …)`: whether an assignment would change the row. */
export function differs<Table extends PgTable>(table: Table, values: Assignments<Table>): SQL {
  const pairs = assignments(table, values)
  const present = list(pairs.map(([column]) => sql`${column}`))
  return sql`(${present}) is distinct from (${list(pairs.map(([, value]) => value))})`
}

/** `("call_id", …) select i.call_id, …`, for `insert into`: what follows is the rest of the selection, if any. */
export function insertion<Table extends PgTable>(table: Table, values: Assignments<Table>): SQL {
  const pairs = assignments(table, values)
  return sql`(${list(pairs.map(([column]) => name(column)))}) select ${list(pairs.map(([, value]) => value))}`
}

/** What an upsert would have inserted into the column. */
export function excluded(column: PgColumn): SQL {
  return sql`excluded.${name(column)}`
}

/** One parameter that is an array. Postgres needs its type where nothing else tells it: `${array(ids)}::bigint[]`. */
export function array(values: readonly unknown[]): SQL {
  return sql`${sql.param([...values])}`
}

/** `= any ($1)`: unlike drizzle's inArray the same statement for any number of values. */
export function anyOf(values: readonly unknown[]): SQL {
  return sql`= any (${array(values)})`
}

/** Separated by commas. */
export function list(parts: readonly (SQL | PgColumn)[]): SQL {
  return sql.join([...parts], sql`, `)
}

function assignments<Table extends PgTable>(table: Table, values: Assignments<Table>): [PgColumn, SQL][] {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => {
      const column = columnOf(table, key)
      return [column, isSql(value) ? sql`${value}` : sql`${sql.param(value, column)}`]
    })
}

function columnOf(table: PgTable, key: string): PgColumn {
  const column = getTableColumns(table)[key]
  if (column === undefined) throw new Error(`the table has no column ${key}`)
  return column
}

function isSql(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'getSQL' in value
}
