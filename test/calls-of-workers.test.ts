/** Workers ask for the details of calls between two passes, with looks and without. */
import { describe, expect, it } from 'vitest'
import { createTestDatabase } from './support/database.ts'
import { letTimePass } from './support/letting-time-pass.ts'
import { backendsOfJobs } from './support/shared-redis.ts'
import { until } from './support/worker.ts'
import { type Scene, withScene } from './support/worker-scene.ts'

const withDetails = { CALL_DETAILS: 'true', CONVERSION_TAGS: 'Meeting booked', LOG_LEVEL: 'debug' }
const scopes = ['USERS_READ', 'DIALING_QUEUE_READ_WRITE', 'CONVERSATIONS_READ']

const backends = await backendsOfJobs()

describe.each(backends)('jobs in %s', { concurrent: true }, (_, redisUrl) => {
  const inScene = async (work: (scene: Scene) => Promise<void>) => {
    const database = await createTestDatabase()
    try {
      await withScene({ databaseUrl: database.url, redisUrl }, async (scene) => {
        scene.api.change({ scopes })
        await work(scene)
      })
    } finally {
      await database.drop()
    }
  }

  /** The first teammate makes calls, a worker records them, and minutes pass. */
  async function callsMade(scene: Scene, calls: number): Promise<void> {
    const { world } = scene.api
    const userId = world.keyOwner()
    for (let position = 0; position < calls; position += 1) {
      world.apply({ type: 'dial', userId, position })
      world.apply({ type: 'result', userId, position, result: { routing_result: 'ANSWERED' } })
    }
    const worker = scene.start({ SYNC_EVERY: '1h' })
    await scene.finished()
    worker.kill('SIGTERM')
    await worker.exited
    await letTimePass(scene.pool, '10 minutes', { sourceStays: true })
  }
  const known = async ({ pool }: Scene) =>
    (
      await pool.query<{ call_id: string; duration_seconds: number }>(
        'select call_id, duration_seconds from allo.calls where known_at is not null order by 1',
      )
    ).rows
  const asked = ({ api }: Scene) =>
    api.requests.list().filter(({ path }) => path.startsWith('/v2/api/conversations/items/'))

  it.each([
    ['looks', { LIVE_BUDGET_SHARE: '25%', SYNC_EVERY: '1h' }],
    ['passes alone', { SYNC_EVERY: '4s' }],
  ])('after %s, each call is asked for once, and its details are those of Allo', (_, env) =>
    inScene(async (scene) => {
      await callsMade(scene, 8)
      scene.start({ ...withDetails, ...env })
      await until('all details are known', async () => (await known(scene)).length === 8)
      for (const { call_id, duration_seconds } of await known(scene))
        expect(duration_seconds).toBe(scene.api.world.call(call_id)?.duration)
      expect(asked(scene)).toHaveLength(8)
    }),
  )

  it('if the worker that asks is killed, another one asks for the rest and for no call twice', () =>
    inScene(async (scene) => {
      await callsMade(scene, 6)
      const live = { ...withDetails, SYNC_EVERY: '1h', LIVE_BUDGET_SHARE: '25%' }
      const held = scene.api.faults.add({ kind: 'no_answer', endpoint: 'call', times: 1 })
      const first = scene.start(live)
      await until('the worker asks', () => held.injected() === 1)
      first.kill('SIGKILL')
      await first.exited
      const [lost] = asked(scene)
      scene.start(live)
      await until('the others are known', async () => (await known(scene)).length === 5)
      expect(asked(scene).filter(({ path }) => path === lost?.path)).toHaveLength(1)
      await letTimePass(scene.pool, '3 minutes', { sourceStays: true })
      await until('the call of the killed worker is known', async () => (await known(scene)).length === 6)
      expect(asked(scene)).toHaveLength(7)
    }))

  it('if workers are killed again and again, every call is known at the end, once, as Allo has it', () =>
    inScene(async (scene) => {
      const calls = 12
      await callsMade(scene, calls)
      scene.api.change({ latencyMs: [20, 120] })
      const live = { ...withDetails, SYNC_EVERY: '1h', LIVE_BUDGET_SHARE: '25%' }
      for (const askedBefore of [3, 6, 9]) {
        const worker = scene.start(live)
        await until(`${askedBefore} calls are asked for`, () => asked(scene).length >= askedBefore)
        worker.kill('SIGKILL')
        await worker.exited
      }
      await letTimePass(scene.pool, '3 minutes', { sourceStays: true })
      scene.start(live)
      await until('all details are known', async () => (await known(scene)).length === calls)
      for (const { call_id, duration_seconds } of await known(scene))
        expect(duration_seconds).toBe(scene.api.world.call(call_id)?.duration)
      const { rows } = await scene.pool.query('select attempts, given_up_at from allo.calls')
      expect(rows).toEqual(Array.from({ length: calls }, () => ({ attempts: 0, given_up_at: null })))
      // At most the one whose answer a killed worker did not record.
      expect(asked(scene).length).toBeLessThanOrEqual(calls + 3)
    }))

  it('a key without the scope is asked once, the passes go on, and the log names the scope', () =>
    inScene(async (scene) => {
      await callsMade(scene, 3)
      scene.api.change({ scopes: scopes.slice(0, 2) })
      const worker = scene.start({ ...withDetails, SYNC_EVERY: '1s' })
      const { msg } = await worker.logged('call_details_failed')
      expect(msg).toContain('CONVERSATIONS_READ')
      await scene.finished({ count: 4, status: 'ok' })
      expect(asked(scene)).toHaveLength(1)
      expect(await known(scene)).toEqual([])
    }))
})
