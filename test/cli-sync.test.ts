/** `sync` as a person or a scheduler runs it: its output, its exit code and its rows. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { executable } from './support/executable.ts'
import {
  contentsOf,
  createWorkplace,
  deadAddress,
  type Env,
  everythingSaid,
  type Finished,
  jsonOf,
  runCli,
  startCli,
} from './support/run-cli.ts'
import { PATIENCE_MS } from './support/worker.ts'

const apiKey = 'ak_live_of_the_team_0123'
const wrongKey = 'ak_live_of_somebody_else'
const world = createWorld({ seed: 3, teammates: 5, blocked: 1, withoutQueue: 1, numbersPerQueue: [20, 130] })
const people = world.teammates()
const [owner = '', , wrongOwner = '', lost = ''] = people.map(({ id }) => id)

const { folder: cwd, remove } = createWorkplace()
let database: TestDatabase
let allo: SimulatedAllo
/** Begun at once, because it waits for its retries. */
let withoutAllo: Promise<Finished>

const env = (more: Env = {}): Env => ({
  ALLO_API_KEY: apiKey,
  ALLO_API_URL: allo.url,
  ALLO_READS_PER_SECOND: 'unlimited',
  DATABASE_URL: database.url,
  ...more,
})
const sync = (args: readonly string[] = [], more: Env = {}) => runCli(['sync', ...args], env(more), { cwd })

async function lastPass() {
  const { rows } = await database.pool.query(
    'select status, error_code, finished_at is not null as is_finished from allo.sync_passes order by pass_id desc limit 1',
  )
  return rows[0]
}

beforeAll(async () => {
  database = await createTestDatabase()
  allo = await startSimulatedAllo({ world, apiKey, readsPerSecond: null })
  const elsewhere = { ALLO_API_KEY: 'ak_live_never_heard_of', ALLO_API_URL: `http://${await deadAddress()}` }
  withoutAllo = sync(['--json'], elsewhere)
})

afterAll(async () => {
  await withoutAllo
  await allo.close()
  await database.drop()
  remove()
})

describe('a pass', () => {
  test('with piped output prints plain lines on stderr and one sentence on stdout, and exits 0', async () => {
    const { code, stdout, stderr } = await sync()
    expect(code).toBe(0)
    // A pass of more than five seconds tells how far it is.
    expect(stderr).toMatch(
      /^Pass 1: reading 5 teammates of Acme Sales\n(?:\d\/5 teammates {2}\d+ numbers {2}[\d.]+ requests\/s\n)*$/,
    )
    const numbers = people.reduce((sum, { id }) => sum + (world.currentQueue(id)?.size ?? 0), 0)
    expect(stdout).toMatch(
      new RegExp(
        `^Pass 1 of Acme Sales: ok\\. 5 teammates, 4 queues, ${numbers} numbers: ${numbers} added, 0 changed, 0 moved, 0 removed in \\d+ requests and [\\d.]+ s\\.\n$`,
      ),
    )
  })

  test('with --json prints one object on stdout and everything else on stderr', async () => {
    world.apply({ type: 'remove_positions', userId: owner, positions: [0], renumber: true })
    const size = world.currentQueue(owner)?.size ?? 0
    const finished = await sync(['--json'])
    expect(finished.code).toBe(0)
    const json = jsonOf(finished)
    expect(json).toMatchObject({ pass_id: 2, status: 'ok', dry_run: false, teammates: 5, queues: 4 })
    expect(json).toMatchObject({ added: 0, changed: 0, moved: size, removed: 1, failures: [], error: null })
    expect(json.unchanged + json.moved).toBe(json.numbers)
    expect(finished.stderr).toMatch(/Pass 2: reading.*Pass 2 of Acme Sales: ok/s)
  })

  test('with --user reads only these teammates, by id or e-mail; an unknown name exits 64', async () => {
    const json = jsonOf(
      await sync(['--json', '--user', owner, '--user', people[1]?.email.toUpperCase() ?? '']),
    )
    expect(json).toMatchObject({ status: 'ok', teammates: 2 })

    const unknown = await sync(['--json', '--user', 'nobody@sales.example'])
    expect(unknown.code).toBe(64)
    expect(jsonOf(unknown)).toMatchObject({ status: 'failed', error: { code: 'unknown_teammate' } })
    expect(unknown.stderr).toContain('No teammate with the id or e-mail nobody@sales.example')
  })

  test('with --dry-run says what would change and changes nothing', async () => {
    world.apply({ type: 'append', userId: owner, count: 3 })
    const before = await contentsOf(database.pool)
    expect(Object.keys(before).length).toBeGreaterThan(10)
    const finished = await sync(['--dry-run', '--json'])
    expect(finished.code).toBe(0)
    expect(jsonOf(finished)).toMatchObject({
      pass_id: null,
      dry_run: true,
      status: 'ok',
      added: 3,
      removed: 0,
    })
    expect(finished.stderr).toContain('Nothing was written.')
    expect(await contentsOf(database.pool)).toEqual(before)
  })

  test('finishes when stdout is closed', async () => {
    const running = startCli(['sync'], env(), { cwd })
    running.child.stdout.destroy()
    running.child.stderr.destroy()
    expect((await running.finished).code).toBe(0)
    expect(await lastPass()).toMatchObject({ status: 'ok' })
  })

  test('with LOG_LEVEL=silent prints nothing, and on a terminal it draws its progress', async () => {
    const silent = await sync([], { LOG_LEVEL: 'silent', ALLO_API_KEYS: 'x' })
    expect(silent).toEqual({ code: 0, stdout: '', stderr: '' })
    if (!existsSync('/usr/bin/script')) return
    const command = ['/usr/bin/script', '-qec', `${process.execPath} ${executable} sync`, '/dev/null']
    const { code, stdout } = await runCli([], env(), { cwd, command })
    expect(code).toBe(0)
    expect(stdout).toMatch(/\r\x1b\[K(Reading the lists of teammates|\d\/5 teammates)/)
    expect(stdout).toMatch(/\r\x1b\[KPass \d+ of Acme Sales: ok\./)
  })

  test('uses the present content of the key file when Allo refuses the key from the start', async () => {
    const file = join(cwd, 'key')
    writeFileSync(file, 'ak_live_until_yesterday\n')
    allo.change({ latencyMs: 700 })
    const from = allo.requests.count()
    const { ALLO_API_KEY: _, ...rest } = env({ ALLO_API_KEY_FILE: file })
    const running = startCli(['sync', '--user', owner, '--json'], rest, { cwd })
    await vi.waitUntil(() => allo.requests.count() > from, { timeout: PATIENCE_MS, interval: 10 })
    writeFileSync(file, apiKey)
    await vi.waitUntil(() => allo.requests.count() > from + 1, { timeout: PATIENCE_MS, interval: 10 })
    allo.change({ latencyMs: 0 })
    expect((await running.finished).code).toBe(0)
  })
})

describe('a failed pass', () => {
  test('that read some teammates lists the others with reason and request id, and exits 75', async () => {
    allo.faults.add({ kind: 'wrong_owner', userId: wrongOwner })
    allo.faults.add({ kind: 'not_found_html', userId: lost })
    const finished = await sync(['--json'])
    allo.faults.clear()
    expect(finished.code).toBe(75)
    const json = jsonOf(finished)
    expect(json).toMatchObject({ status: 'partial', teammates: 5, error: null })
    expect(json.failures).toHaveLength(2)
    expect(json.failures).toContainEqual({
      user_id: wrongOwner,
      status: 'error',
      code: 'wrong_owner',
      message: expect.stringContaining(`when asked for ${wrongOwner}`),
      request_id: null,
    })
    const { request_id, message } = json.failures.find(({ user_id }: { user_id: string }) => user_id === lost)
    expect(request_id).toMatch(/^\S{8,}$/)
    expect(message).toContain(request_id)
    expect(finished.stderr).toContain(
      `${lost}: error: Undocumented response to the request for the queue of ${lost}, page 1`,
    )
    expect(finished.stderr).toContain(
      '2 of 5 teammates could not be read; their data stay as they were. Try again.',
    )
  })

  test('with a wrong key exits 78 and changes nothing', async () => {
    const before = await contentsOf(database.pool)
    const finished = await sync(['--json'], { ALLO_API_KEY: wrongKey })
    expect(finished.code).toBe(78)
    expect(jsonOf(finished)).toMatchObject({ status: 'failed', error: { code: 'API_KEY_INVALID' } })
    expect(finished.stderr).toContain('Check ALLO_API_KEY')
    expect(await contentsOf(database.pool)).toEqual(before)
  })

  test('without a scope exits 78, names the scope, and leaves the data as they were', async () => {
    const {
      sync_passes: _,
      sync_reads: __,
      teams: ___,
      teammates: ____,
      ...before
    } = await contentsOf(database.pool)
    allo.change({ scopes: ['USERS_READ'] })
    const finished = await sync(['--json'])
    allo.change({ scopes: ['USERS_READ', 'DIALING_QUEUE_READ_WRITE'] })
    expect(finished.code).toBe(78)
    expect(jsonOf(finished)).toMatchObject({
      status: 'failed',
      error: { code: 'API_KEY_INSUFFICIENT_SCOPE' },
    })
    expect(finished.stderr).toContain('Give the API key the scope DIALING_QUEUE_READ_WRITE')
    expect(await contentsOf(database.pool)).toMatchObject(before)
  })

  test('exits 75 when Allo is down', async () => {
    const finished = await withoutAllo
    expect(finished.code).toBe(75)
    expect(jsonOf(finished)).toMatchObject({
      status: 'failed',
      pass_id: null,
      error: { code: 'ECONNREFUSED' },
    })
    expect(finished.stderr).toMatch(/^No answer from Allo to the account of this key: .*ALLO_API_URL/m)
  })

  test('exits 75 when Allo asks for a wait of an hour, and so does the next pass, without a request', async () => {
    allo.faults.add({ kind: 'rate_limited', endpoint: 'queue', retryAfterSeconds: 3600, times: 1 })
    const finished = await sync(['--json'], { ALLO_CONCURRENCY: '1' })
    expect(finished.code).toBe(75)
    expect(jsonOf(finished)).toMatchObject({
      status: 'failed',
      throttled: 1,
      error: { code: 'rate_limited' },
    })
    expect(await lastPass()).toMatchObject({ status: 'failed', is_finished: true })
    const { rows } = await database.pool.query(
      'select distinct status from allo.sync_reads where pass_id = (select max(pass_id) from allo.sync_passes)',
    )
    expect(rows).toEqual([{ status: 'rate_limited' }])

    const from = allo.requests.count()
    const next = await sync(['--json'], { ALLO_READS_PER_SECOND: '18' })
    expect(next.code).toBe(75)
    expect(jsonOf(next)).toMatchObject({ status: 'failed', error: { code: 'rate_limited' } })
    expect(next.stderr).toContain("Allo's rate limit delays the request for the API")
    expect(allo.requests.count()).toBe(from)
    await database.pool.query('update allo.api_keys set paused_until = null')
  })

  test('that a signal interrupts is recorded as interrupted, and a second signal ends it at once', async () => {
    allo.faults.add({ kind: 'no_answer', endpoint: 'queue' })
    // me, both lists, and the first queue, which gets no response.
    const isReading = (from: number) => () => allo.requests.count() >= from + 4
    const soon = { timeout: PATIENCE_MS, interval: 10 }
    const atFirst = allo.requests.count()
    const running = startCli(['sync', '--json'], env({ LOG_LEVEL: 'debug' }), { cwd })
    await vi.waitUntil(isReading(atFirst), soon)
    running.child.kill('SIGINT')
    const finished = await running.finished
    expect(finished.code).toBe(75)
    expect(jsonOf(finished)).toMatchObject({
      status: 'failed',
      error: { code: 'interrupted', message: expect.stringContaining('SIGINT') },
    })
    expect(finished.stderr).toMatch(/Stopping\. A second signal stops at once\..*InterruptedError\n\s+at /s)
    expect(await lastPass()).toEqual({ status: 'failed', error_code: 'interrupted', is_finished: true })

    const now = allo.requests.count()
    const stuck = startCli(['sync'], env(), { cwd })
    await vi.waitUntil(isReading(now), soon)
    const client = await database.pool.connect()
    await client.query('begin; lock table allo.sync_passes in access exclusive mode')
    stuck.child.kill('SIGINT')
    await stuck.written(/A second signal stops at once/)
    stuck.child.kill('SIGINT')
    expect((await stuck.finished).code).toBe(75)
    await client.query('rollback')
    client.release()
    allo.faults.clear()
  })
})

test('no output and no row contains the key or a phone number', async () => {
  const { rows } = await database.pool.query<{ text: string }>(
    `select to_jsonb(p)::text as text from allo.sync_passes p
     union all select to_jsonb(r)::text from allo.sync_reads r union all select to_jsonb(k)::text from allo.api_keys k`,
  )
  const recorded = rows.map(({ text }) => text).join('\n')
  const said = everythingSaid()
  expect(said.length).toBeGreaterThan(5000)
  expect(recorded).toContain('wrong_owner')
  const numbers = people.flatMap(
    ({ id }) =>
      world
        .currentQueue(id)
        ?.rows()
        .map(({ number_to }) => number_to) ?? [],
  )
  expect(numbers.length).toBeGreaterThan(100)
  for (const secret of [
    apiKey,
    wrongKey,
    'ak_live',
    ...numbers,
    ...numbers.map((number) => number.slice(1)),
  ]) {
    expect(said.includes(secret) || recorded.includes(secret)).toBe(false)
  }
  expect(said).not.toMatch(/ExperimentalWarning/)
})
