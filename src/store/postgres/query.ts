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
 * Statements of every reading are built and rendered once, with values by name in place of values: `template` for sql
 * templates, `prepared` for drizzle queries.
 *   const endQueue = template<{ queueId: string }>(({ queueId }) => sql`update … where ${q.queueId} = ${queueId}`)
 *   await change(client, endQueue({ queueId }))
 *   const findQueue = prepared<{ queueId: string }>()((db, { queueId }) => db.select()…where(eq(queues.queueId, queueId)))
 *
 * Instants arrive as text with microseconds, bigints as text, whichever way they are asked for; count(*) needs `::int`.
 * An array in a template becomes a list of parameters: say `anyOf(ids)` or `array(ids)` for one array parameter.
 * Errors are those of pg or drizzle: call within `inTransaction` or `withDatabaseErrors`, which remove row values.
 */
import { fillPlaceholders, getTableColumns, type InferSelectModel, type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { type PgColumn, PgDialect, type PgTable } from 'drizzle-orm/pg-core'
import pg from 'pg'

export type Connection = pg.Pool | pg.PoolClient | pg.Client

const dialect = new PgDialect()
const { TIMESTAMPTZ, TIMESTAMP, DATE } = pg.types.builtins

/** As drizzle's own queries parse them. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (type, format) =>
    type === TIMESTAMPTZ || type === TIMESTAMP || type === DATE
      ? (text: string) => text
      : pg.types.getTypeParser(type, format),
}

export type Orm = ReturnType<typeof orm>

/** For statements that drizzle's query builder writes. It starts no transactions of its own here: see `inTransaction`. */
export function orm(db: Connection) {
  return drizzle(db)
}

/** A statement as pg takes it. */
export interface Rendered {
  readonly text: string
  readonly values: unknown[]
}

/** Stands for each value while a statement is built. */
export type Named<Values> = { readonly [Name in keyof Values]-?: SQL }

/** A statement whose text is rendered at its first use. `build` gets no values, so nothing in it may depend on one. */
export function template<Values extends object>(
  build: (named: Named<Values>) => SQL,
): (values: Values) => Rendered {
  let rendered: Rendered | undefined
  return (values) => {
    rendered ??= compile(build(named<Values>()))
    return {
      text: rendered.text,
      values: fillPlaceholders(rendered.values, values as Record<string, unknown>),
    }
  }
}

interface Preparable {
  prepare(name: string): { execute(values: Record<string, unknown>): unknown }
}

/** The same for a query of drizzle, once for each connection. Postgres does not keep it: it has no name there. */
export function prepared<Values extends object>() {
  return <Query extends Preparable>(build: (db: Orm, named: Named<Values>) => Query) => {
    type Prepared = ReturnType<Query['prepare']>
    const queries = new WeakMap<Connection, Prepared>()
    return (db: Connection, values: Values) => {
      const query = queries.get(db) ?? (build(orm(db), named<Values>()).prepare('') as Prepared)
      queries.set(db, query)
      return query.execute(values as Record<string, unknown>) as ReturnType<Prepared['execute']>
    }
  }
}

/** Stands for the values of chosen columns, each under the column's name in our code. */
export function namedAfter<Table extends PgTable, Column extends ColumnOf<Table>>(
  _table: Table,
  ...keys: readonly Column[]
): Record<Column, SQL> {
  const values = named<Record<Column, unknown>>()
  return Object.fromEntries(keys.map((key) => [key, values[key]])) as Record<Column, SQL>
}

function named<Values>(): Named<Values> {
  return new Proxy({} as Named<Values>, { get: (_, name) => sql`${sql.placeholder(String(name))}` })
}

/** Runs a template and returns its rows. The caller names their type: `Fields`, where they are columns of a table. */
export async function run<Row extends object>(db: Connection, statement: SQL | Rendered): Promise<Row[]> {
  return (await send<Row>(db, statement)).rows
}

/** Runs a template and returns how many rows it changed. */
export async function change(db: Connection, statement: SQL | Rendered): Promise<number> {
  return (await send(db, statement)).rowCount ?? 0
}

export async function one<Row extends object>(db: Connection, statement: SQL | Rendered): Promise<Row> {
  const row = await maybeOne<Row>(db, statement)
  if (row === null) throw new Error('a statement that always returns a row returned none')
  return row
}

export async function maybeOne<Row extends object>(
  db: Connection,
  statement: SQL | Rendered,
): Promise<Row | null> {
  const rows = await run<Row>(db, statement)
  if (rows.length > 1) throw new Error(`a statement returned ${rows.length} rows instead of one`)
  return rows[0] ?? null
}

/** A template as pg takes it, for what is not run here: a cursor, or COPY, which takes no values. */
export function compile(template: SQL): Rendered {
  const { sql: text, params } = dialect.sqlToQuery(template)
  return { text, values: params }
}

function send<Row extends object>(db: Connection, statement: SQL | Rendered): Promise<pg.QueryResult<Row>> {
  const { text, values } = 'text' in statement ? statement : compile(statement)
  return db.query<Row>({ text, values, types })
}

/** The names of a table's columns in our code. */
export type ColumnOf<Table extends PgTable> = keyof Table['_']['columns'] &
  keyof InferSelectModel<Table> &
  string

export function columnNames<Table extends PgTable>(table: Table): ColumnOf<Table>[] {
  return Object.keys(getTableColumns(table)) as ColumnOf<Table>[]
}

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

/** One parameter that is an array. If Postgres can't infer its type, add it: `${array(ids)}::bigint[]`. */
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
