/** A Postgres or Redis that keeps its connections open and stops responding for a while. */
import { createServer } from 'node:net'
import { describe, it } from 'vitest'
import { type BlackHole, startBlackHole } from './support/black-hole.ts'
import { createTestDatabase } from './support/database.ts'
import { useSharedRedis } from './support/shared-redis.ts'
import { PATIENCE_MS, spawnCommand } from './support/worker.ts'
import { withScene } from './support/worker-scene.ts'

const redis = await useSharedRedis()

describe('a worker', { concurrent: true }, () => {
  it.for([
    { silent: 'Postgres, which has its jobs too,', jobsInRedis: false, says: /Postgres/ },
    { silent: 'Redis', jobsInRedis: true, says: /Redis/ },
  ])(
    'continues when $silent answers new connections again, and ends in time while it does not respond',
    async ({ jobsInRedis, says }, { expect, skip }) => {
      skip(jobsInRedis && redis === null, 'no Redis')
      const database = await createTestDatabase()
      const hole: BlackHole = await startBlackHole(jobsInRedis ? (redis ?? '') : database.url)
      try {
        await withScene(
          { databaseUrl: database.url, redisUrl: jobsInRedis ? hole.url : null },
          async (scene) => {
            const worker = scene.start(jobsInRedis ? {} : { DATABASE_URL: hole.url })
            await scene.finished({ status: 'ok' })
            hole.fallSilent()
            const { msg } = await worker.logged(jobsInRedis ? 'jobs_unreachable' : 'database_unusable')
            expect(msg).toMatch(says)

            hole.comeBack()
            await scene.finished({ status: 'ok', since: await scene.now() })
            await expect.poll(() => hole.deadConnections(), { timeout: PATIENCE_MS }).toBe(0)
            expect(await scene.contradictions()).toEqual([])

            hole.fallSilent()
            worker.kill('SIGTERM')
            const { code, signal, afterMs } = await worker.exited
            expect({ code, signal }).toEqual({ code: 0, signal: null })
            expect(afterMs).toBeLessThan(15_000)
          },
        )
      } finally {
        await hole.close()
        await database.drop()
      }
    },
  )
})

describe('a command', () => {
  it.for([
    ['check'],
    ['report', '--out', 'report.html'],
    ['status'],
    ['doctor'],
    ['grant', 'a_reader', '--revoke'],
    ['retain'],
    ['migrate'],
    ['sync'],
  ])(
    '%j ends within 15 s of SIGTERM if Postgres accepts connections and never answers',
    async (args, { expect }) => {
      const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1')
      await new Promise((resolve) => silent.once('listening', resolve))
      const address = silent.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      const connected = new Promise((resolve) => silent.once('connection', resolve))
      const running = spawnCommand(args, {
        PATH: process.env.PATH ?? '',
        DATABASE_URL: `postgres://someone:secret@127.0.0.1:${port}/allo`,
        ALLO_API_KEY: 'ak_test_silent_0000',
        ALLO_API_URL: 'http://127.0.0.1:9',
        HTTP_PORT: '0',
      })
      try {
        await connected
        running.kill('SIGTERM')
        const { code, signal, afterMs } = await running.exited
        expect(afterMs).toBeLessThan(15_000)
        expect(code === 75 || signal === 'SIGTERM').toBe(true)
      } finally {
        silent.close()
      }
    },
  )
})
