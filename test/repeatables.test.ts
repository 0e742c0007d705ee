/** Views, functions and comments are files that are applied again when they change, over any earlier state. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { setUpRoles } from '../src/access/roles.ts'
import { assertSchemaIsCurrent, inspectSchema, migrateDatabase } from '../src/store/migrate/migrate.ts'
import { readRepeatables } from '../src/store/migrate/repeatables.ts'
import { describeOurs } from './support/catalog.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { apply, nextVersion, sealed } from './support/repeatables.ts'

const prefix = `t_${randomBytes(5).toString('hex')}`
let database: TestDatabase
let fresh: string[]

beforeAll(async () => {
  database = await createTestDatabase()
  await setUpRoles(database.pool, prefix)
  // Rights that are not given by default: on one view, on one column, on a function.
  await database.pool.query(
    `create role ${prefix}_owner; create role ${prefix}_other; grant usage on schema reporting to ${prefix}_other`,
  )
  await database.pool.query(`grant select on reporting.stale_numbers to ${prefix}_other with grant option`)
  await database.pool.query(`grant select (queue_id) on reporting.current_numbers to ${prefix}_other`)
  await database.pool.query(`grant execute on function allo.rate to ${prefix}_other`)
  await database.pool.query(`revoke select on reporting.current_numbers from ${prefix}_writer`)
  fresh = await describeOurs(database.pool)
})
afterAll(async () => {
  const roles = ['owner', 'other', 'writer', 'bi_reader', 'bi_pii']
    .map((role) => `${prefix}_${role}`)
    .join(', ')
  await database.pool.query(`drop owned by ${roles} cascade; drop role ${roles}`)
  await database.drop()
})
beforeEach(async () => {
  await database.pool.query('drop schema if exists bi cascade; create schema bi')
})

test('the set of files has a number, which grows with each change', async () => {
  // After a change: npm run test:unit -- test/repeatables.test.ts -u
  await expect(sealed()).toMatchFileSnapshot('../migrations/repeatable/version.json')
})

test('every function has a body that was bound at its creation, or its own search path', async () => {
  const { rows } = await database.pool.query(
    `select p.oid::regprocedure::text as name from pg_proc p join pg_language l on l.oid = p.prolang
     where pronamespace in ('allo'::regnamespace, 'reporting'::regnamespace, 'reporting_pii'::regnamespace)
       and not case l.lanname when 'sql' then p.prosqlbody is not null
         else 'search_path=pg_catalog, pg_temp' = any (coalesce(p.proconfig, '{}')) end`,
  )
  expect(rows).toEqual([])
})

test('the views call no function per row for the mask, the outcomes and the rates', async () => {
  const { rows: views } = await database.pool.query<{ name: string }>(
    `select oid::regclass::text as name from pg_class where relkind = 'v' and relnamespace = 'reporting'::regnamespace`,
  )
  const called = new Set<string>()
  for (const { name } of views) {
    const { rows } = await database.pool.query<{ 'QUERY PLAN': string }>(
      `explain (verbose, costs off) select * from ${name}`,
    )
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    for (const [call] of plan.matchAll(/\ballo\.\w+(?=\()/g)) called.add(call)
  }
  // The zone is asked of a table, so the first instant of a day is no plain expression. Few numbers are addresses. Seconds
  // are counted once per teammate and day. Looks are listed once per query.
  expect([...called].sort()).toEqual([
    'allo.looks_on_record',
    'allo.masked_address',
    'allo.seconds_within',
    'allo.start_of_day',
  ])
})

describe('a changed file', () => {
  test('is applied by migrate, and until then the database is behind', async () => {
    const { pool, url } = database
    await pool.query(
      `update allo.repeatable_migrations set sha256 = 'of an older file' where name like '20%'`,
    )
    await pool.query(`comment on function allo.rate is 'older'`)
    expect(await inspectSchema(pool)).toMatchObject({ state: 'behind' })
    await expect(assertSchemaIsCurrent(pool)).rejects.toThrow(
      'the database has views and functions that are not those of this version: run `allo-queue-mirror migrate` first',
    )
    expect(await migrateDatabase(url)).toEqual({ migrations: 0, hasNewViews: true })
    expect(await migrateDatabase(url)).toEqual({ migrations: 0, hasNewViews: false })
    expect(await describeOurs(pool)).toEqual(fresh)
  })

  test('replaces what an older version left: bodies as text, other columns, or no views', async () => {
    const { pool, url } = database
    await pool.query(
      `create or replace function allo.masked_number(number_to text) returns text language sql immutable parallel safe
       as $$ select right(number_to, 2) $$`,
    )
    await pool.query(
      `drop view reporting.coverage_gaps, reporting.outcome_definitions;
       create view reporting.outcome_definitions as select 1 as priority, false as outcome`,
    )
    await pool.query('drop table allo.repeatable_migrations')
    expect(await inspectSchema(pool)).toMatchObject({ state: 'behind' })
    await migrateDatabase(url)
    await setUpRoles(pool, prefix)
    const changed = /outcome_definitions|coverage_gaps|current_numbers/
    const others = (lines: string[]) => lines.filter((line) => !changed.test(line))
    expect(others(await describeOurs(pool))).toEqual(others(fresh))
    const { rows } = await pool.query('select count(*)::int as outcomes from reporting.outcome_definitions')
    expect(rows).toEqual([{ outcomes: 7 }])
    await pool.query(`revoke select on reporting.current_numbers from ${prefix}_writer`)
  })

  test('of a newer version is not replaced by this version', async () => {
    const { pool, url } = database
    const next = nextVersion([
      ['Rate from 0 to 1; null', 'Rate; null'],
      ['-- Whether the data', '-- How far data'],
    ])
    await apply(pool, next)
    const before = await describeOurs(pool)
    expect(await inspectSchema(pool)).toMatchObject({ state: 'ahead' })
    const says = `the database was migrated by a newer version (views and functions number ${next.version}, this version knows ${next.version - 1}): upgrade allo-queue-mirror; nothing was changed`
    await expect(migrateDatabase(url)).rejects.toThrow(says)
    await expect(assertSchemaIsCurrent(pool)).rejects.toThrow(says)
    expect(await describeOurs(pool)).toEqual(before)
    await apply(pool, readRepeatables())
    expect(await describeOurs(pool)).toEqual(fresh)
  })
})

describe("a view that Postgres can't replace", () => {
  const renamed = nextVersion([
    [
      'n.position, q.user_id, t.name AS teammate_name, n.entry_id',
      'n.position, q.user_id, t.name AS who, n.entry_id',
    ],
    [
      'SELECT team_id, queue_id, position, user_id, teammate_name, entry_id',
      'SELECT team_id, queue_id, position, user_id, who, entry_id',
    ],
    [
      `('voicemail_left', 'Allo''s field: a voicemail was left.')`,
      `('voicemail_left', 'Allo''s field: a voicemail was left.'), ('who', 'Who it is.')`,
    ],
  ])

  test('is created again with its owner and rights, and so are our views that depend on it', async () => {
    const { pool } = database
    await pool.query(`alter view reporting.stale_numbers owner to ${prefix}_owner`)
    const owned = await describeOurs(pool)
    await apply(pool, renamed)
    const lines = await describeOurs(pool)
    const isRights = (line: string) => /^relation reporting\.(current|stale)_numbers /.test(line)
    const rights = (all: string[]) => all.filter(isRights).map((line) => line.replace(/ One row per .*/s, ''))
    expect(rights(lines)).toEqual(rights(owned))
    expect(
      lines.filter((line) => line.startsWith('column') && line.includes('_numbers who text')),
    ).toHaveLength(2)
    await apply(pool, readRepeatables())
    expect(await describeOurs(pool)).toEqual(owned)
    await pool.query('alter view reporting.stale_numbers owner to current_user')
    expect(await describeOurs(pool)).toEqual(fresh)
  })

  test('is kept, and nothing is migrated, if an object of the customer depends on it: the message names that object', async () => {
    const { pool } = database
    await pool.query('create view bi.mine as select entry_id from reporting.stale_numbers')
    await pool.query('create materialized view bi.kept as select entry_id from bi.mine')
    await expect(apply(pool, renamed)).rejects.toThrow(
      'view reporting.current_numbers must be replaced, and other objects depend on it: materialized view bi.kept, view bi.mine. Drop them, run `allo-queue-mirror migrate`, and create them again; nothing was changed',
    )
    expect(await describeOurs(pool)).toEqual(fresh)
    await pool.query('refresh materialized view bi.kept')
  })

  test('keeps views of the customer that depend on it if it only gets columns at its end', async () => {
    const { pool } = database
    await pool.query('create view bi.mine as select * from reporting.sync_passes')
    await apply(
      pool,
      nextVersion([
        ['p.version, p.gap_after_seconds', 'p.version, p.gap_after_seconds, p.job_id AS trigger_job'],
        [
          `('user_id', 'The teammate who held the queue at that time.')`,
          `('user_id', 'The teammate who held the queue at that time.'), ('trigger_job', 'Its job.')`,
        ],
      ]),
    )
    await pool.query('select * from bi.mine')
    expect((await pool.query('select trigger_job from reporting.sync_passes')).rows).toEqual([])
    await pool.query('drop view bi.mine')
    await apply(pool, readRepeatables())
    expect(await describeOurs(pool)).toEqual(fresh)
  })
})

test('a function with another result type is created again together with the views that call it', async () => {
  const { pool } = database
  const changed = nextVersion([
    [
      'FUNCTION allo.rate(part bigint, whole bigint) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE\n  RETURN (part / nullif(whole, 0)::double precision)::numeric',
      'FUNCTION allo.rate(part bigint, whole bigint) RETURNS real LANGUAGE sql IMMUTABLE PARALLEL SAFE\n  RETURN (part / nullif(whole, 0)::double precision)::real',
    ],
    [
      'reporting.rate(part numeric, whole numeric) RETURNS numeric',
      'reporting.rate(part numeric, whole numeric) RETURNS real',
    ],
  ])
  await apply(pool, changed)
  const { rows } = await pool.query(
    `select distinct data_type from reporting.data_dictionary where column_name in ('connection_rate', 'penetration_rate')`,
  )
  expect(rows).toEqual([{ data_type: 'real' }])
  await apply(pool, readRepeatables())
  expect(await describeOurs(pool)).toEqual(fresh)
})
