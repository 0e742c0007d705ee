/** The row types of schema `reporting` that the library exports, made from `reporting.data_dictionary`. */
import type { Pool } from '../../src/store/postgres/database.ts'

interface Column {
  readonly view: string
  readonly column: string
  readonly type: string
  readonly meaning: string
  readonly viewMeaning: string
}

/** What node-postgres makes of each type of column. It leaves a bigint and a numeric as text, which loses no digit. */
export const typeInTypeScript: Readonly<Record<string, string>> = {
  text: 'string',
  bigint: 'string',
  numeric: 'string',
  integer: 'number',
  'double precision': 'number',
  boolean: 'boolean',
  date: 'Date',
  'timestamp with time zone': 'Date',
}

/** TypeScript, as the formatter writes it. Throws for a column of a type that is not in the list. */
export async function reportingRows(pool: Pool): Promise<string> {
  const { rows } = await pool.query<Column>(
    `select view_name as view, column_name as column, data_type as type, meaning, view_meaning as "viewMeaning"
     from reporting.data_dictionary d
     where schema_name = 'reporting' and (kind = 'view' or column_name <> view_name)
     order by view_name, position`,
  )
  const views = Map.groupBy(rows, ({ view }) => view)
  return [
    '/** Written by `npm run test:unit -- test/reporting-contract.test.ts -u`. Do not edit. */',
    '',
    '/**',
    ' * The rows of the views of schema `reporting`, and of its functions that return rows, as node-postgres returns them.',
    ' * It leaves `bigint` and `numeric` as text, because a number would lose digits. Postgres does not say which columns of',
    ' * a view are never null, so all may be.',
    ' */',
    'export interface ReportingRows {',
    ...[...views].flatMap(([view, columns]) => typeOf(view, columns)),
    '}',
    '',
  ].join('\n')
}

function typeOf(view: string, columns: readonly Column[]): string[] {
  return [
    `  /** ${columns[0]?.viewMeaning} */`,
    `  readonly ${view}: {`,
    ...columns.flatMap(({ column, type, meaning }) => {
      const inTypeScript = typeInTypeScript[type]
      if (inTypeScript === undefined) throw new Error(`${view}.${column}: what is a ${type} in TypeScript?`)
      return [`    /** ${meaning} */`, `    readonly ${column}: ${inTypeScript} | null`]
    }),
    '  }',
  ]
}
