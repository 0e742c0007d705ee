/**
 * The contract of schema reporting: no column disappears or changes, and all of them are described. `-u` writes the
 * list, and the row types of the library.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { reportingRows, typeInTypeScript } from './support/reporting-rows.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database?.drop())

/** A value of each type, where it is not 1. */
const samples: Readonly<Record<string, string>> = {
  boolean: 'true',
  date: '2026-04-30',
  'timestamp with time zone': '2026-04-30T10:00:00Z',
}

async function published(): Promise<string[]> {
  const { rows } = await database.pool.query<{ line: string }>(
    `select schema_name || '.' || view_name || ' ' || column_name || ' ' || data_type as line
     from reporting.data_dictionary where kind = 'view'
     union all
     select 'function ' || p.oid::regprocedure || ' ' || pg_get_function_result(p.oid)
     from pg_proc p where pronamespace in ('reporting'::regnamespace, 'reporting_pii'::regnamespace)`,
  )
  return rows.map(({ line }) => line).sort()
}

describe('schema reporting', () => {
  test('has exactly the columns and types of the committed list', async () => {
    await expect(`${(await published()).join('\n')}\n`).toMatchFileSnapshot('reporting-contract.txt')
  })

  test('has exactly the row types that the library exports', async () => {
    await expect(await reportingRows(database.pool)).toMatchFileSnapshot('../src/library/reporting-rows.ts')
  })

  test('has row types of what node-postgres makes of each type', async () => {
    const types = Object.keys(typeInTypeScript)
    const columns = types.map((type, nth) => `'${samples[type] ?? '1'}'::${type} as c${nth}`)
    const { rows } = await database.pool.query<Record<string, unknown>>(`select ${columns.join(', ')}`)
    const found = Object.values(rows[0] ?? {}).map((value) => (value instanceof Date ? 'Date' : typeof value))
    expect(found).toEqual(Object.values(typeInTypeScript))
  })

  test('says of every view what one row is and which question it answers, and what every column means', async () => {
    const { rows } = await database.pool.query(
      `select view_name, column_name from reporting.data_dictionary
       where coalesce(meaning, '') = '' or kind = 'view' and view_meaning !~ '^One row per .*\\?' or meaning ~ '^[a-z]+ .*[^.]$'`,
    )
    expect(rows).toEqual([])
  })

  test('has team_id in every view with data of a team', async () => {
    const { rows } = await database.pool.query<{ view_name: string }>(
      `select view_name from reporting.data_dictionary where kind = 'view' group by 1 having not 'team_id' = any (array_agg(column_name))
       order by 1`,
    )
    expect(rows.map(({ view_name }) => view_name)).toEqual(['data_dictionary', 'outcome_definitions'])
  })

  test('has numeric rates, so that they can be rounded', async () => {
    const { rows } = await database.pool.query(
      `select distinct data_type from reporting.data_dictionary where column_name ~ '(^|_)rate(_low|_high)?$'`,
    )
    expect(rows).toEqual([{ data_type: 'numeric' }])
  })

  test('lists its functions in data_dictionary, with their arguments and a meaning of each result', async () => {
    const { rows } = await database.pool.query<{ view_name: string; columns: string[]; arguments: string }>(
      `select view_name, array_agg(column_name order by position) as columns, min(arguments) as arguments
       from reporting.data_dictionary where kind = 'function' group by 1 order by 1`,
    )
    expect(rows.map(({ view_name }) => view_name)).toEqual([
      'queue_as_of',
      'rate',
      'rate_high',
      'rate_low',
      'start_of_day',
      'unread_time',
      'unread_times',
    ])
    expect(rows[0]).toMatchObject({
      arguments: 'user_id text, at timestamp with time zone',
      columns: expect.arrayContaining(['answer', 'read_at', 'outcome']),
    })
    expect(rows[1]).toMatchObject({ columns: ['rate'] })
  })

  test('contains no phone number, no interval, no json and no array', async () => {
    const { rows } = await database.pool.query(
      `select view_name, column_name from reporting.data_dictionary
       where schema_name = 'reporting' and (column_name in ('number_to', 'extra') or data_type ~ 'interval|json|\\[\\]')`,
    )
    expect(rows).toEqual([])
  })
})
