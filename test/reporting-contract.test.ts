/**
 * The contract of schema reporting: no column disappears or changes, and all of them are described. `-u` writes the
 * list.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from './support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database?.drop())

async function published(): Promise<string[]> {
  const { rows } = await database.pool.query<{ line: string }>(
    `select schema_name || '.' || view_name || ' ' || column_name || ' ' || data_type as line
     from reporting.data_dictionary
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

  test('says of every view what one row is and which question it answers, and what every column means', async () => {
    const { rows } = await database.pool.query(
      `select view_name, column_name from reporting.data_dictionary
       where coalesce(meaning, '') = '' or view_meaning !~ '^One row per .*\\?' or meaning ~ '^[a-z]+ .*[^.]$'`,
    )
    expect(rows).toEqual([])
  })

  test('has team_id in every view with data of a team', async () => {
    const { rows } = await database.pool.query<{ view_name: string }>(
      `select view_name from reporting.data_dictionary group by 1 having not 'team_id' = any (array_agg(column_name))
       order by 1`,
    )
    expect(rows.map(({ view_name }) => view_name)).toEqual(['data_dictionary', 'outcome_definitions'])
  })

  test('contains no phone number, no interval, no json and no array', async () => {
    const { rows } = await database.pool.query(
      `select view_name, column_name from reporting.data_dictionary
       where schema_name = 'reporting' and (column_name in ('number_to', 'extra') or data_type ~ 'interval|json|\\[\\]')`,
    )
    expect(rows).toEqual([])
  })
})
