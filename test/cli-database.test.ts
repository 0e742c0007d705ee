/** `sync` and `migrate` with databases that are down, foreign, empty, old, new or embedded. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { inspectEmbeddedPostgres } from '../src/embedded/postgres.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import {
  contentsOf,
  createWorkplace,
  deadAddress,
  type Env,
  jsonOf,
  runCli,
  startCli,
} from './support/run-cli.ts'

const apiKey = 'ak_live_of_the_team_0123'
const { folder: cwd, remove } = createWorkplace()
let database: TestDatabase
let allo: SimulatedAllo

const env = (more: Env = {}): Env => ({
  ALLO_API_KEY: apiKey,
  ALLO_API_URL: allo.url,
  DATABASE_URL: database.url,
  ...more,
})
const sync = (args: readonly string[] = [], more: Env = {}) => runCli(['sync', ...args], env(more), { cwd })

beforeAll(async () => {
  database = await createTestDatabase()
  const world = createWorld({ seed: 3, teammates: 2, numbersPerQueue: 5 })
  allo = await startSimulatedAllo({ world, apiKey })
})
afterAll(async () => {
  await allo.close()
  await database.drop()
  remove()
})

describe.concurrent('a database', () => {
  const elsewhere = (change: (url: URL) => void) => {
    const url = new URL(database.url)
    change(url)
    return url.href
  }

  test('that is down exits 75, a wrong login or name exits 78, and neither shows the password', async () => {
    const password = 'the-secret-password'
    const nowhere = await deadAddress()
    const cases = [
      [
        `postgres://me:${password}@${nowhere}/allo`,
        75,
        /nothing answers there\. Start it, or check DATABASE_URL/,
      ],
      [`postgres://me:${password}@no-such-host.invalid/allo`, 75, /there is no such host/],
      [
        elsewhere((url) => {
          url.username = 'nobody_we_know'
          url.password = password
        }),
        78,
        /refuses this user or password \(28/,
      ],
      [
        elsewhere((url) => {
          url.pathname = '/not_there'
        }),
        78,
        /has no such database/,
      ],
    ] as const
    const results = await Promise.all(cases.map(([url]) => sync(['--json'], { DATABASE_URL: url })))
    for (const [index, [, code, sentence]] of cases.entries()) {
      const finished = results[index]
      expect(finished?.code).toBe(code)
      expect(finished?.stderr).toMatch(sentence)
      expect(finished && jsonOf(finished)).toMatchObject({ status: 'failed', error: { code: 'database' } })
      expect(`${finished?.stdout}${finished?.stderr}`).not.toContain(password)
    }
  })

  test('without our schema: a dry run and AUTO_MIGRATE=false exit 78 and create nothing, migrate creates it', async () => {
    const empty = await createTestDatabase({ empty: true })
    const here = { DATABASE_URL: empty.url }
    const noFolder = join(cwd, 'not-made')
    const { DATABASE_URL: _, ...embedded } = env({ DATA_DIR: noFolder })
    const [dry, strict, dryEmbedded] = await Promise.all([
      sync(['--dry-run'], here),
      sync([], { ...here, AUTO_MIGRATE: 'false' }),
      runCli(['sync', '--dry-run'], embedded, { cwd }),
    ])
    for (const { code, stderr } of [dry, strict]) {
      expect(code).toBe(78)
      expect(stderr).toMatch(
        /^The database has 0 of the \d+ migrations this version needs: run .*migrate.* first\n$/,
      )
    }
    expect(dryEmbedded.code).toBe(78)
    expect(dryEmbedded.stderr).toContain(`There is no database in ${noFolder}`)
    expect(existsSync(noFolder)).toBe(false)
    expect(await contentsOf(empty.pool)).toEqual({})

    const made = await runCli(['migrate'], here, { cwd })
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Applied \d+ migrations\.\n$/) })
    await empty.drop()
  })

  test('that is newer than the program is refused with 78, and an older one too if AUTO_MIGRATE=false', async () => {
    const other = await createTestDatabase()
    const here = { DATABASE_URL: other.url }
    await other.pool.query(
      `insert into allo.migrations (hash, created_at) values ('of a release to come', 9e15)`,
    )
    const [newer, migrate] = await Promise.all([sync([], here), runCli(['migrate'], here, { cwd })])
    for (const { code, stderr } of [newer, migrate]) {
      expect(code).toBe(78)
      expect(stderr).toMatch(/^The database was migrated by a newer version .*upgrade allo-queue-mirror/)
    }
    await other.pool.query(
      `delete from allo.migrations where created_at >= (select max(created_at) from allo.migrations where created_at < 9e15)`,
    )
    const older = await sync([], { ...here, AUTO_MIGRATE: 'false' })
    expect(older.code).toBe(78)
    expect(older.stderr).toContain('migrations this version needs')
    await other.drop()
  })

  test('that is embedded is closed cleanly when a signal ends the pass', async () => {
    const dataDir = join(cwd, 'data')
    const { DATABASE_URL: _, ...embedded } = env({ DATA_DIR: dataDir })
    allo.faults.add({ kind: 'no_answer', endpoint: 'users' })
    const running = startCli(['sync'], embedded, { cwd })
    await vi.waitUntil(() => allo.requests.list().at(-1)?.path === '/v2/api/users', {
      timeout: 40_000,
      interval: 10,
    })
    running.child.kill('SIGTERM')
    const { code, stderr } = await running.finished
    expect(code).toBe(75)
    expect(stderr).toMatch(/^Starting the embedded Postgres in .*\n/)
    expect(stderr).toMatch(/Stopped by SIGTERM/)
    expect(await inspectEmbeddedPostgres(join(dataDir, 'postgres'))).toMatchObject({ state: 'stopped' })
  })
})
