/** What doctor and a starting worker report about the backend of the jobs. */
import { createServer, connect as openSocket } from 'node:net'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inspectJobsInPostgres, inspectRedis } from '../src/worker/inspect-jobs.ts'
import { openJobBackend } from '../src/worker/job-backend.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { startTestRedis, type TestRedis } from './support/redis.ts'

let redis: TestRedis | null
let database: TestDatabase
beforeAll(async () => {
  ;[redis, database] = await Promise.all([startTestRedis(), createTestDatabase()])
})
afterAll(async () => {
  await Promise.all([redis?.stop(), database.drop()])
})

async function withPolicy(policy: string, url: string) {
  const client = new Redis(url)
  await client.config('SET', 'maxmemory-policy', policy)
  await client.quit()
}

test('accepts a Redis that never evicts, and names the setting of one that does', async (context) => {
  if (redis === null) return context.skip()
  await withPolicy('noeviction', redis.url)
  expect(await inspectRedis(redis.url)).toMatchObject({ concerns: [] })
  await withPolicy('allkeys-lru', redis.url)
  const { what, concerns } = await inspectRedis(redis.url)
  expect(what).toMatch(/^Redis \d+\.\d+\.\d+, appendonly (yes|no), maxmemory-policy allkeys-lru$/)
  expect(concerns).toEqual([expect.stringContaining('Set it to noeviction')])
  await withPolicy('noeviction', redis.url)
})

test('reports a missing Redis at once', async () => {
  await expect(inspectRedis('redis://127.0.0.1:1')).rejects.toThrow('ECONNREFUSED')
})

test('sees two backends behind two connections of a Postgres', async () => {
  expect(await inspectJobsInPostgres(database.url)).toMatchObject({ concerns: [] })
})

test('keeps the jobs in their schema if the URL has options', async () => {
  const url = new URL(database.url)
  url.searchParams.set('options', '-c statement_timeout=5min')
  expect(await inspectJobsInPostgres(url.href)).toMatchObject({ concerns: [] })
  const jobs = await openJobBackend({ redisUrl: null, databaseUrl: url.href }, () => undefined)
  const queue = await jobs.openQueue('test')
  expect(await queue.getJobSchedulers()).toEqual([])
  await queue.close()
  await jobs.close()
})

test('reports that a login may not create the schema of the jobs', async () => {
  const url = new URL(database.url)
  url.searchParams.set('options', '-c role=pg_monitor')
  await expect(inspectJobsInPostgres(url.href)).rejects.toThrow(/may not make and fill schema allo_jobs/)
})

test('detects a pooler that gives two connections one backend', async () => {
  const pooler = await startPooler(new URL(database.url))
  const url = new URL(database.url)
  url.port = String(pooler.port)
  const { concerns } = await inspectJobsInPostgres(url.href)
  expect(concerns).toEqual([expect.stringContaining('pooler')])
  pooler.stop()
})

test.each([
  ['refuses', 'as PgBouncer does'],
  ['ignores', 'as PgBouncer does when it is told to'],
] as const)(
  "reports that jobs can't be kept behind a pooler that %s the options of a connection, %s",
  async (how, _) => {
    const pooler = await startPooler(new URL(database.url), (startup) => withoutOptions(startup, how))
    const url = new URL(database.url)
    url.port = String(pooler.port)
    await expect(inspectJobsInPostgres(url.href)).rejects.toThrow(/DATABASE_URL: .* Set REDIS_URL/)
    pooler.stop()
  },
)

/** The message that opens a connection: length, version, and names with values, each ended by a zero. */
function withoutOptions(startup: Buffer, how: 'refuses' | 'ignores'): Buffer | { answer: Buffer } {
  const words = startup.toString('utf8', 8).split('\0')
  const at = words.indexOf('options')
  if (at < 0) return startup
  if (how === 'refuses') {
    const fields = 'SFATAL\0C08P01\0Munsupported startup parameter: options\0\0'
    const head = Buffer.from([0x45, 0, 0, 0, fields.length + 4])
    return { answer: Buffer.concat([head, Buffer.from(fields)]) }
  }
  words.splice(at, 2)
  const head = Buffer.from(startup.subarray(0, 8))
  const body = Buffer.from(words.join('\0'))
  head.writeInt32BE(head.length + body.length)
  return Buffer.concat([head, body])
}

/** Between clients and Postgres: every client hears the process id of the first one's backend, as behind a pooler. */
async function startPooler(
  target: URL,
  onStartup: (startup: Buffer) => Buffer | { answer: Buffer } = (startup) => startup,
): Promise<{ port: number; stop(): void }> {
  let firstPid: Buffer | undefined
  const server = createServer((client) => {
    const backend = openSocket(Number(target.port), target.hostname)
    client.once('data', (startup) => {
      const passedOn = onStartup(startup)
      if (Buffer.isBuffer(passedOn)) {
        backend.write(passedOn)
        client.pipe(backend)
      } else client.end(passedOn.answer)
    })
    backend.on('data', (data) => {
      // DataRow with one column: 'D', length, 1 column, length of the value, the pid as text.
      const at = data.indexOf(Buffer.from([0x44]))
      const isRow = at >= 0 && data.includes('pid') && data.indexOf('D', data.indexOf('pid')) > 0
      if (isRow) {
        const row = data.indexOf('D', data.indexOf('pid'))
        const length = data.readInt32BE(row + 7)
        const pid = data.subarray(row + 11, row + 11 + length)
        firstPid ??= Buffer.from(pid)
        firstPid.subarray(0, length).copy(data, row + 11)
      }
      client.write(data)
    })
    client.on('error', () => backend.destroy()).on('close', () => backend.destroy())
    backend.on('error', () => client.destroy()).on('close', () => client.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, stop: () => server.close() }
}
