/** Workers look at the page where a teammate is dialling, between two passes. */
import { describe, expect, it } from 'vitest'
import { openJobBackend } from '../src/worker/job-backend.ts'
import { createTestDatabase } from './support/database.ts'
import { backendsOfJobs } from './support/shared-redis.ts'
import { until } from './support/worker.ts'
import { type Scene, withScene } from './support/worker-scene.ts'

/** The first pass is the only one, unless a test asks for another. */
const live = { SYNC_EVERY: '1h', LIVE_BUDGET_SHARE: '25%', LOG_LEVEL: 'debug' }

const backends = await backendsOfJobs()

describe.each(backends)('jobs in %s', { concurrent: true }, (_, redisUrl) => {
  const inScene = async (work: (scene: Scene) => Promise<void>) => {
    const database = await createTestDatabase()
    try {
      await withScene({ databaseUrl: database.url, redisUrl }, work)
    } finally {
      await database.drop()
    }
  }
  const dialsOf = async ({ pool }: Scene) =>
    (await pool.query<{ outcome: string }>('select outcome from allo.dials order by dial_id')).rows
  const passesOf = async ({ pool }: Scene, trigger: string) =>
    (
      await pool.query(`select status from allo.sync_passes where trigger = $1 and finished_at is not null`, [
        trigger,
      ])
    ).rows

  it('a dial and its result are recorded between two passes, also if the worker that looks is killed', () =>
    inScene(async (scene) => {
      const { world } = scene.api
      const userId = world.keyOwner()
      const first = scene.start(live)
      await scene.finished()
      world.apply({ type: 'dial', userId, position: 0 })
      await until('the dial is recorded', async () => (await dialsOf(scene)).length === 1)
      first.kill('SIGKILL')
      const second = scene.start(live)
      world.apply({ type: 'result', userId, position: 0, result: { routing_result: 'ANSWERED' } })
      await until('the result is recorded', async () => (await dialsOf(scene))[0]?.outcome === 'connected')
      expect(await passesOf(scene, 'schedule')).toHaveLength(1)
      second.kill('SIGTERM')
      expect((await second.exited).code).toBe(0)
    }))

  it('a number that was added is read at once, by a pass of its own', () =>
    inScene(async (scene) => {
      const { world } = scene.api
      const userId = world.keyOwner()
      scene.start(live)
      await scene.finished()
      world.apply({ type: 'append', userId, numbers: ['+12125550199'] })
      await until('the pass of the look is over', async () => (await passesOf(scene, 'look')).length > 0)
      expect(await passesOf(scene, 'look')).toEqual([{ status: 'ok' }])
      const { rows } = await scene.pool.query(`select numbers from allo.queues where user_id = $1`, [userId])
      expect(rows).toEqual([{ numbers: 16 }])
    }))

  it('a worker whose share is 0 removes the schedule of looks, and no job is left', () =>
    inScene(async (scene) => {
      const worker = scene.start(live)
      await scene.finished()
      await until(
        'a look was made',
        async () => (await scene.pool.query('select from allo.looks where looked_at is not null')).rowCount,
      )
      worker.kill('SIGTERM')
      await worker.exited
      scene.start({ ...live, LIVE_BUDGET_SHARE: '0' })
      const backend = await openJobBackend({ redisUrl, databaseUrl: scene.databaseUrl }, () => undefined)
      const queue = await backend.openQueue(`allo-looks-${scene.fingerprint}`)
      await until('the schedule is gone', async () => (await queue.getJobSchedulers()).length === 0)
      const counts = await queue.getJobCounts()
      await queue.close()
      await backend.close()
      expect(Object.entries(counts).filter(([, count]) => count > 0)).toEqual([])
    }))
})
