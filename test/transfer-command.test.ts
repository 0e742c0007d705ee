/** `export` and `import` as a person runs them: from the embedded database to a server and back, and interrupted. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openDestination } from '../src/commands/export/destination.ts'
import { exitCodes } from '../src/errors.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { createTestDatabase, dropDatabase, type TestDatabase } from './support/database.ts'
import { executable } from './support/executable.ts'
import { createWorkplace, type Env, everythingSaid, runCli } from './support/run-cli.ts'
import { createMigratedFixture, exportText, rowsOf } from './support/transfer.ts'
import { compareWithTruth } from './support/truth.ts'
import { until } from './support/worker.ts'

const { folder: cwd, remove } = createWorkplace()
const apiKey = 'ak_live_of_a_move'
const world = createWorld({ seed: 'a move', teammates: 4, numbersPerQueue: [5, 120] })
const ids = world.teammates().map(({ id }) => id)
const [first = '', second = '', third = ''] = ids
let allo: SimulatedAllo
let server: TestDatabase
let fixture: TestDatabase
let template: string

beforeAll(async () => {
  allo = await startSimulatedAllo({ world, apiKey, readsPerSecond: null })
  server = await createTestDatabase({ empty: true })
  template = (await createMigratedFixture()).name
  fixture = await createTestDatabase({ template })
})
afterAll(async () => {
  await allo.close()
  await server.drop()
  await fixture.drop()
  await dropDatabase(inject('serverUrl'), template)
  remove()
})

const run = (args: readonly string[], env: Env = {}) => runCli(args, env, { cwd })

/** As a person types it: `$program` is the program. */
const shell = (script: string, env: Env = {}) =>
  runCli(
    [],
    { program: `${process.execPath} ${executable}`, SERVER: server.url, ...env },
    {
      cwd,
      command: ['/bin/sh', '-c', script],
    },
  )

async function sync(env: Env): Promise<void> {
  const reached = { ALLO_API_KEY: apiKey, ALLO_API_URL: allo.url, ALLO_READS_PER_SECOND: 'unlimited' }
  const { code, stderr } = await run(['sync'], { ...reached, ...env })
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
}

/** The lines of the rows, but those of table maintenance, which notes the import. */
function rowLines(text: string): string[] {
  const lines = text.replace(/\n\{"begin":"maintenance"[\s\S]*/, '').split('\n')
  return lines.filter((line) => line.startsWith('['))
}

/** Everything that the history says, without what each pass notes of itself. */
async function history(): Promise<Record<string, readonly string[]>> {
  const { sync_passes, sync_reads, queues, teammates, teams, read_slots, maintenance, ...rest } =
    await rowsOf(server.pool)
  const { rows } = await server.pool.query(
    'select queue_id, numbers, ended_at, is_current from allo.queues order by 1',
  )
  return { ...rest, queues: rows.map((row) => JSON.stringify(row)) }
}

test('a mirror moves from the embedded database to a server and back, and its history goes on', async () => {
  await sync({})

  const moved = await shell('$program export | DATABASE_URL=$SERVER $program import -')
  expect(moved).toMatchObject({ code: 0, stdout: expect.stringContaining('All checks of the export passed') })
  expect(moved.stderr).toContain(`the key in ${join(cwd, '.data/number-key')}`)
  const onServer = { DATABASE_URL: server.url, NUMBER_KEY_FILE: '.data/number-key' }

  const imported = await history()
  await sync(onServer)
  // A pass over an unchanged team adds nothing: no version, entry, snapshot or gap.
  expect(await history()).toEqual(imported)
  world.apply({ type: 'dial', userId: first, position: 2 })
  world.apply({ type: 'remove_positions', userId: second, positions: [1], renumber: true })
  world.apply({ type: 'reset', userId: third, fill: 4 })
  await sync(onServer)
  expect((await compareWithTruth(server.pool, world.truth)).problems).toEqual([])

  const file = 'mirror.jsonl.gz'
  expect(await run(['export', file], { DATABASE_URL: server.url })).toMatchObject({ code: 0 })
  expect(await run(['import', file], { DATA_DIR: 'back' })).toMatchObject({ code: 0 })
  const back = await run(['export', 'back.jsonl.gz'], { DATA_DIR: 'back' })
  expect(back.code).toBe(0)
  const textOf = (name: string) => gunzipSync(readFileSync(join(cwd, name))).toString()
  expect(rowLines(textOf('back.jsonl.gz'))).toEqual(rowLines(textOf(file)))
  copyFileSync(join(cwd, '.data/number-key'), join(cwd, 'back/number-key'))
  await sync({ DATA_DIR: 'back' })
})

test('in a pipe without DATABASE_URL both commands use the embedded database, which is refused', async () => {
  const { code, stderr } = await shell('$program export | $program import -')
  expect(code).toBe(exitCodes.configuration)
  expect(stderr).toMatch(/has a mirror already, of the same team, perhaps the one that was exported/)
})

test('only the owner can read an export, and no incomplete one has its name', async () => {
  const env = { DATABASE_URL: fixture.url }
  const modeOf = (name: string) => statSync(join(cwd, name)).mode & 0o777
  const written = await run(['export', 'owned.gz'], env)
  expect(written).toMatchObject({ code: 0, stdout: '' })
  expect(written.stderr).toContain('contains phone numbers')
  expect(modeOf('owned.gz')).toBe(0o600)
  expect(await shell('umask 022; $program export > redirected.gz', env)).toMatchObject({ code: 0 })
  expect(modeOf('redirected.gz')).toBe(0o600)

  const again = await run(['export', 'owned.gz'], env)
  expect(again).toMatchObject({
    code: exitCodes.usage,
    stderr: expect.stringContaining('a file owned.gz already'),
  })
  writeFileSync(join(cwd, 'left.gz.part'), 'of a killed export')
  const beside = await run(['export', 'left.gz'], env)
  expect(beside).toMatchObject({
    code: exitCodes.usage,
    stderr: expect.stringContaining('a file left.gz.part'),
  })
  expect(readFileSync(join(cwd, 'left.gz.part'), 'utf8')).toBe('of a killed export')
  const nowhere = await run(['export', 'no/folder/a.gz'], env)
  expect(nowhere).toMatchObject({
    code: exitCodes.usage,
    stderr: expect.stringContaining('no such file or folder'),
  })
  const noTables = await run(['export', 'none.gz'], { DATABASE_URL: inject('serverUrl') })
  expect(noTables).toMatchObject({ code: exitCodes.configuration })
  expect(readdirSync(cwd).filter((name) => /^(none|no|left)/.test(name))).toEqual(['left.gz.part'])
})

test('an export replaces no file that appears while it is written', async () => {
  const path = join(cwd, 'raced.gz')
  const destination = await openDestination(path)
  destination.stream.end('of the export')
  await once(destination.stream, 'close')
  writeFileSync(path, 'of another')
  await expect(destination.complete()).rejects.toThrow(/raced.gz was made during the export/)
  await destination.discard()
  expect(readFileSync(path, 'utf8')).toBe('of another')
  expect(existsSync(`${path}.part`)).toBe(false)
})

// No user can change the rights of this file.
test.runIf(process.platform === 'linux')(
  'an export into a file that stays readable for others is refused',
  async () => {
    const { code, stderr } = await shell('$program export > /proc/self/comm', { DATABASE_URL: fixture.url })
    expect(stderr).toMatch(/^Others can read the file that stdout leads to.*name a file instead/)
    expect(code).toBe(exitCodes.usage)
  },
)

test('an export to a terminal is refused, and one whose reader ends early fails', async () => {
  const { isTTY } = process.stdout
  process.stdout.isTTY = true
  try {
    await expect(openDestination('-')).rejects.toThrow(/name a file/)
  } finally {
    process.stdout.isTTY = isTTY
  }
  const script = '{ $program export; echo "exit $?" >&2; } | head -c 100 > cut.gz'
  const cut = await shell(script, { DATABASE_URL: fixture.url })
  expect(cut.stderr).toMatch(/exit 75/)
  expect(await run(['import', 'cut.gz'], { DATABASE_URL: server.url })).toMatchObject({
    code: exitCodes.data,
    stderr: expect.stringContaining('ends too early'),
  })
  expect(await run(['import', 'gone.gz'], { DATABASE_URL: server.url })).toMatchObject({
    stderr: expect.stringMatching(/gone.gz can't be opened: there is no such file/),
  })
  expect(await run(['import', '.'], { DATABASE_URL: server.url })).toMatchObject({
    code: exitCodes.configuration,
    stderr: "The path . can't be read: it is a folder (EISDIR). Check the path.\n",
  })
})

/** An `export` whose reader has stopped reading, and that waits for it. */
async function startBlockedExport(source: TestDatabase) {
  // More than a pipe takes, and random, so that it is not compressed.
  await source.pool.query(
    `update allo.teammates set extra = jsonb_build_object('random',
       (select string_agg(md5(n::text), '') from generate_series(1, 60000) n))
     where user_id = (select min(user_id) from allo.teammates)`,
  )
  const child = spawn(process.execPath, [executable, 'export'], {
    cwd,
    env: { PATH: dirname(process.execPath), ROLE_PREFIX: 'none', DATABASE_URL: source.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stderr = text(child.stderr)
  await until('the export waits for its reader', async () => {
    const { rowCount } = await source.pool.query(
      `select from pg_stat_activity where datname = current_database() and state = 'idle in transaction'
         and application_name = 'allo-queue-mirror export' and state_change < now() - interval '1 second'`,
    )
    return rowCount === 1
  })
  return { child, stderr }
}

test('an export that is stopped while its reader is slow ends without waiting for the reader', async () => {
  const source = await createTestDatabase({ template })
  const stopped = await startBlockedExport(source)
  stopped.child.kill('SIGTERM')
  expect((await once(stopped.child, 'exit'))[0]).toBe(exitCodes.tryAgain)
  stopped.child.stdout.resume()
  expect(await stopped.stderr).toBe('Stopped by SIGTERM; the export is incomplete\n')
  await source.drop()
})

test('a login that may not read all tables and sequences exports nothing, and is told to ask doctor', async () => {
  const login = `exporter_${process.pid}`
  await fixture.pool.query(`create role ${login} login password 'of a test'`)
  const url = new URL(fixture.url)
  url.username = login
  url.password = 'of a test'
  const refused = async (says: RegExp) => {
    const { code, stderr } = await run(['export', 'denied.gz'], { DATABASE_URL: url.href })
    expect(stderr).toMatch(says)
    expect(stderr).toMatch(/doctor/)
    expect(code).toBe(exitCodes.configuration)
    expect(existsSync(join(cwd, 'denied.gz'))).toBe(false)
  }
  await refused(/permission denied/)
  await fixture.pool.query(
    `grant usage on schema allo to ${login}; grant select on all tables in schema allo to ${login}`,
  )
  await refused(/permission denied for sequence/)
  await fixture.pool.query(`drop owned by ${login}; drop role ${login}`)
})

test('another NUMBER_KEY is refused before anything is written', async () => {
  const { code, stderr } = await shell(
    'DATABASE_URL=$FIXTURE $program export | DATABASE_URL=$SERVER $program import -',
    {
      FIXTURE: fixture.url,
      NUMBER_KEY: 'f'.repeat(64),
    },
  )
  expect(code).toBe(exitCodes.configuration)
  expect(stderr).toMatch(/NUMBER_KEY is not the key/)
})

test('an import that is killed or stopped leaves the database empty, and can be repeated', async () => {
  const target = await createTestDatabase()
  const empty = await rowsOf(target.pool)
  expect((await run(['export', 'whole.gz'], { DATABASE_URL: fixture.url })).code).toBe(0)
  const whole = readFileSync(join(cwd, 'whole.gz'))

  /** Resolves when half of the export was imported, and the rest is awaited. */
  async function importHalf() {
    const child = spawn(process.execPath, [executable, 'import', '-'], {
      cwd,
      env: { PATH: dirname(process.execPath), ROLE_PREFIX: 'none', DATABASE_URL: target.url },
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    child.stdin.on('error', () => undefined).write(whole.subarray(0, whole.length / 2))
    await until('half of the export is imported', async () => {
      const { rowCount } = await target.pool.query(
        `select from pg_stat_activity where datname = current_database() and query ilike 'copy%queue_numbers%'
           and application_name = 'allo-queue-mirror import' and state = 'idle in transaction'`,
      )
      return rowCount === 1
    })
    return child
  }
  for (const [signal, code, says] of [
    ['SIGKILL', null, ''],
    ['SIGTERM', exitCodes.tryAgain, 'Stopped by SIGTERM; nothing was imported\n'],
  ] as const) {
    const child = await importHalf()
    const stderr = text(child.stderr)
    child.kill(signal)
    expect((await once(child, 'exit'))[0]).toBe(code)
    expect(await stderr).toBe(says)
    expect(await rowsOf(target.pool)).toEqual(empty)
  }
  expect(await run(['import', 'whole.gz'], { DATABASE_URL: target.url })).toMatchObject({ code: 0 })
  expect(await rowsOf(target.pool)).toEqual(await rowsOf(fixture.pool))
  const again = await run(['import', 'whole.gz'], { DATABASE_URL: target.url })
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('was imported here already') })
  await target.drop()
})

test('no command says a phone number, and none shows the password of a database', async () => {
  const numbers =
    rowLines(await exportText(server.pool))
      .join('\n')
      .match(/\+\d{8,}/g) ?? []
  expect(numbers.length).toBeGreaterThan(10)
  const said = everythingSaid()
  expect(numbers.filter((number) => said.includes(number))).toEqual([])
  expect(said).not.toContain(new URL(server.url).password)
})
