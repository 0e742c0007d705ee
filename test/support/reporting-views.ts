/** Rows of schema reporting as comparable values: times are whole microseconds since 1970, days are text. */
import type { Pool } from '../../src/store/postgres/database.ts'

/** Rows of a view, in no order. `teamId` undefined: of all teams. */
export async function readView<Row extends object>(
  pool: Pick<Pool, 'query'>,
  view: string,
  teamId?: string,
): Promise<Row[]> {
  const { rows: columns } = await pool.query<{ name: string; type: string }>(
    `select column_name as name, data_type as type from reporting.data_dictionary
     where schema_name || '.' || view_name = $1 order by position`,
    [view],
  )
  const list = columns.map(({ name, type }) => `${asValue(`v.${name}`, type)} as ${name}`)
  const filter = teamId === undefined ? '' : 'where v.team_id = $1'
  const { rows } = await pool.query<Row>(
    `select ${list.join(', ')} from ${view} v ${filter}`,
    teamId === undefined ? [] : [teamId],
  )
  return rows
}

function asValue(column: string, type: string): string {
  if (type === 'timestamp with time zone') return micros(column)
  if (type === 'bigint' || type === 'numeric') return `${column}::float8`
  return type === 'date' ? `to_char(${column}, 'YYYY-MM-DD')` : column
}

export const micros = (instant: string) => `(extract(epoch from ${instant}) * 1000000)::float8`
export const fromMicros = (number: string) => `timestamptz 'epoch' + ${number} * interval '1 microsecond'`

/** Where two sets of rows, each under its key, are not the same: in words, a few of them. No words, no difference. */
export function mismatches(
  found: ReadonlyMap<string, object>,
  expected: ReadonlyMap<string, object>,
): readonly string[] {
  const problems = [...new Set([...found.keys(), ...expected.keys()])].flatMap((key) => {
    const [is, should] = [found.get(key), expected.get(key)]
    if (is === undefined || should === undefined) return [`${key} is ${is ? 'too much' : 'missing'}`]
    const [of, as] = [new Map(Object.entries(is)), new Map(Object.entries(should))]
    const columns = [...new Set([...of.keys(), ...as.keys()])]
    return columns.flatMap((column) => {
      const [one, other] = [of.get(column), as.get(column)]
      return isSame(one, other)
        ? []
        : [`${key}: ${column} is ${JSON.stringify(one)}, should be ${JSON.stringify(other)}`]
    })
  })
  return problems.length <= 6 ? problems : [...problems.slice(0, 6), `and ${problems.length - 6} more`]
}

/** Shares and seconds are reckoned in another order here than there. */
function isSame(one: unknown, other: unknown): boolean {
  if (typeof one === 'number' && typeof other === 'number') return Math.abs(one - other) < 1e-5
  return JSON.stringify(one) === JSON.stringify(other)
}

export function byKey<Row>(rows: readonly Row[], key: (row: Row) => string): Map<string, Row> {
  const map = new Map(rows.map((row) => [key(row), row]))
  if (map.size !== rows.length) throw new Error(`${rows.length - map.size} rows have the key of another one`)
  return map
}

export function without<Row extends object>(row: Row, ...columns: readonly string[]): Row {
  const kept = Object.entries(row).filter(([column]) => !columns.includes(column))
  return Object.fromEntries(kept) as Row
}
