/** Peers that stop responding without closing their connections. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createNetServer, type Server as NetServer } from 'node:net'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { inTransaction, openPool } from '../src/store/postgres/database.ts'
import { type BlackHole, startBlackHole } from './support/black-hole.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { PATIENCE_MS, spawnCommand } from './support/worker.ts'

let database: TestDatabase
let hole: BlackHole

beforeAll(async () => {
  database = await createTestDatabase()
  hole = await startBlackHole(database.url)
})
afterAll(async () => {
  await hole.close()
  await database.drop()
})

describe('a connection to Postgres that stops responding', { concurrent: true }, () => {
  it('fails the work that waits on it, releases its locks and is replaced, while a long statement continues', async ({
    expect,
  }) => {
    const direct = openPool(database.url, { max: 1, name: 'long' })
    const pool = openPool(hole.url, { max: 3, name: 'silent' })
    await database.pool.query(
      'create table public.held (id int primary key); insert into public.held values (1)',
    )
    const long = direct.query('select 1 as done from pg_sleep(30)')
    // One that listens waits for no answer: it is asked for a sign of life.
    const listener = await pool.connect()
    const lost = new Promise<Error>((resolve) => listener.once('error', resolve))
    await listener.query('listen something')

    const gone = inTransaction(pool, 'holding a row', async (client) => {
      await client.query('select from public.held for update')
      hole.fallSilent()
      await client.query('select 1')
    })
    await expect(gone).rejects.toMatchObject({ sqlState: 'ETIMEDOUT', retryable: true })
    hole.comeBack()
    // Its row is free again, and a new connection works.
    await pool.query(`set lock_timeout = '60s'; select from public.held for update`)
    expect(await lost).toMatchObject({ code: 'ETIMEDOUT' })
    listener.release(true)
    await expect.poll(() => hole.deadConnections(), { timeout: PATIENCE_MS }).toBe(0)

    // Closing waits for nothing that is silent.
    const stuck = await pool.connect()
    hole.fallSilent()
    const unanswered = expect(stuck.query('select 1')).rejects.toThrow()
    const from = performance.now()
    const ended = pool.end()
    await unanswered
    stuck.release(true)
    await ended
    expect(performance.now() - from).toBeLessThan(8_000)

    expect((await long).rows).toEqual([{ done: 1 }])
    await direct.end()
  })

  it('answers statements in order while it is checked', async ({ expect }) => {
    const pool = openPool(database.url, { max: 1, name: 'alive' })
    const client = await pool.connect()
    const until = performance.now() + 26_000
    let expected = 0
    // Statements that begin about when signs of life are asked for.
    while (performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 9_990))
      for (let turn = 0; turn < 800; turn++) {
        const { rows } = await client.query<{ n: number }>('select $1::int as n', [++expected])
        expect(rows).toEqual([{ n: expected }])
      }
    }
    client.release()
    await pool.end()
  })
})

describe('commands', { concurrent: true }, () => {
  it('sync and migrate end within 15 s of SIGTERM, or by themselves, if Postgres stops responding, and name it', async ({
    expect,
  }) => {
    const silent = await startBlackHole(database.url)
    const source = createServer().listen(0, '127.0.0.1')
    await once(source, 'listening')
    const env = {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: silent.url,
      ALLO_API_KEY: 'ak_test_silent_0000',
      ALLO_API_URL: urlOf(source),
      ROLE_PREFIX: 'none',
    }
    try {
      const sync = spawnCommand(['sync'], env)
      const [, response] = await once(source, 'request')
      silent.fallSilent()
      response.end(JSON.stringify({ data: { team: { id: 'team-silent', name: 'Silent' }, scopes: [] } }))
      await expect.poll(() => silent.deadConnections(), { timeout: PATIENCE_MS }).toBeGreaterThan(0)
      sync.kill('SIGTERM')
      const { code, afterMs } = await sync.exited
      expect(afterMs).toBeLessThan(15_000)
      expect(code).toBe(75)
      expect(sync.stderr()).toMatch(/Postgres/)

      const migrate = spawnCommand(['migrate'], env)
      expect(await migrate.exited).toMatchObject({ code: 75 })
      expect(migrate.stderr()).toMatch(/no answer in time/)
    } finally {
      source.close()
      await silent.close()
    }
  })

  it('end at once if Postgres requires a password and DATABASE_URL has none', async ({ expect }) => {
    const asking = createNetServer((socket) => {
      socket.on('error', () => undefined)
      // A server that asks for a password (SCRAM), and then waits for the client.
      const answers = [authentication(10, 'SCRAM-SHA-256\0\0'), authentication(11, 'r=x,s=c2FsdA==,i=4096')]
      socket.on('data', () => socket.write(answers.shift() ?? ''))
    }).listen(0, '127.0.0.1')
    await once(asking, 'listening')
    const env = {
      PATH: process.env.PATH ?? '',
      DATABASE_URL: urlOf(asking).replace('http://', 'postgres://me@').concat('/allo'),
      ALLO_API_KEY: 'ak_test_silent_0000',
      ALLO_API_URL: 'http://127.0.0.1:9',
    }
    try {
      for (const command of ['sync', 'migrate', 'check', 'retain', 'status', 'doctor']) {
        const running = spawnCommand([command], env)
        const { code } = await running.exited
        expect({ command, code }).toEqual({ command, code: 78 })
      }
    } finally {
      asking.close()
    }
  })
})

/** The server's message of that kind. */
function authentication(kind: number, text: string): Buffer {
  const head = Buffer.alloc(9)
  head.write('R')
  head.writeInt32BE(8 + text.length, 1)
  head.writeInt32BE(kind, 5)
  return Buffer.concat([head, Buffer.from(text)])
}

function urlOf(server: Server | NetServer): string {
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}
