/** A database of 0.1.0 goes through every command of this version: upgraded, exported, imported elsewhere, and used. */
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { parse } from 'node:path'
import getPort from 'get-port'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { roleNames } from '../src/access/roles.ts'
import { exitCodes } from '../src/errors.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { createWorkplace, everythingSaid, runCli, startCli } from './support/run-cli.ts'
import { fillWithFixture, numberKeyOfFixture, rowsOf } from './support/transfer.ts'

const { folder: cwd, remove } = createWorkplace()
const prefix = `u_${randomBytes(5).toString('hex')}`
const login = `${prefix}_login`
const apiKey = 'ak_live_of_a_new_team'
/** In the fixture: a number that is in no queue any more, and a team. */
const number = '+18395550160'
const team = 'team-lhsmb2x0mMyp'
const tried = new Set<string>()
let allo: SimulatedAllo
let old: TestDatabase
let database: TestDatabase

beforeAll(async () => {
  allo = await startSimulatedAllo({
    world: createWorld({ seed: 'a new team', teammates: 2, numbersPerQueue: 3 }),
    apiKey,
    readsPerSecond: null,
  })
  old = await createTestDatabase({ empty: true })
  database = await createTestDatabase({ empty: true })
  await fillWithFixture(old.url)
})
afterAll(async () => {
  await allo.close()
  await old.drop()
  await database.drop()
  const client = new pg.Client({ connectionString: inject('serverUrl') })
  await client.connect()
  for (const role of [login, ...Object.values(roleNames(prefix))])
    await client.query(`drop role if exists ${pg.escapeIdentifier(role)}`)
  await client.end()
  remove()
})

const settings = () => ({
  ALLO_API_KEY: apiKey,
  ALLO_API_URL: allo.url,
  DATABASE_URL: database.url,
  NUMBER_KEY: numberKeyOfFixture,
  ROLE_PREFIX: prefix,
})

async function run(args: readonly string[], { stdin = '', url = database.url } = {}) {
  tried.add(args[0] ?? '')
  return runCli(args, { ...settings(), DATABASE_URL: url }, { cwd, stdin })
}

test('a database of 0.1.0 is upgraded, exported and imported with every row', async () => {
  expect(await run(['export', 'mirror.gz'], { url: old.url })).toMatchObject({
    code: exitCodes.configuration,
    stderr: expect.stringContaining('run `allo-queue-mirror migrate` first'),
  })
  expect(await run(['migrate'], { url: old.url })).toMatchObject({ code: 0 })
  expect(await run(['export', 'mirror.gz'], { url: old.url })).toMatchObject({ code: 0 })
  expect(await run(['import', 'mirror.gz'])).toMatchObject({ code: 0 })
  expect(await rowsOf(database.pool)).toEqual(await rowsOf(old.pool))
})

test.each([
  { args: ['config'], says: /DATABASE_URL/ },
  { args: ['sync'], says: /2 teammates|2 of 2/ },
  { args: ['status'], says: /fresh/i },
  { args: ['doctor'], says: /Nothing is wrong/ },
  { args: ['check'], code: exitCodes.data, says: /freshness/ },
  { args: ['report', '--team', team, '--out', 'report.html'], says: /Wrote report.html/ },
  { args: ['forget'], stdin: number, says: /Erased it from \d+ entr/ },
  { args: ['retain'], says: /kept for ever/ },
  { args: ['grant', login, '--role', 'reader'], stdin: 'a password of the test', says: /postgres/ },
])('$args.0 works on it', async ({ args, stdin = '', code = 0, says }) => {
  const finished = await run(args, { stdin })
  expect({ code: finished.code, said: finished.stdout + finished.stderr }).toEqual({
    code,
    said: expect.stringMatching(says),
  })
})

test('worker and health work on it', async () => {
  tried.add('worker').add('health')
  const env = { ...settings(), HTTP_PORT: String(await getPort({ host: '127.0.0.1' })) }
  const worker = startCli(['worker'], env, { cwd })
  await worker.written(/"event":"worker_started"/)
  expect(await runCli(['health'], env, { cwd })).toMatchObject({ code: 0 })
  worker.child.kill('SIGTERM')
  expect((await worker.finished).code).toBe(0)
})

test('each command was tried, but those that use no database of ours', () => {
  const commands = readdirSync(new URL('../src/commands/', import.meta.url))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => parse(file).name)
  expect(commands.filter((name) => !tried.has(name))).toEqual(['completion', 'demo', 'simulate'])
  expect(everythingSaid()).not.toContain(number)
})
