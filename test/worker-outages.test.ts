/** Outages and data loss of Redis, Postgres and Allo: the service stays up, and the next pass is right. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDatabase, dropDatabase } from './support/database.ts'
import { type PrivatePostgres, startPrivatePostgres } from './support/private-postgres.ts'
import { startTestRedis, type TestRedis } from './support/redis.ts'
import { until } from './support/worker.ts'
import { type Scene, withScene } from './support/worker-scene.ts'

let redis: TestRedis | null = null
let postgres: PrivatePostgres
beforeAll(async () => {
  redis = await startTestRedis()
  postgres = await startPrivatePostgres()
})
afterAll(async () => {
  await redis?.stop()
  await postgres.stop()
})

const inScene = async (redisUrl: string | null, work: (scene: Scene) => Promise<void>) => {
  const { url, name } = await createDatabase(postgres.url)
  try {
    await withScene({ databaseUrl: url, redisUrl }, work)
  } finally {
    await dropDatabase(postgres.url, name)
  }
}

/** Readings that wait for an answer, so that whatever happens now happens in mid-pass. */
async function inMidPass(scene: Scene): Promise<{ goOn(): void }> {
  const held = scene.api.faults.add({ kind: 'no_answer', endpoint: 'queue' })
  await until('readings wait', () => held.injected() > 0)
  return { goOn: () => held.remove() }
}

describe('jobs in redis', () => {
  let server: NonNullable<TestRedis['server']>
  let url = ''
  beforeEach(({ skip }) => {
    skip(redis?.server == null, 'no Redis of our own')
    if (redis?.server == null) return
    server = redis.server
    url = redis.url
  })

  it.each([
    ['restarts with its data', { withData: true }],
    ['restarts without its data', { withData: false }],
  ] as const)(
    'Redis %s during a pass: the schedule is restored within an interval, and the next pass is right',
    (_, how) =>
      inScene(url, async (scene) => {
        const worker = scene.start({ ALLO_REQUEST_TIMEOUT_MS: '2000' })
        await scene.finished({ status: 'ok' })
        const { goOn } = await inMidPass(scene)
        await server.halt()
        goOn()
        expect((await worker.logged('jobs_unreachable')).msg).toMatch(
          /^waiting for Redis: connect ECONNREFUSED/,
        )
        await server.start(how)
        await scene.finished({ status: 'ok', since: await scene.now() })
        expect(worker.isRunning()).toBe(true)
      }),
  )

  it('FLUSHALL during a pass: the pass is recorded as abandoned, and the next pass is right and comes long before the lease expires', () =>
    inScene(url, async (scene) => {
      scene.start({ ALLO_REQUEST_TIMEOUT_MS: '2000' })
      await scene.finished({ status: 'ok' })
      const { goOn } = await inMidPass(scene)
      await redis?.flush()
      const flushedAt = await scene.now()
      goOn()
      const [next] = await scene.finished({ status: 'ok', since: flushedAt })
      expect((next?.started_at ?? 0) - flushedAt).toBeLessThan(30_000)
      const lost = (await scene.passes()).filter(({ status }) => status === 'failed')
      expect(lost.map(({ error_code }) => error_code)).toEqual(['abandoned'])
    }))

  it('Redis unreachable at the start: the worker waits, says so, stops in time on a signal, and begins when Redis is up', () =>
    inScene(url, async (scene) => {
      await server.halt()
      const told = scene.start()
      const waiting = scene.start()
      await told.logged('jobs_unreachable')
      told.kill('SIGTERM')
      const { code, afterMs } = await told.exited
      expect(code).toBe(0)
      expect(afterMs).toBeLessThan(25_000)
      const ends = told.logs.filter(({ event }) => event === 'worker_stopped')
      expect(ends.map(({ msg }) => msg)).toEqual(['worker stopped'])
      await server.start({ withData: true })
      await scene.finished({ status: 'ok' })
      expect(waiting.isRunning()).toBe(true)
    }))
})

describe.each(['redis', 'postgres'] as const)('jobs in %s', (kind) => {
  let redisUrl: string | null = null
  beforeEach(({ skip }) => {
    redisUrl = kind === 'redis' ? (redis?.url ?? null) : null
    skip(kind === 'redis' && redis === null, 'no Redis')
  })

  it('Postgres down for some seconds, during a pass and at the start: the workers wait, and the next pass is right', () =>
    inScene(redisUrl, async (scene) => {
      const worker = scene.start({ ALLO_REQUEST_TIMEOUT_MS: '2000' })
      await scene.finished({ status: 'ok' })
      const { goOn } = await inMidPass(scene)
      await postgres.halt()
      goOn()
      const late = scene.start()
      await late.logged('waiting')
      await sleep(3000)
      await postgres.start()
      const backAt = await scene.now()
      expect(worker.logs.filter(({ event }) => event === 'waiting').length).toBeLessThanOrEqual(1)
      await late.logged('schedule_put')
      await scene.finished({ status: 'ok', since: backAt })
      expect(worker.isRunning()).toBe(true)
      late.kill('SIGTERM')
      await late.exited
      // The one that was there all the while works, too.
      await scene.finished({ status: 'ok', since: await scene.now() })
    }))

  it('Allo down: each pass is recorded as failed with the reason, and passes succeed when it is back', () =>
    inScene(redisUrl, async (scene) => {
      const worker = scene.start()
      await scene.finished({ status: 'ok' })
      const down = scene.api.faults.add('server_error')
      const downAt = await scene.now()
      const [failed] = await scene.finished({ status: 'failed', since: downAt })
      expect(failed?.error_code).toMatch(/INTERNAL_SERVER_ERROR|http_500/)
      expect(worker.isRunning()).toBe(true)
      down.remove()
      await scene.finished({ status: 'ok', since: await scene.now() })
    }))
})
