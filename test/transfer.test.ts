/** What an export contains, and that an import restores it to the last bit, completely or not at all. */
import { getTableName } from 'drizzle-orm'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { columnNamesOf, exportedTables, tablesLeftOut } from '../src/transfer/tables.ts'
import { describeOurs } from './support/catalog.ts'
import { createTestDatabase, dropDatabase, type TestDatabase } from './support/database.ts'
import { createMigratedFixture, exportText, importInto, rowsOf } from './support/transfer.ts'

const cleanups: (() => unknown)[] = []
let template: string

beforeAll(async () => {
  const { name } = await createMigratedFixture()
  template = name
  cleanups.push(() => dropDatabase(inject('serverUrl'), name))
})
afterAll(async () => {
  for (const cleanUp of cleanups.reverse()) await cleanUp()
})

async function open(options: Parameters<typeof createTestDatabase>[0] = {}): Promise<TestDatabase> {
  const database = await createTestDatabase(options)
  cleanups.push(() => database.drop())
  return database
}

test('each table of schema allo is exported with all its columns, or is named as left out', async () => {
  const { pool } = await open()
  const { rows } = await pool.query<{ table: string; columns: string[] }>(
    `select relname as table, array_agg(attname::text order by attname::text) as columns
     from pg_class c join pg_attribute a on attrelid = c.oid and attnum > 0 and not attisdropped
     where relnamespace = 'allo'::regnamespace and relkind in ('r', 'p') group by 1`,
  )
  const inDatabase = Object.fromEntries(rows.map(({ table, columns }) => [table, columns]))
  const exported = Object.fromEntries(
    exportedTables.map((table) => [getTableName(table), columnNamesOf(table).sort()]),
  )
  for (const name of tablesLeftOut) delete inDatabase[name]
  expect(exported).toEqual(inDatabase)
})

/** Values that JSON, a JavaScript number or Date, or careless quoting would change. */
const odd = `
  update allo.teams set name = E'tab\\there\\nnew\\\\N "line" \\r\\u0001\\u2028 Zoë 李 \\u{1F4DE}'::text, history_from = '-infinity';
  update allo.teammates set extra = '{"n": 1e400, "m": 0.10000000000000000001, "s": "a\\\\tb\\"\\u00e9", "big": 9007199254740993}'::jsonb,
    last_observed_at = '2026-01-02 03:04:05.678901+00', left_at = 'infinity';
  update allo.queue_numbers set row_digest = -9223372036854775808 where position = 0;
  update allo.queue_numbers set row_digest = 9007199254740993, number_to = '' where position = 1;
  update allo.settings set speed_to_lead_seconds = 0.1::float8 + 0.2::float8, conversion_tags = array['a,b', '{"q"}', null, 'NULL', '', E'\\\\'];
  insert into allo.read_slots (key_fingerprint, next_slot_at, counted_day, counted_requests)
    values ('of no key', '4713-01-01 00:00:00.000001 BC', 'infinity', 7);
  insert into allo.calls (team_id, call_id, dialled_at, known_at, result, tags)
    select team_id, call_id, dialled_at, 'infinity', '\\\\.', '["x", null, {"a": []}]' from allo.dials
    where call_id is not null and dialled_at is not null limit 5;`

test('an imported mirror has every row of the exported one, to the last bit, and gives new ids', async () => {
  const source = await open({ template })
  await source.pool.query(odd.replaceAll('\\u{1F4DE}', '📞'))
  const target = await open()
  const text = await exportText(source.pool)
  const catalog = await describeOurs(target.pool)

  expect(await importInto(target.pool, text)).toMatchObject({ outcome: 'imported' })

  expect(await describeOurs(target.pool)).toEqual(catalog)
  const before = await rowsOf(source.pool)
  expect(Object.entries(before).filter(([, rows]) => rows.length === 0)).toEqual([])
  expect(await rowsOf(target.pool)).toEqual(before)
  const nextIds = async ({ pool }: TestDatabase) =>
    (
      await pool.query(
        `select nextval('allo.queue_entries_entry_id_seq'), nextval('allo.dials_dial_id_seq'),
         nextval('allo.sync_passes_pass_id_seq'), nextval('allo.incidents_incident_id_seq')`,
      )
    ).rows
  expect(await nextIds(target)).toEqual(await nextIds(source))
  const { rows: unknown } = await target.pool.query(
    `select relname from pg_class where relnamespace = 'allo'::regnamespace and relkind = 'r' and reltuples < 0
       and relname <> all ($1)`,
    [tablesLeftOut],
  )
  expect(unknown).toEqual([])
})

test('a second import of the same export changes nothing, also after the mirror has changed', async () => {
  const source = await open({ template })
  const target = await open()
  const text = await exportText(source.pool)
  await importInto(target.pool, text)
  await target.pool.query('delete from allo.reading_gaps')
  const before = await rowsOf(target.pool)
  expect(await importInto(target.pool, text)).toEqual({ outcome: 'was_imported', at: expect.any(String) })
  expect(await rowsOf(target.pool)).toEqual(before)
})

test('an export shows one moment, while a worker writes', async () => {
  const source = await open({ template })
  const before = await rowsOf(source.pool)
  const text = await exportText(source.pool, async (line) => {
    if (!line.includes('"teams"')) return
    await source.pool.query(
      `update allo.teams set name = 'later'; delete from allo.sync_reads; update allo.dials set outcome = 'later';
       insert into allo.queue_entries (queue_id, first_seen_at, outcome) values ('later', now(), 'remaining')`,
    )
  })
  const target = await open()
  await importInto(target.pool, text)
  expect(await rowsOf(target.pool)).toEqual(before)
})
