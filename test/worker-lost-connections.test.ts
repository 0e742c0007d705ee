/** Connections to Postgres that are lost at the worst moment, in any part of the worker, do not end it. */
import { expect, it } from 'vitest'
import { startCuttingProxy } from './support/cutting-proxy.ts'
import { createTestDatabase } from './support/database.ts'
import { withScene } from './support/worker-scene.ts'

/** Those of one worker that keeps its jobs in Postgres. The last one is how BullMQ's are named, too. */
const names = ['migrate', 'worker', 'watch', 'read budget', 'jobs'].map((name) => `allo-queue-mirror ${name}`)

it('Postgres ends connections of each kind as soon as they are ready: the worker stays up and reads', async () => {
  const database = await createTestDatabase()
  const cut = new Map<string, number>()
  const proxy = await startCuttingProxy(database.url, ({ name, nth, ready }) => {
    // The first one for jobs prepares their tables; those of BullMQ itself follow.
    const isCut = name.endsWith('jobs')
      ? nth > 1 && nth <= 8 && ready === 1 + (nth % 4)
      : nth === 1 && ready === 1
    if (isCut) cut.set(name, (cut.get(name) ?? 0) + 1)
    return isCut
  })
  try {
    await withScene({ databaseUrl: database.url, redisUrl: null }, async (scene) => {
      const worker = scene.start({ DATABASE_URL: proxy.url })
      await Promise.race([scene.finished({ count: 2, status: 'ok' }), worker.exited])
      expect(worker.isRunning(), worker.stderr()).toBe(true)
      expect([...cut.keys()]).toEqual(expect.arrayContaining(names))
      worker.kill('SIGTERM')
      expect((await worker.exited).code).toBe(0)
    })
  } finally {
    await proxy.close()
    await database.drop()
  }
})
