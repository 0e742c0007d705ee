/** A filled database of 0.1.0 (test/fixtures) is upgraded without losing a row, or refused without a change. */
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { exitCodes } from '../src/errors.ts'
import { failsBadly, runChecks } from '../src/quality/run-checks.ts'
import { startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import {
  assertSchemaIsCurrent,
  inspectSchema,
  migrateDatabase,
  SchemaVersionError,
} from '../src/store/migrate/migrate.ts'
import type { Pool } from '../src/store/postgres/database.ts'
import { describeOurs } from './support/catalog.ts'
import { createDatabase, createTestDatabase, dropDatabase, type TestDatabase } from './support/database.ts'
import { openMirror } from './support/mirror.ts'
import { apiKey } from './support/pass.ts'

const fixture = readFileSync(new URL('fixtures/0.1.0.sql', import.meta.url), 'utf8')
/** The NUMBER_KEY it was filled with. */
const numberKey = '0123456789abcdef'.repeat(4)
let template: string
const cleanups: (() => unknown)[] = []

beforeAll(async () => {
  const { url, name } = await createDatabase(inject('serverUrl'))
  template = name
  cleanups.push(() => dropDatabase(inject('serverUrl'), name))
  const client = new pg.Client({ connectionString: url, ssl: false })
  await client.connect()
  await client.query(fixture)
  await client.end()
})
afterAll(async () => {
  for (const cleanUp of cleanups.reverse()) await cleanUp()
})

/** As version 0.1.0 left it, before its release. */
async function filledDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase({ template })
  cleanups.push(() => database.drop())
  return database
}

/** The columns of each table but the ledgers. */
async function tablesOf(pool: Pool): Promise<{ table: string; columns: string }[]> {
  const { rows } = await pool.query<{ table: string; columns: string }>(
    `select c.oid::regclass::text as table, string_agg(quote_ident(attname), ', ' order by attnum) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and attnum > 0 and not attisdropped
     where relnamespace = 'allo'::regnamespace and relkind = 'r'
       and relname not in ('migrations', 'repeatable_migrations') group by c.oid order by 1`,
  )
  return rows
}

/** `table: count digest` of each of the tables, in these columns only: an upgrade may add others. */
async function digestOfRows(pool: Pool, tables: readonly { table: string; columns: string }[]) {
  const digests: string[] = []
  for (const { table, columns } of tables) {
    const { rows } = await pool.query<{ line: string }>(
      `select format('%s: %s %s', $1::text, count(*), md5(string_agg(row::text, E'\\n' order by row::text))) as line
       from (select ${columns} from ${table}) as row`,
      [table],
    )
    digests.push(rows[0]?.line ?? '')
  }
  return digests
}

const ledgerOf = async (pool: Pool) => (await pool.query('select * from allo.migrations order by id')).rows

test('an upgraded 0.1.0 has every row it had, and the catalog of a fresh database', async () => {
  const { url, pool } = await filledDatabase()
  const tables = await tablesOf(pool)
  const before = await digestOfRows(pool, tables)
  expect(before.filter((line) => / 0 /.test(line))).toEqual([])
  expect(await inspectSchema(pool)).toMatchObject({ state: 'behind' })
  await expect(assertSchemaIsCurrent(pool)).rejects.toThrow(/run `allo-queue-mirror migrate` first/)

  await migrateDatabase(url)

  expect(await digestOfRows(pool, tables)).toEqual(before)
  expect(await inspectSchema(pool)).toMatchObject({ state: 'current' })
  const fresh = await createTestDatabase()
  cleanups.push(() => fresh.drop())
  expect(await describeOurs(pool)).toEqual(await describeOurs(fresh.pool))
  const hashes = async (pool: Pool) =>
    (await ledgerOf(pool)).map(({ hash, created_at }) => [hash, created_at])
  expect(await hashes(pool)).toEqual(await hashes(fresh.pool))
})

test('an upgraded 0.1.0 works in every view, passes its checks and accepts new readings', async () => {
  const { url, pool } = await filledDatabase()
  await migrateDatabase(url)

  const { rows: views } = await pool.query<{ name: string }>(
    `select oid::regclass::text as name from pg_class where relkind = 'v' and relname <> 'pg_stats'
       and relnamespace in ('reporting'::regnamespace, 'reporting_pii'::regnamespace)`,
  )
  for (const { name } of views) await pool.query(`select * from ${name}`)
  const { rows: teams } = await pool.query<{ team_id: string }>('select team_id from allo.teams')
  for (const { team_id } of teams) {
    const { results } = await runChecks(pool, team_id, { deep: () => {} })
    expect(results.filter(failsBadly).map(({ name }) => name)).toEqual(['freshness'])
  }

  const world = createWorld({ seed: 'a new team', teammates: 2, numbersPerQueue: 3 })
  const allo = await startSimulatedAllo({ world, apiKey, readsPerSecond: null })
  cleanups.push(() => allo.close())
  const env = { NUMBER_KEY: numberKey }
  const mirror = await openMirror({ simulated: allo, databaseUrl: url, apiKey, env })
  cleanups.push(() => mirror.close())
  expect((await mirror.pass()).status).toBe('ok')
})

test('two processes at once upgrade a 0.1.0 once', async () => {
  const { url, pool } = await filledDatabase()
  const tables = await tablesOf(pool)
  const before = await digestOfRows(pool, tables)
  const migrated = await Promise.all([migrateDatabase(url), migrateDatabase(url)])
  expect(migrated.map(({ hasNewViews }) => hasNewViews).sort()).toEqual([false, true])
  expect(await digestOfRows(pool, tables)).toEqual(before)
  expect(await inspectSchema(pool)).toMatchObject({ state: 'current' })
})

test.each([
  [
    'an earlier development state',
    'delete from allo.migrations where id = 13',
    /^the database was made by a development version before 0.1.0 \(12 migrations\), which this version can't upgrade: check out commit f0990d5 of allo-queue-mirror, run `allo-queue-mirror migrate` there, then run it with this version; nothing was changed$/,
  ],
  [
    'a development state that was edited later',
    `update allo.migrations set hash = 'of an edited file' where id = 6`,
    /^the database was made by a development version before 0.1.0 \(13 migrations\), which this version can't upgrade: use the program that made it, or give this version an empty database; nothing was changed$/,
  ],
  [
    'a migration whose file is another one now',
    `delete from allo.migrations; insert into allo.migrations (hash, created_at) values ('of another file', 1795660628993)`,
    /^migration 0000_create_the_tables is not the one that was applied to the database: use the version that applied it; nothing was changed$/,
  ],
])('%s is refused and not changed', async (_, change, says) => {
  const { url, pool } = await filledDatabase()
  await pool.query(change)
  const state = async () => [
    await digestOfRows(pool, await tablesOf(pool)),
    await describeOurs(pool),
    await ledgerOf(pool),
  ]
  const before = await state()

  await expect(migrateDatabase(url)).rejects.toThrow(SchemaVersionError)
  await expect(migrateDatabase(url)).rejects.toMatchObject({
    message: expect.stringMatching(says),
    exitCode: exitCodes.configuration,
  })
  await expect(assertSchemaIsCurrent(pool)).rejects.toThrow(says)

  expect(await state()).toEqual(before)
})
