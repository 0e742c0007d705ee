/** `doctor` finds all problems at once, says what to do, and changes nothing. */
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inspectEmbeddedPostgres } from '../src/embedded/postgres.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { openPool } from '../src/store/postgres/database.ts'
import { clockDifferenceMs, missingRights } from '../src/store/postgres/inspect-database.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { startTestServer } from './support/http.ts'
import { contentsOf, createWorkplace, type Env, everythingSaid, runCli } from './support/run-cli.ts'

const apiKey = 'ak_live_of_the_patient_1'
const world = createWorld({ seed: 4, teammates: 4, blocked: 1, withoutQueue: 1, numbersPerQueue: 15 })
const { folder: cwd, remove } = createWorkplace()
let database: TestDatabase
let empty: TestDatabase
let allo: SimulatedAllo

const env = (more: Env = {}): Env => ({
  ALLO_API_KEY: apiKey,
  ALLO_API_URL: allo.url,
  DATABASE_URL: database.url,
  HTTP_PORT: '0',
  ...more,
})
const doctor = (given: Env) => runCli(['doctor'], given, { cwd })

beforeAll(async () => {
  database = await createTestDatabase()
  empty = await createTestDatabase({ empty: true })
  allo = await startSimulatedAllo({ world, apiKey })
})
afterAll(async () => {
  await allo.close()
  await database.drop()
  await empty.drop()
  remove()
})

/** The lines under their marks. */
function marks(stdout: string): Record<string, string[]> {
  const found: Record<string, string[]> = { '✓': [], '!': [], '✗': [], '–': [] }
  for (const [, mark = '', text = ''] of stdout.matchAll(/^ {2}([✓!✗–]) (.*)$/gm)) found[mark]?.push(text)
  return found
}

describe.concurrent('doctor', () => {
  test('accepts a correct installation, sends four requests to Allo, and changes no row but the budget', async () => {
    const before = await contentsOf(database.pool)
    const own = await startSimulatedAllo({ world, apiKey })
    const zone = { ALLO_API_URL: own.url, REPORT_TIME_ZONE: 'Europe/Paris' }
    const { code, stdout, stderr } = await doctor(env(zone))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const subjects = marks(stdout)['✓']?.map((text) => text.split(/ {2,}/)[0])
    expect(subjects).toEqual([
      ...['settings', 'Postgres', 'rights', 'clock', 'schema', 'objects', 'writing'],
      ...['number key', 'time zones'],
      ...['key', 'scopes', 'limit', 'requests', 'teammates', 'queues'],
      ...['jobs', 'port'],
    ])
    expect(stdout).toContain(`of team Acme Sales (${world.team.id})`)
    expect(stdout).toContain('20 reads a second, of which we use 18 at most')
    expect(stdout).toContain('3 active, 1 blocked')
    expect(stdout).toContain('Postgres knows UTC and Europe/Paris')
    expect(stdout).toContain('NUMBER_KEY is not set: number_key is empty')
    expect(stdout.trimEnd().endsWith('Nothing is wrong.')).toBe(true)
    expect(own.requests.count()).toBe(4)
    await own.close()
    expect(await contentsOf(database.pool)).toEqual(before)
  })

  test('continues without a key, and creates no folder for an embedded Postgres that does not exist', async () => {
    const folder = join(cwd, 'nothing-yet')
    const { code, stdout } = await doctor({ DATA_DIR: folder, HTTP_PORT: '0' })
    expect(code).toBe(78)
    expect(marks(stdout)).toMatchObject({
      '✗': [expect.stringContaining('ALLO_API_KEY: missing')],
      '✓': [
        expect.stringContaining('no data yet; the first sync creates them'),
        expect.stringContaining('any free port'),
      ],
      '–': [
        expect.stringContaining('not tried: correct ALLO_API_KEY first'),
        expect.stringContaining('they are in Postgres: see Database'),
      ],
    })
    expect(existsSync(folder)).toBe(false)
  })

  test('names every wrong setting, and checks what does not depend on them', async () => {
    const { code, stdout } = await doctor(
      env({ LOG_LEVEL: 'loud', AUTO_MIGRATE: 'perhaps', ALLO_API_KEYS: 'x' }),
    )
    expect(code).toBe(78)
    const { '✗': wrong, '!': warnings, '✓': right } = marks(stdout)
    expect(wrong).toEqual([
      expect.stringContaining('AUTO_MIGRATE: not a yes or no'),
      expect.stringContaining('LOG_LEVEL: unknown'),
    ])
    expect(warnings).toEqual([expect.stringContaining('did you mean ALLO_API_KEY?')])
    expect(right).toHaveLength(16)
    expect(stdout).toContain('2 errors (✗), 1 warning (!).')
  })

  test('distinguishes a missing schema from a missing right to create one, and creates none itself', async () => {
    const { code, stdout } = await doctor(env({ DATABASE_URL: empty.url }))
    expect(code).toBe(0)
    expect(stdout).toMatch(/✓ schema +not there yet; the next sync migrates it/)

    const powerless = new URL(empty.url)
    powerless.searchParams.set('options', '-c role=pg_monitor')
    const willing = await doctor(env({ DATABASE_URL: powerless.href }))
    expect(willing.code).toBe(78)
    expect(marks(willing.stdout)['✗']).toEqual([
      expect.stringMatching(
        /^rights +this login may not create a schema in this database\. Grant these rights/,
      ),
      expect.stringMatching(/^jobs +DATABASE_URL: its login may not make and fill schema allo_jobs/),
    ])
    const strict = await doctor(env({ DATABASE_URL: powerless.href, AUTO_MIGRATE: 'false' }))
    expect(strict.code).toBe(78)
    expect(marks(strict.stdout)['✗']).toEqual([
      expect.stringMatching(/^schema +not there yet, and AUTO_MIGRATE=false: run migrate/),
      expect.stringMatching(/^jobs +DATABASE_URL: its login may not make and fill schema allo_jobs/),
    ])
    expect(await contentsOf(empty.pool)).toEqual({})
  })

  test('reports a newer database, one with other migrations, and a refused key in one run', async () => {
    const other = await createTestDatabase()
    await other.pool.query(
      `insert into allo.migrations (hash, created_at) values ('of a release to come', 9e15)`,
    )
    const { code, stdout } = await doctor(
      env({ DATABASE_URL: other.url, ALLO_API_KEY: 'ak_live_wrong_0000' }),
    )
    expect(code).toBe(78)
    expect(marks(stdout)['✗']).toEqual([
      expect.stringMatching(/^schema +made by a newer version .*Upgrade this program/),
      expect.stringMatching(
        /^key +Allo refused the account of this key with 401 API_KEY_INVALID.*Check ALLO_API_KEY/,
      ),
    ])
    expect(marks(stdout)['–']).toHaveLength(5)

    await other.pool.query(
      `delete from allo.migrations where created_at = 9e15; update allo.migrations set hash = 'of another file'`,
    )
    const changed = await doctor(env({ DATABASE_URL: other.url }))
    expect(changed.code).toBe(78)
    expect(marks(changed.stdout)['✗']).toEqual([
      expect.stringMatching(/^schema +migration 0000_create_the_tables is not the one that was applied/),
    ])
    await other.drop()
  })

  test('warns about a scope that is not listed, and reports an error when a queue is refused because of it', async () => {
    const own = await startSimulatedAllo({ world, apiKey, scopes: ['USERS_READ'] })
    const given = env({ ALLO_API_URL: own.url, EXCEPT_TEAMMATES: 'gone@sales.example' })
    const { code, stdout } = await doctor(given)
    await own.close()
    expect(code).toBe(78)
    const { '!': warnings, '✗': wrong } = marks(stdout)
    expect(warnings).toEqual([
      expect.stringContaining('not listed: DIALING_QUEUE_READ_WRITE'),
      expect.stringContaining('EXCEPT_TEAMMATES has names that are not on the team: gone@sales.example'),
    ])
    expect(wrong).toEqual([
      expect.stringMatching(/^queues .*Give the API key the scope DIALING_QUEUE_READ_WRITE/),
    ])
  })

  test('with CALL_DETAILS names the scope that is missing for it, and says what it costs', async () => {
    const own = await startSimulatedAllo({ world, apiKey })
    const { code, stdout } = await doctor(env({ ALLO_API_URL: own.url, CALL_DETAILS: 'true' }))
    await own.close()
    expect(code).toBe(0)
    expect(marks(stdout)['!']).toEqual([
      expect.stringMatching(/^scopes +not listed: CONVERSATIONS_READ\. Add these scopes to the key in Allo/),
    ])
    expect(stdout).toContain('details of calls: a request for each call')
  })

  test('exits 75 if only a temporary problem was found', async () => {
    const own = await startSimulatedAllo({ world, apiKey })
    own.faults.add({ kind: 'rate_limited', endpoint: 'me', retryAfterSeconds: 3600 })
    const nowhere = { ALLO_API_URL: own.url, DATABASE_URL: 'postgres://me:the-secret@127.0.0.1:1/allo' }
    const { code, stdout } = await doctor(env(nowhere))
    await own.close()
    expect(code).toBe(75)
    expect(marks(stdout)['✗']).toEqual([
      expect.stringMatching(
        /^Postgres +Postgres at 127\.0\.0\.1:1\/allo as me can't be used: nothing answers there/,
      ),
      expect.stringMatching(/^key +Allo's rate limit delays the request for the /),
    ])
  })

  test('starts the embedded Postgres to inspect it, and stops it again', async () => {
    const embedded = { ALLO_API_KEY: apiKey, ALLO_API_URL: allo.url, DATA_DIR: join(cwd, 'data') }
    expect((await runCli(['migrate'], embedded, { cwd })).code).toBe(0)
    const { code, stdout } = await doctor(embedded)
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /✓ data folder +Postgres 18, stopped: data in .*\n +port and password: connection\.json/,
    )
    expect(stdout).toMatch(/✓ schema +allo has this version/)
    const folder = join(cwd, 'data', 'postgres')
    expect(await inspectEmbeddedPostgres(folder)).toMatchObject({ state: 'stopped' })
  })
})

test('doctor reports objects that were dropped, given to another owner or added to our schemas, and the way out', async () => {
  const own = await createTestDatabase()
  const sql = (text: string) => own.pool.query(text)
  try {
    await sql('create table allo.of_somebody_else (n int)')
    await sql('create view reporting.of_somebody_else as select 1 as n')
    const warned = await doctor(env({ DATABASE_URL: own.url }))
    expect(warned.code).toBe(0)
    expect(marks(warned.stdout)['!']).toEqual([
      expect.stringMatching(
        /^objects +not ours: table allo.of_somebody_else, view reporting.of_somebody_else\./,
      ),
    ])

    await sql('drop table allo.dials cascade')
    await sql('drop schema reporting_pii cascade')
    const { code, stdout } = await doctor(env({ DATABASE_URL: own.url }))
    expect(code).toBe(78)
    expect(marks(stdout)['✗']).toEqual([
      expect.stringMatching(/^objects +missing: table allo.dials\. Restore them from a backup/),
      expect.stringMatching(
        /^objects +missing: schema reporting_pii, .*Run `create schema reporting_pii; delete from allo.repeatable_migrations` in the database, then migrate\./,
      ),
    ])
  } finally {
    await own.drop()
  }
})

test('doctor names a schema of another program that has the name of ours', async () => {
  const own = await createTestDatabase({ empty: true })
  await own.pool.query('create schema reporting create table reporting.sales (n int)')
  const { code, stdout } = await doctor(env({ DATABASE_URL: own.url }))
  await own.drop()
  expect(code).toBe(78)
  expect(marks(stdout)['✗']).toEqual([expect.stringMatching(/^objects +schema reporting is not ours/)])
})

test('doctor suggests the name of a setting that was misspelled or written in lower case', async () => {
  const { code, stdout } = await doctor(env({ SYNC_EVRY: '1m', allo_api_url: 'x' }))
  expect(code).toBe(0)
  expect(marks(stdout)['!']).toEqual([
    expect.stringMatching(/SYNC_EVRY is set, but there is no such setting; did you mean SYNC_EVERY\?/),
    expect.stringMatching(/allo_api_url is set, but there is no such setting; did you mean ALLO_API_URL\?/),
  ])
})

test('doctor distinguishes a port used by another program from one used by a worker', async () => {
  const worker = await startTestServer({ HTTP_BASIC_AUTH: 'ops:password' })
  const stranger = createServer((socket) => socket.end('HTTP/1.1 404 Not Found\r\n\r\n'))
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  const address = stranger.address()
  const taken = String(typeof address === 'object' ? address?.port : 0)
  try {
    const [ours, theirs] = await Promise.all([
      doctor(env({ HTTP_PORT: String(worker.port), HTTP_BASIC_AUTH: 'ops:password' })),
      doctor(env({ HTTP_PORT: taken })),
    ])
    expect(ours.code).toBe(0)
    expect(ours.stdout).toMatch(/✓ port +a worker already listens on 127\.0\.0\.1:\d+/)
    expect(theirs.code).toBe(78)
    expect(theirs.stdout).toMatch(/✗ port +another program uses 127\.0\.0\.1:\d+: set HTTP_PORT/)
  } finally {
    stranger.close()
    await worker.http.stop()
  }
})

test.each([
  ['a file', (folder: string) => join(folder, 'a-file', 'data'), /a part of its path is a file/],
  ['a name that is too long', (folder: string) => join(folder, 'x'.repeat(300)), /its name is too long/],
  ['a file system that makes no folders', () => '/proc/nowhere', /can't be created/],
] as const)('doctor says why a data folder can not be made in %s', async (_, path, reason) => {
  writeFileSync(join(cwd, 'a-file'), '')
  const { code, stdout, stderr } = await doctor({
    ALLO_API_KEY: apiKey,
    ALLO_API_URL: allo.url,
    HTTP_PORT: '0',
    DATA_DIR: path(cwd),
  })
  expect({ code, stderr }).toEqual({ code: 78, stderr: '' })
  expect(marks(stdout)['✗']).toEqual([expect.stringMatching(reason)])
})

test('doctor shows no key and no password', () => {
  expect(everythingSaid().length).toBeGreaterThan(3000)
  expect(everythingSaid()).not.toMatch(/ak_live|the-secret|postgres(ql)?:\/\//)
  const password = new URL(database.url).password
  if (password.length > 7) expect(everythingSaid()).not.toContain(password)
})

describe('what doctor asks a database', () => {
  test('knows the rights on a schema that is there', async () => {
    const url = new URL(database.url)
    url.searchParams.set('options', '-c role=pg_monitor')
    const pool = openPool(url.href, { max: 1, name: 'test' })
    expect(await missingRights(pool, { migrates: true })).toEqual([
      'use schema allo',
      'create tables in schema allo',
      expect.stringMatching(/^read and write \d+ tables of schema allo$/),
      expect.stringMatching(/^change \d+ tables of schema allo, which another role owns$/),
    ])
    expect(await missingRights(pool, { migrates: false })).toEqual([
      'use schema allo',
      expect.stringMatching(/^read and write \d+ tables of schema allo$/),
    ])
    await pool.end()
    expect(await missingRights(database.pool, { migrates: true })).toEqual([])
  })

  test('knows how far its clock is from ours', async () => {
    expect(Math.abs(await clockDifferenceMs(database.pool))).toBeLessThan(500)
  })
})
