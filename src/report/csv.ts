/**
 * A view as CSV (RFC 4180), read by a cursor and written as fast as it is taken: as many rows as there are, and no
 * more than a thousand of them in memory.
 *
 * In UTF-8 with a byte order mark, without which Excel takes it for something else. A text that a spreadsheet would
 * run as a formula begins with an apostrophe. An empty field is null, `""` an empty text.
 */
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Client, Pool } from '../store/database.ts'
import { type CsvViewName, csvQuery, csvViews } from './csv-views.ts'
import type { AskedFilters } from './filters.ts'
import { instant, namesOf, periodOf, readOneMoment } from './scope.ts'

export interface CsvRequest {
  readonly view: CsvViewName
  readonly teamId: string
  readonly asked: AskedFilters
  /** Of each thousand rows. */
  readonly statementTimeoutMs: number
  /** Whoever takes longer to take it gets no more of it. */
  readonly deadlineMs: number
  /** What is to be hidden in any text. */
  readonly mask: (text: string) => string
}

const ROWS_AT_ONCE = 1000

/**
 * Resolves when the first rows are there. Rejects when they can't be had, with FilterError where the team has not what
 * is asked for. What fails later destroys the stream, so that a part is never taken for the whole.
 */
export async function openCsv(pool: Pool, request: CsvRequest): Promise<Readable> {
  const { view, teamId, asked, statementTimeoutMs, deadlineMs, mask } = request
  const csv = new PassThrough()
  // Whoever reads it is told; that nobody reads it any more is no reason to die.
  csv.on('error', () => undefined)
  const begun = Promise.withResolvers<void>()
  const tooSlow = setTimeout(
    () => csv.destroy(new Error(`this was not taken within ${deadlineMs} ms`)),
    deadlineMs,
  ).unref()
  readOneMoment(pool, { doing: `writing ${view}.csv`, statementTimeoutMs }, async (client) => {
    await namesOf(client, teamId, asked)
    const period = asked.days === null ? null : await periodOf(client, teamId, asked.days)
    const columns = await columnsOf(client, view)
    const { sql, values } = csvQuery(view, columns.map(asText).join(', '), { teamId, asked, period })
    await client.query(`declare rows no scroll cursor for ${sql}`, values)
    const first = await fetchRows(client)
    begun.resolve()
    const lines = columns.map(({ name }) => name).join(',')
    await pipeline(async function* () {
      yield `\ufeff${lines}\r\n`
      const isText = columns.map(({ type }) => type === 'text')
      for (let rows = first; rows.length > 0; rows = await fetchRows(client)) {
        yield mask(rows.map((row) => toLine(row, isText)).join(''))
      }
    }, csv)
  })
    .catch((error: Error) => {
      begun.reject(error)
      csv.destroy(error)
    })
    .finally(() => clearTimeout(tooSlow))
  await begun.promise
  return csv
}

type Row = readonly (string | null)[]

async function fetchRows(client: Client): Promise<readonly Row[]> {
  const { rows } = await client.query<(string | null)[]>({
    text: `fetch ${ROWS_AT_ONCE} from rows`,
    rowMode: 'array',
  })
  return rows
}

interface Column {
  readonly name: string
  readonly type: string
}

async function columnsOf(client: Client, view: CsvViewName): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `select column_name as name, data_type as type from reporting.data_dictionary
     where schema_name = 'reporting' and view_name = $1 order by position`,
    [view],
  )
  const { without = [] } = csvViews[view]
  return rows.filter(({ name }) => !without.includes(name))
}

/** Whatever style of dates the database is set to. */
function asText({ name, type }: Column): string {
  if (type === 'timestamp with time zone') return instant(`"${name}"`)
  return type === 'date' ? `to_char("${name}", 'YYYY-MM-DD')` : `"${name}"::text`
}

function toLine(row: Row, isText: readonly boolean[]): string {
  return `${row.map((value, index) => toField(value, isText[index] ?? true)).join(',')}\r\n`
}

export function toField(value: string | null, isText: boolean): string {
  if (value === null) return ''
  const harmless = isText && /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return harmless === '' || /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
