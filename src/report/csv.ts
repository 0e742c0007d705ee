/**
 * A view as CSV (RFC 4180), streamed from Postgres as fast as the client reads it, with a few hundred rows in memory.
 *
 * UTF-8 with a byte order mark, because Excel assumes another encoding without it. Instants are local to the report time
 * zone, to the second. A text that a spreadsheet would
 * run as a formula gets an apostrophe in front. An empty field is null, `""` is an empty text.
 */
import { once } from 'node:events'
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Stringifier, stringify } from 'csv-stringify'
import { type SQL, sql } from 'drizzle-orm'
import QueryStream from 'pg-query-stream'
import type { Client, Pool } from '../store/postgres/database.ts'
import { compile, maybeOne, one, run } from '../store/postgres/query.ts'
import { type CsvViewName, csvQuery, csvViews } from './csv-views.ts'
import { type Filters, hasPeriod } from './filters.ts'
import { periodOf } from './period.ts'
import { namesOf, readOneMoment } from './scope.ts'

export interface CsvRequest {
  readonly view: CsvViewName
  readonly teamId: string
  readonly asked: Filters
  /** Until the first rows are there. */
  readonly firstRowsTimeoutMs: number
  /** Until the last row was sent. A client that reads slower gets a broken connection. */
  readonly deadlineMs: number
  /** Hides secrets and numbers in a text. */
  readonly mask: (text: string) => string
}

/**
 * Resolves when the first rows have arrived. Rejects when they can't be read; with FilterError when the team does not have
 * what is asked for. A later failure destroys the stream, so that a part is never taken for the whole.
 */
export async function openCsv(pool: Pool, request: CsvRequest): Promise<Readable> {
  const { view, teamId, asked, firstRowsTimeoutMs, deadlineMs, mask } = request
  const csv = new PassThrough()
  // The consumer handles the error; without a consumer it is no reason to end the process.
  csv.on('error', () => undefined)
  const begun = Promise.withResolvers<void>()
  const tooSlow = setTimeout(
    () => csv.destroy(new Error(`this was not taken within ${deadlineMs} ms`)),
    deadlineMs,
  ).unref()
  // Postgres counts a statement timeout until the last row, so it is the deadline of the whole stream.
  const limits = { doing: `writing ${view}.csv`, statementTimeoutMs: deadlineMs }
  readOneMoment(pool, limits, async (client) => {
    const { columns, rows } = await cancelAfter(firstRowsTimeoutMs, pool, client, async () => {
      await namesOf(client, teamId, asked)
      const period = hasPeriod(asked) ? await periodOf(client, teamId, asked) : null
      const columns = await columnsOf(client, view)
      const zone = await zoneOf(client, teamId)
      const texts = columns.map((column) => asText(column, zone))
      const { text, values } = compile(csvQuery(view, texts, { teamId, asked, period }))
      const rows = client.query(new QueryStream(text, values, { rowMode: 'array', batchSize: ROWS_AT_ONCE }))
      await once(rows, 'readable')
      return { columns, rows }
    })
    begun.resolve()
    await whileConnected(client, pipeline(rows, toCsv(columns, mask), csv))
  })
    .catch((error: Error) => {
      begun.reject(error)
      csv.destroy(error)
    })
    .finally(() => clearTimeout(tooSlow))
  await begun.promise
  return csv
}

const ROWS_AT_ONCE = 500

/** Rejects when the connection is lost. QueryStream does not: to close its cursor it waits for Postgres to answer. */
async function whileConnected<T>(client: Client, work: Promise<T>): Promise<T> {
  const lost = Promise.withResolvers<never>()
  const onEnd = () => lost.reject(new Error('Connection terminated unexpectedly'))
  client.once('end', onEnd)
  try {
    return await Promise.race([work, lost.promise])
  } finally {
    client.off('end', onEnd)
  }
}

/** Cancels the statement of the client when `work` takes longer. */
async function cancelAfter<T>(ms: number, pool: Pool, client: Client, work: () => Promise<T>): Promise<T> {
  const { pid } = await one<{ pid: number }>(client, sql`select pg_catalog.pg_backend_pid() as pid`)
  const cancel = () => run(pool, sql`select pg_catalog.pg_cancel_backend(${pid})`).catch(() => undefined)
  const timer = setTimeout(cancel, ms).unref()
  try {
    return await work()
  } finally {
    clearTimeout(timer)
  }
}

/** Rows, as arrays of texts and nulls, to CSV with a header. */
export function toCsv(columns: readonly Column[], mask: (text: string) => string): Stringifier {
  const isText = columns.map(({ type }) => type === 'text')
  return stringify({
    bom: true,
    header: true,
    columns: columns.map(({ name }) => name),
    record_delimiter: '\r\n',
    // An empty text is not null. In many countries programs split at semicolons, and some at tabs or any line end.
    quoted_match: /^$|[;\t\r\n]/,
    cast: {
      string: (value, { index, header }) => (header || !isText[index] ? value : withoutFormula(mask(value))),
    },
  })
}

/**
 * Excel, LibreOffice and Numbers run a text as a formula when it begins with one of these signs, also in their
 * full-width and other compatibility forms, and some after blanks or invisible characters.
 */
const beginsFormula =
  /^[\s\p{Z}\p{C}]*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212]|^[\t\r\n]/u

function withoutFormula(text: string): string {
  return beginsFormula.test(text) ? `'${text}` : text
}

export interface Column {
  readonly name: string
  readonly type: string
}

async function columnsOf(client: Client, view: CsvViewName): Promise<Column[]> {
  const columns = await run<Column>(
    client,
    sql`select column_name as name, data_type as type from reporting.data_dictionary
      where schema_name = 'reporting' and view_name = ${view} order by position`,
  )
  const { without = [] } = csvViews[view]
  return columns.filter(({ name }) => !without.includes(name))
}

async function zoneOf(client: Client, teamId: string): Promise<string> {
  const team = await maybeOne<{ zone: string }>(
    client,
    sql`select report_time_zone as zone from reporting.teams where team_id = ${teamId}`,
  )
  return team?.zone ?? 'UTC'
}

/**
 * Independent of the date style of the session. Spreadsheets take an instant with `T`, `Z` or microseconds for text. Its
 * zone is that of the days and hours beside it.
 */
function asText({ name, type }: Column, zone: string): SQL {
  const column = sql.identifier(name)
  if (type === 'timestamp with time zone') {
    return sql`to_char(${column} at time zone ${zone}, 'YYYY-MM-DD HH24:MI:SS')`
  }
  return type === 'date' ? sql`to_char(${column}, 'YYYY-MM-DD')` : sql`${column}::text`
}
