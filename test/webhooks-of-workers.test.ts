/** Webhooks make real workers look and read between two passes. */
import { describe, expect, test } from 'vitest'
import { signWebhook } from '../src/simulation/webhooks.ts'
import { createTestDatabase } from './support/database.ts'
import { ask } from './support/http.ts'
import { backendsOfJobs } from './support/shared-redis.ts'
import { secret } from './support/webhooks.ts'
import { until } from './support/worker.ts'
import { type Scene, withScene } from './support/worker-scene.ts'

/** One pass, and afterwards only the looks that a webhook asks for. */
const env = { SYNC_EVERY: '1h', LIVE_BUDGET_SHARE: '25%', ALLO_WEBHOOK_SECRET: secret, LOG_LEVEL: 'debug' }

async function untilNoLookIsDue({ pool, api }: Scene): Promise<void> {
  const teammates = api.world.teammates().length
  await until('a look at each teammate was made', async () => {
    const { rows } = await pool.query('select from allo.looks where looked_at is not null')
    return rows.length === teammates
  })
  await pool.query(`update allo.looks set planned_at = now() + interval '1 hour'`)
}

describe.each(await backendsOfJobs())('jobs in %s', { concurrent: true }, (_, redisUrl) => {
  test('a dial is recorded when its webhook came, and a call of an unknown number has the queue read', async () => {
    const database = await createTestDatabase()
    await withScene({ databaseUrl: database.url, redisUrl }, async (scene) => {
      const { world } = scene.api
      const worker = scene.start(env)
      const { address } = await worker.logged('http_listening')
      await scene.finished()
      await untilNoLookIsDue(scene)
      const [rep] = world.teammates()
      const userId = rep?.id ?? ''
      const post = async (id: string, topic: string, number: string) => {
        const body = JSON.stringify({ topic, data: { user_email: rep?.email, to_number: number } })
        // Sent again until it is taken, as by Allo.
        await until(`the worker takes ${id}`, async () => {
          const headers = signWebhook(secret, { id, at: Date.now(), body })
          const { status } = await ask(`${address}/hooks/allo`, { method: 'POST', headers, body })
          return status === 200
        })
      }

      world.apply({ type: 'dial', userId, position: 0 })
      await post('msg_1', 'call.triggered', world.currentQueue(userId)?.rowAt(0)?.number_to ?? '')
      await until('the dial is recorded', async () => {
        const { rows } = await scene.pool.query('select from allo.dials')
        return rows.length === 1
      })
      await post('msg_2', 'call.completed', '+12125550199')
      await until('the queue is read', async () => {
        const read = (await scene.passes()).find(({ trigger }) => trigger === 'look')
        return read?.status === 'ok'
      })
      const reasons = worker.logs.flatMap(({ event, reason }) =>
        event === 'reading_requested' ? [reason] : [],
      )
      expect(reasons).toEqual(['a completed call of an unknown number'])
      expect((await scene.passes()).map(({ trigger }) => trigger)).toEqual(['schedule', 'look'])
      expect(await scene.contradictions()).toEqual([])
    })
    await database.drop()
  })
})
