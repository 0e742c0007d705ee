/** Processes that get a signal or are killed: another process takes over their work, and nothing is stored twice. */
import { describe, expect, it } from 'vitest'
import { openJobBackend } from '../src/worker/job-backend.ts'
import { createTestDatabase } from './support/database.ts'
import { backendsOfJobs } from './support/shared-redis.ts'
import { until } from './support/worker.ts'
import { type Scene, withScene } from './support/worker-scene.ts'

/** Some 15 s; left alone, BullMQ would take 60 s. What lies between is for a busy machine. */
const TAKEN_OVER_WITHIN_MS = 45_000
/** After SIGTERM; the answers that are waited for would take longer. */
const OUT_WITHIN_MS = 25_000
/** The first tick comes at once, the next one after the test. */
const onePass = { SYNC_EVERY: '1h', ALLO_REQUEST_TIMEOUT_MS: '120000' }

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
  const readingJobs = async ({ databaseUrl, fingerprint }: Scene) => {
    const backend = await openJobBackend({ redisUrl, databaseUrl }, () => undefined)
    const queue = await backend.openQueue(`allo-readings-${fingerprint}`)
    const jobs = await queue.getJobs(['completed', 'failed', 'waiting', 'active', 'delayed'])
    await queue.close()
    await backend.close()
    return jobs
  }
  const everyoneOnce = async (scene: Scene, passId: string | undefined) => {
    const { rows } = await scene.pool.query(
      `select count(*)::int as reads, bool_and(status = 'ok') as ok from allo.sync_reads where pass_id = $1`,
      [passId],
    )
    expect(rows).toEqual([{ reads: 6, ok: true }])
    const { rows: history } = await scene.pool.query(
      `select (select count(*) from allo.queue_number_versions)::int as versions,
         (select count(*) from allo.queue_entries)::int as entries,
         (select count(*) from allo.queue_numbers)::int as numbers`,
    )
    expect(history).toEqual([{ versions: 90, entries: 90, numbers: 90 }])
  }

  it('SIGTERM during a pass: exit 0 in time, and another worker makes the reading without using up an attempt', () =>
    inScene(async (scene) => {
      const held = scene.api.faults.add({ kind: 'no_answer', endpoint: 'queue' })
      const first = scene.start({ ...onePass, ALLO_CONCURRENCY: '2' })
      await until('it reads two', () => held.injected() === 2)
      const second = scene.start({ ...onePass, ALLO_CONCURRENCY: '2' })
      await second.logged('worker_started')
      await until('the other reads two', () => held.injected() === 4)
      held.remove()
      first.kill('SIGTERM')
      const { code, afterMs } = await first.exited
      expect(code).toBe(0)
      expect(afterMs).toBeLessThan(OUT_WITHIN_MS)
      second.kill('SIGTERM')
      expect(await second.exited).toMatchObject({ code: 0 })
      const third = scene.start({ ...onePass })
      const [pass, ...more] = await scene.finished()
      expect(pass).toMatchObject({ status: 'ok', teammates: 6 })
      expect(more).toEqual([])
      await everyoneOnce(scene, pass?.pass_id)
      await third.logged('pass_finished')
      const jobs = await readingJobs(scene)
      expect(jobs.map(({ attemptsMade }) => attemptsMade)).toEqual([1, 1, 1, 1, 1, 1])
      expect(jobs.filter(({ attemptsStarted }) => attemptsStarted > 1)).toHaveLength(4)
    }))

  it('a second signal stops a worker at once', () =>
    inScene(async (scene) => {
      const held = scene.api.faults.add({ kind: 'no_answer', endpoint: 'queue' })
      const worker = scene.start(onePass)
      await until('it reads', () => held.injected() > 0)
      worker.kill('SIGTERM')
      worker.kill('SIGINT')
      const { code, afterMs } = await worker.exited
      expect([0, 75]).toContain(code)
      expect(afterMs).toBeLessThan(OUT_WITHIN_MS / 2)
    }))

  it('kill -9 of a worker during a reading: another takes over within seconds, and nothing is stored twice', () =>
    inScene(async (scene) => {
      const held = scene.api.faults.add({ kind: 'no_answer', endpoint: 'queue', times: 2 })
      const first = scene.start({ ...onePass, ALLO_CONCURRENCY: '2' })
      await until('it reads two', () => held.injected() === 2)
      scene.start(onePass)
      await until('the other has read the rest', async () => {
        const { rows } = await scene.pool.query('select from allo.sync_reads')
        return rows.length === 4
      })
      first.kill('SIGKILL')
      const killedAt = performance.now()
      const [pass] = await scene.finished()
      expect(performance.now() - killedAt).toBeLessThan(TAKEN_OVER_WITHIN_MS)
      expect(pass).toMatchObject({ status: 'ok' })
      await everyoneOnce(scene, pass?.pass_id)
    }))

  it.each(['me', 'users'] as const)(
    'kill -9 of the worker that begins a pass, waiting for /%s: another one begins it',
    (endpoint) =>
      inScene(async (scene) => {
        const held = scene.api.faults.add({ kind: 'no_answer', endpoint, times: 1 })
        const first = scene.start(onePass)
        await until('it waits', () => held.injected() === 1)
        const second = scene.start(onePass)
        await second.logged('worker_started')
        first.kill('SIGKILL')
        const killedAt = performance.now()
        const [pass, ...more] = await scene.finished()
        expect(performance.now() - killedAt).toBeLessThan(TAKEN_OVER_WITHIN_MS)
        expect(pass).toMatchObject({ status: 'ok' })
        expect(more).toEqual([])
        await everyoneOnce(scene, pass?.pass_id)
      }),
  )

  it('kill -9 of the worker that ends a pass: another one ends it', () =>
    inScene(async (scene) => {
      const held = scene.api.faults.add({ kind: 'no_answer', endpoint: 'users', times: 1 })
      const first = scene.start({ ...onePass, ALLO_REQUEST_TIMEOUT_MS: '3000' })
      await until('the pass is there', () => held.injected() === 1)
      const lock = await scene.pool.connect()
      let second = first
      try {
        await lock.query('begin')
        // On a busy machine it is held for longer than our sessions may be idle.
        await lock.query('set local idle_in_transaction_session_timeout = 0')
        await lock.query('select from allo.sync_passes for no key update')
        await until('it waits to end the pass', async () => {
          const { rows } = await scene.pool.query(
            `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()
               and query ilike 'update%sync_passes%finished_at%'`,
          )
          return rows.length > 0
        })
        second = scene.start(onePass)
        await second.logged('worker_started')
        first.kill('SIGKILL')
        await first.exited
      } finally {
        await lock.query('rollback')
        lock.release()
      }
      const [pass, ...more] = await scene.finished()
      expect(pass).toMatchObject({ status: 'ok' })
      expect(more).toEqual([])
      await everyoneOnce(scene, pass?.pass_id)
    }))
})
