/** The group roles, how they are created and kept, and what a login that is a member can and can't do. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { grantLogin } from '../src/access/login.ts'
import { type RoleNames, roleNames, setUpRoles } from '../src/access/roles.ts'
import { prepareDatabase } from '../src/commands/open/prepare-database.ts'
import { runChecks } from '../src/quality/run-checks.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { openPool, type Pool } from '../src/store/postgres/database.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { apiKey, runPass } from './support/pass.ts'

const word = () => `t_${randomBytes(5).toString('hex')}`
const made: { prefixes: string[]; logins: string[]; databases: TestDatabase[] } = {
  prefixes: [],
  logins: [],
  databases: [],
}

function newPrefix(): string {
  const prefix = word()
  made.prefixes.push(prefix)
  return prefix
}

async function newDatabase(options?: { empty: boolean }): Promise<TestDatabase> {
  const database = await createTestDatabase(options)
  made.databases.push(database)
  return database
}

/** A login of the server, and a pool of it in the database; `rights` as CREATE ROLE takes them. */
async function newLogin(
  database: TestDatabase,
  rights = '',
): Promise<{ name: string; url: string; pool: Pool }> {
  const name = word()
  made.logins.push(name)
  await database.pool.query(`create role ${name} login password 'only here' ${rights}`)
  return { name, ...connectionOf(database, name) }
}

const pools: Pool[] = []
function connectionOf(database: TestDatabase, login: string, password = 'only here') {
  const url = new URL(database.url)
  url.username = login
  url.password = password
  // As other programs connect: with the settings of the login.
  const pool = new pg.Pool({ connectionString: url.href, ssl: false, max: 2 })
  // A database that is dropped ends its sessions, also one that is just being closed.
  pool.on('connect', (client) => client.on('error', () => undefined))
  pools.push(pool)
  return { url: url.href, pool }
}

/** Roles of the cluster outlive databases. */
async function removeEverything(): Promise<void> {
  await Promise.all(pools.splice(0).map((pool) => pool.end()))
  for (const database of made.databases.splice(0)) await database.drop()
  const admin = openPool(inject('serverUrl'), { max: 1, name: 'access' })
  const groups = made.prefixes.splice(0).flatMap((prefix) => Object.values(roleNames(prefix)))
  // A role that granted another one can be dropped only after the member.
  for (const role of [...made.logins.reverse(), ...groups, ...made.logins.splice(0)])
    await admin.query(`drop role if exists "${role}"`).catch(() => undefined)
  await admin.end()
}

async function aclsOf({ pool }: TestDatabase): Promise<unknown> {
  const { rows } = await pool.query(
    `select 'relation' as kind, oid::regclass::text as name, relacl::text as acl, xmin::text from pg_class
     where relnamespace in ('allo'::regnamespace, 'reporting'::regnamespace, 'reporting_pii'::regnamespace)
     union all select 'function', oid::regprocedure::text, proacl::text, xmin::text from pg_proc
       where pronamespace in ('allo'::regnamespace, 'reporting'::regnamespace, 'reporting_pii'::regnamespace)
     union all select 'schema', nspname, nspacl::text, xmin::text from pg_namespace
     union all select 'default', format('%s %s', defaclnamespace::regnamespace, defaclobjtype), defaclacl::text, xmin::text
       from pg_default_acl
     order by 1, 2`,
  )
  return rows
}

describe('the group roles', () => {
  afterEach(removeEverything)

  test('exist after a migration, and a second migration changes nothing', async () => {
    const database = await newDatabase({ empty: true })
    const rolePrefix = newPrefix()
    const { migrations, note } = await prepareDatabase({ rolePrefix }, database.url)
    expect([migrations > 0, note]).toEqual([true, null])
    const { rows } = await database.pool.query(
      `select rolname, rolcanlogin, rolsuper, shobj_description(oid, 'pg_authid') as comment from pg_roles
       where starts_with(rolname, $1) order by 1`,
      [rolePrefix],
    )
    expect(rows).toEqual(
      ['bi_pii', 'bi_reader', 'writer'].map((name) => ({
        rolname: `${rolePrefix}_${name}`,
        rolcanlogin: false,
        rolsuper: false,
        comment: expect.stringMatching(/^allo-queue-mirror: reads /),
      })),
    )
    const before = await aclsOf(database)
    expect(await prepareDatabase({ rolePrefix }, database.url)).toEqual({
      migrations: 0,
      hasNewViews: false,
      note: null,
    })
    expect(await aclsOf(database)).toEqual(before)
  })

  test('are the only roles with rights: PUBLIC has no right in our schemas', async () => {
    const database = await newDatabase()
    await setUpRoles(database.pool, newPrefix())
    const { rows } = await database.pool.query(
      `with ours as (select oid, nspname, nspacl, nspowner from pg_namespace where nspname in ('allo', 'reporting', 'reporting_pii'))
       select nspname as name from ours, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) where grantee = 0
       union all select c.oid::regclass::text from pg_class c join ours on ours.oid = relnamespace,
         aclexplode(coalesce(relacl, acldefault(case relkind when 'S' then 's'::"char" else 'r' end, relowner)))
         where grantee = 0 and relkind in ('r', 'v', 'm', 'S')
       union all select p.oid::regprocedure::text from pg_proc p join ours on ours.oid = pronamespace,
         aclexplode(coalesce(proacl, acldefault('f', proowner))) where grantee = 0`,
    )
    expect(rows).toEqual([])
  })

  test('can be created by many processes at once, in several databases of the server', async () => {
    const databases = [await newDatabase(), await newDatabase(), await newDatabase()]
    const prefix = newPrefix()
    const outcomes = await Promise.all(
      [...databases, ...databases].map(({ pool }) => setUpRoles(pool, prefix)),
    )
    expect(outcomes.map(({ areInPlace }) => areInPlace)).toEqual(Array(6).fill(true))
    for (const { pool } of databases) {
      const { areInPlace, note } = await setUpRoles(pool, prefix)
      const others = databases.filter((other) => other.pool !== pool).map(({ name }) => name)
      expect([areInPlace, note]).toEqual([true, expect.stringContaining('may read there. Set ROLE_PREFIX')])
      for (const other of others) expect(note).toContain(other)
    }
  })

  test('are not created by a login without CREATEROLE: everything else works, and a note says so', async () => {
    const database = await newDatabase({ empty: true })
    const { name, url, pool } = await newLogin(database, 'nocreaterole')
    await database.pool.query(`grant create on database ${database.name} to ${name}`)
    const rolePrefix = newPrefix()
    const { migrations, note } = await prepareDatabase({ rolePrefix }, url)
    expect(migrations).toBeGreaterThan(0)
    expect(note).toMatch(
      new RegExp(
        `^The roles ${rolePrefix}_writer, .*, ${rolePrefix}_bi_pii were not created: ${name} may not create roles\\.`,
      ),
    )
    const allo = await startSimulatedAllo({
      world: createWorld({ seed: 2, teammates: 2, numbersPerQueue: 3 }),
      apiKey,
      readsPerSecond: null,
    })
    expect(await runPass(allo, url)).toMatchObject({ status: 'ok' })
    await allo.close()

    // Somebody who may makes them, and the owner of the schemas gives them their rights.
    for (const role of Object.values(roleNames(rolePrefix)))
      await database.pool.query(`create role ${role} nologin`)
    await database.pool.query(`grant ${rolePrefix}_bi_reader to ${rolePrefix}_bi_pii`)
    expect(await setUpRoles(pool, rolePrefix)).toEqual({ areInPlace: true, note: null })
  })

  test('get no rights from a login that does not own the schemas, and a role that can log in gets none', async () => {
    const database = await newDatabase()
    const { pool } = await newLogin(database, 'createrole')
    const prefix = newPrefix()
    expect(await setUpRoles(pool, prefix)).toMatchObject({
      areInPlace: false,
      note: expect.stringContaining(
        'does not own the schemas. Run `allo-queue-mirror migrate` as their owner',
      ),
    })
    await database.pool.query(`create role ${prefix}_bi_reader login`)
    expect(await setUpRoles(database.pool, prefix)).toMatchObject({
      areInPlace: false,
      note: expect.stringMatching(new RegExp(`^A role ${prefix}_bi_reader already exists and can log in`)),
    })
    const { rows } = await database.pool.query(`select from pg_roles where rolname = $1`, [
      `${prefix}_writer`,
    ])
    expect(rows).toEqual([])
  })

  test('need no superuser: a login with CREATEROLE that owns the schemas can create them and further logins', async () => {
    const database = await newDatabase({ empty: true })
    const owner = await newLogin(database, 'createrole')
    await database.pool.query(`grant create on database ${database.name} to ${owner.name}`)
    const rolePrefix = newPrefix()
    expect((await prepareDatabase({ rolePrefix }, owner.url)).note).toBeNull()
    const login = word()
    made.logins.push(login)
    const grant = { login, roles: roleNames(rolePrefix), password: 'a long enough one' }
    await grantLogin(owner.pool, { ...grant, role: 'pii', exists: false })
    await grantLogin(owner.pool, { ...grant, role: 'reader', exists: true })
    const { pool } = connectionOf(database, login, 'a long enough one')
    expect((await pool.query('select * from teams')).rows).toEqual([])
    await expect(pool.query('select * from reporting_pii.numbers')).rejects.toThrow(/permission denied/)
  })

  test('can still read a view after it was created again, and can read a new view', async () => {
    const database = await newDatabase()
    const prefix = newPrefix()
    await setUpRoles(database.pool, prefix)
    await database.pool.query('drop view reporting.outcome_definitions')
    await database.pool.query('create view reporting.outcome_definitions as select 1 as one')
    await database.pool.query('create view reporting_pii.everything as select 2 as two')
    await database.pool.query('create table allo.later (id bigint generated by default as identity)')
    const reader = await newLogin(database, `in role ${prefix}_bi_reader`)
    const pii = await newLogin(database, `in role ${prefix}_bi_pii`)
    const writer = await newLogin(database, `in role ${prefix}_writer`)
    expect((await reader.pool.query('select * from reporting.outcome_definitions')).rows).toEqual([
      { one: 1 },
    ])
    await expect(reader.pool.query('select * from reporting_pii.everything')).rejects.toThrow(
      /permission denied/,
    )
    expect((await pii.pool.query('select * from reporting_pii.everything')).rows).toEqual([{ two: 2 }])
    await writer.pool.query('insert into allo.later default values')
    await expect(reader.pool.query('select * from allo.later')).rejects.toThrow(/permission denied/)
  })
})

describe('a login', () => {
  let database: TestDatabase
  let allo: SimulatedAllo
  let roles: RoleNames
  const world = createWorld({ seed: 6, teammates: 3, numbersPerQueue: 5, calledBefore: 0.5 })

  beforeAll(async () => {
    database = await newDatabase()
    const prefix = newPrefix()
    roles = roleNames(prefix)
    await setUpRoles(database.pool, prefix)
    allo = await startSimulatedAllo({ world, apiKey, readsPerSecond: null })
    await runPass(allo, database.url)
  })
  afterAll(async () => {
    await allo.close()
    await removeEverything()
  })

  async function granted(role: 'reader' | 'pii'): Promise<Pool> {
    const login = word()
    made.logins.push(login)
    await grantLogin(database.pool, { login, role, roles, password: 'pass word', exists: false })
    return connectionOf(database, login, 'pass word').pool
  }

  const namesIn = async (sql: string) =>
    (await database.pool.query<{ name: string }>(sql)).rows.map(({ name }) => name)
  const relationsOf = (schema: string) =>
    namesIn(`select format('${schema}.%I', relname) as name from pg_class
             where relnamespace = '${schema}'::regnamespace and relkind in ('r', 'v', 'm')`)

  test('a reader can read every view and function of schema reporting', async () => {
    const pool = await granted('reader')
    const views = await relationsOf('reporting')
    expect(views.length).toBeGreaterThan(15)
    for (const view of views) await pool.query(`select * from ${view} limit 3`)
    const { rows } = await pool.query('select answer, "position" from reporting.queue_as_of($1, now())', [
      world.keyOwner(),
    ])
    expect(rows.length).toBeGreaterThan(0)
    // Its own schema is where it looks first.
    expect((await pool.query('select team_id from teams')).rows).toHaveLength(1)
  })

  test('a reader can read and call nothing else, whatever settings it changes', async () => {
    const pool = await granted('reader')
    const client = await pool.connect()
    const denied = async (sql: string) =>
      expect(client.query(sql), sql).rejects.toThrow(
        /permission denied|must (be owner|be superuser|have admin option)|cannot (update|delete from) view/,
      )
    await client.query('set default_transaction_read_only = off')
    try {
      for (const relation of [...(await relationsOf('allo')), ...(await relationsOf('reporting_pii'))]) {
        await denied(`select * from ${relation}`)
        await denied(`delete from ${relation}`)
      }
      const functions = await namesIn(
        `select format('%I.%I(%s)', (select nspname from pg_namespace n where n.oid = pronamespace), proname, (select string_agg('null::' || t::regtype, ', ') from unnest(proargtypes) t)) as name
         from pg_proc where pronamespace in ('allo'::regnamespace, 'reporting_pii'::regnamespace)`,
      )
      expect(functions.length).toBeGreaterThan(8)
      for (const called of functions) await denied(`select ${called}`)
      for (const sequence of await namesIn(
        `select format('allo.%I', relname) as name from pg_class where relkind = 'S' and relnamespace = 'allo'::regnamespace`,
      ))
        await denied(`select nextval('${sequence}')`)
      for (const view of await relationsOf('reporting')) {
        await denied(`delete from ${view}`)
        await denied(`drop view ${view}`)
        await denied(`create or replace view ${view} as select 1 as one`)
      }
      await denied(`update reporting.teams set name = 'x'`)
      await denied('create table reporting.mine (one int)')
      await denied('create table public.mine (one int)')
      await denied('create schema mine')
      await denied(`set role ${roles.pii}`)
      await denied(`set role ${roles.writer}`)
      await denied(`alter role ${roles.reader} login`)
      await denied(`grant ${roles.pii} to ${roles.reader}`)
      await denied('select * from pg_authid')
      await denied(`copy (select 1) to program 'true'`)
    } finally {
      client.release(true)
    }
  })

  test('a reader with role pii can read phone numbers in reporting_pii, and no table of schema allo', async () => {
    const pool = await granted('pii')
    const { rows } = await pool.query<{ number_to: string }>('select number_to from numbers')
    const known = world.teammates().flatMap(({ id }) => world.currentQueue(id)?.rows() ?? [])
    expect(rows.map(({ number_to }) => number_to).sort()).toEqual(
      known.map(({ number_to }) => number_to).sort(),
    )
    await pool.query('select * from reporting.queues')
    await expect(pool.query('select * from allo.queue_entries')).rejects.toThrow(/permission denied/)
  })

  test('a login of grant is read-only, has time limits, searches schema reporting first, and keeps its time zone', async () => {
    const pool = await granted('reader')
    const { rows } = await pool.query(
      `select name, setting from pg_settings where name in ('default_transaction_read_only', 'statement_timeout',
         'idle_in_transaction_session_timeout', 'search_path', 'random_page_cost', 'jit') order by 1`,
    )
    expect(rows.map(({ setting }) => setting)).toEqual(['on', '60000', 'off', '1.1', 'reporting', '60000'])
    await expect(pool.query('create temporary table mine (one int)')).rejects.toThrow(/read-only transaction/)
    const { rows: set } = await database.pool.query(
      `select rolconnlimit, array_to_string(setconfig, ' ') as config from pg_roles r
       join pg_db_role_setting s on s.setrole = r.oid where rolname = $1`,
      [made.logins.at(-1)],
    )
    expect(set).toEqual([{ rolconnlimit: 10, config: expect.not.stringMatching(/zone/i) }])
  })

  test('a member of allo_writer has enough rights for a worker that does not migrate', async () => {
    const { url, pool } = await newLogin(database, `in role ${roles.writer}`)
    world.apply({ type: 'dial', userId: world.keyOwner(), position: 4 })
    world.apply({ type: 'append', userId: world.keyOwner(), count: 2 })
    expect(await runPass(allo, url)).toMatchObject({ status: 'ok' })
    expect(
      (await runChecks(pool, world.team.id)).results.filter(({ status }) => status === 'failed'),
    ).toEqual([])
    expect((await pool.query('select team_id from reporting.teams')).rows).toHaveLength(1)
    await expect(pool.query('select * from reporting_pii.numbers')).rejects.toThrow(/permission denied/)
    await expect(pool.query('drop table allo.dials')).rejects.toThrow(/must be owner/)
    // It finds all in place, and asks for nothing.
    expect((await prepareDatabase({ rolePrefix: roles.writer.replace(/_writer$/, '') }, url)).note).toBeNull()
  })
})
