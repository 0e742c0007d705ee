/**
 * Readers who may create functions and operators in some schema. Their objects never run in our views or functions, and
 * never with the rights of our login.
 */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { grantLogin } from '../src/access/login.ts'
import { roleNames, setUpRoles } from '../src/access/roles.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { openPool } from '../src/store/postgres/database.ts'
import { openJobBackend } from '../src/worker/job-backend.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { createAll, nearerThanPostgres, shadowsOfAllWeUse } from './support/hostile.ts'
import { apiKey, runPass } from './support/pass.ts'
import { createWorkplace, runCli } from './support/run-cli.ts'

const prefix = `t_${randomBytes(5).toString('hex')}`
const roles = roleNames(prefix)
const reader = `${prefix}_r`
const password = 'only for this test'
const { folder: cwd, remove } = createWorkplace()
const world = createWorld({ seed: 9, teammates: 3, numbersPerQueue: 6, calledBefore: 0.5 })
let database: TestDatabase
let allo: SimulatedAllo
let client: pg.Client
let warnings: string[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  allo = await startSimulatedAllo({ world, apiKey, readsPerSecond: null })
  await runPass(allo, database.url)
  world.act(20)
  await runPass(allo, database.url)
  await setUpRoles(database.pool, prefix)
  await grantLogin(database.pool, { login: reader, role: 'reader', roles, password, exists: false })
  await database.pool.query(
    `create schema own authorization ${reader}; grant create on schema public to public`,
  )
  const url = new URL(database.url)
  url.username = reader
  url.password = password
  client = new pg.Client({ connectionString: url.href, ssl: false })
  client.on('notice', ({ message }) => warnings.push(message ?? ''))
  await client.connect()
  await client.query('set default_transaction_read_only = off; set statement_timeout = 0')
})
afterAll(async () => {
  await client?.end()
  await allo?.close()
  await database.pool.query(`drop owned by ${[reader, ...Object.values(roles)].join(', ')} cascade`)
  await database.drop()
  const admin = openPool(inject('serverUrl'), { max: 1, name: 'test' })
  await admin.query(`drop role ${[reader, ...Object.values(roles)].join(', ')}`)
  await admin.end()
  remove()
})

/** Everything the reader gets to see of schema reporting: rows of all views and functions, and what was raised. */
async function allTheReaderSees(): Promise<string> {
  warnings = []
  const { rows: views } = await database.pool.query<{ name: string }>(
    `select format('reporting.%I', relname) as name from pg_class
     where relnamespace = 'reporting'::regnamespace and relkind = 'v'`,
  )
  expect(views.length).toBeGreaterThan(20)
  const seen: unknown[] = []
  for (const { name } of views) seen.push((await client.query(`select * from ${name}`)).rows)
  for (const { id } of world.teammates())
    seen.push((await client.query(`select * from reporting.queue_as_of('${id}', pg_catalog.now())`)).rows)
  for (const rate of ['rate', 'rate_low', 'rate_high'])
    seen.push((await client.query(`select reporting.${rate}(1::numeric, 2::numeric)`)).rows)
  return JSON.stringify([seen, warnings])
}

test('a function or operator of a reader, with any name that we use, never runs in a view or function of ours', async () => {
  const numbers = (
    await database.pool.query<{ number_to: string }>('select distinct number_to from allo.queue_entries')
  ).rows.map(({ number_to }) => number_to)
  expect(numbers.length).toBeGreaterThan(10)
  const shadows = await shadowsOfAllWeUse(database.pool, 'own')
  await client.query('set search_path = own, pg_catalog, reporting')
  expect(await createAll(client, shadows)).toBeGreaterThan(shadows.length * 0.8)

  const seen = await allTheReaderSees()
  expect(warnings).toEqual([])
  for (const number of numbers) expect(seen).not.toContain(number)

  // The same trap catches a body given as text.
  await database.pool.query(
    `create function allo.as_text(number_to text) returns text language sql immutable parallel safe
       as $$ select right(number_to, 2) $$;
     grant execute on function allo.as_text to ${roles.reader};
     create view reporting.trap as select allo.as_text(number_to) from allo.queue_entries`,
  )
  await allTheReaderSees()
  expect(warnings.join()).toContain(numbers[0])
  await database.pool.query('drop view reporting.trap; drop function allo.as_text(text)')
})

test('every connection of ours has a search path in which no other role can create objects', async () => {
  const folder = fileURLToPath(new URL('../src', import.meta.url))
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  )
  const careless = files.filter((path) => {
    const text = readFileSync(`${folder}/${path}`, 'utf8')
    const asks = /new pg\.(Client|Pool)\(/.test(text) && /\.query\(/.test(text)
    return asks && !/setSession|inJobsSchema|search_path=pg_catalog,pg_temp/.test(text)
  })
  expect(careless).toEqual([])
  // Whatever the database, the login and the URL say.
  await database.pool.query(`alter database ${database.name} set search_path = own, public`)
  const url = new URL(database.url)
  url.searchParams.set('options', '-c search_path=own')
  const pool = openPool(url.href, { max: 1, name: 'test' })
  expect((await pool.query('show search_path')).rows).toEqual([{ search_path: 'pg_catalog, pg_temp' }])
  await pool.end()
  await database.pool.query(`alter database ${database.name} reset search_path`)
})

test('objects that a reader creates in a schema open to all never run as our login', async () => {
  const folder = fileURLToPath(new URL('../src', import.meta.url))
  const source = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(`${folder}/${path}`, 'utf8'))
  const called = new Set(
    source.flatMap((text) => [...text.matchAll(/\b([a-z_]{3,})\(/g)].map(([, name = '']) => name)),
  )
  const { rows: known } = await database.pool.query<{ name: string }>(
    'select distinct proname as name from pg_proc where pronamespace = $1::regnamespace and proname = any ($2)',
    ['pg_catalog', [...called]],
  )
  await client.query('set search_path = public')
  await client.query(
    nearerThanPostgres(
      'public',
      known.map(({ name }) => name),
    ),
  )
  const caught = async () =>
    (await database.pool.query<{ is_called: boolean }>('select is_called from public.caught')).rows[0]
      ?.is_called

  // The attack works: an ordinary session with schema public in its path runs it.
  const ordinary = new pg.Client({ connectionString: database.url, ssl: false })
  await ordinary.connect()
  await ordinary.query('select count(*) / 2.0::float8 from allo.teams')
  expect(await caught()).toBe(true)
  await database.pool.query(`select setval('public.caught', 1, false)`)
  await ordinary.end()

  world.act(20)
  await runPass(allo, database.url)
  const env = {
    DATABASE_URL: database.url,
    ROLE_PREFIX: prefix,
    ALLO_API_KEY: apiKey,
    ALLO_API_URL: allo.url,
  }
  const commands = [
    ['sync'],
    ['check'],
    ['status'],
    ['doctor'],
    ['report', '--out', `${cwd}/report.html`],
    ['retain'],
    ['migrate'],
    ['grant', '--revoke', reader],
  ]
  for (const command of commands) {
    const { code, stderr } = await runCli(command, env, { cwd })
    expect([command, code, stderr]).not.toEqual([command, 70, expect.anything()])
    expect([command, await caught()]).toEqual([command, false])
  }
  await jobThere()
  expect(await caught()).toBe(false)
})

/** A job goes through BullMQ's tables, on its own connections. */
async function jobThere(): Promise<void> {
  const errors: Error[] = []
  const backend = await openJobBackend({ redisUrl: null, databaseUrl: database.url }, (error) =>
    errors.push(error),
  )
  const queue = await backend.openQueue('hostile')
  const done = Promise.withResolvers<void>()
  const worker = await backend.startWorker('hostile', 1, async () => done.resolve())
  await queue.addBulk([{ name: 'one', data: { passId: '1' }, opts: { delay: 10, attempts: 2 } }])
  await queue.upsertJobScheduler('every', { every: 60_000 }, { name: 'two', data: {}, opts: {} })
  await done.promise
  await queue.getJobs(['waiting', 'delayed', 'completed'])
  await backend.ping()
  await worker.close()
  await queue.close()
  await backend.close()
  expect(errors).toEqual([])
}
