/** Worker processes without outages: passes, schedules, teams, refused keys and failing teammates. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { openJobBackend } from '../src/worker/job-backend.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { backendsOfJobs } from './support/shared-redis.ts'
import { environmentOf, spawnCommand, until } from './support/worker.ts'
import { openScene, type PassRow, type Scene, withScene } from './support/worker-scene.ts'

/** The first one, and four that try again. */
const REQUESTS_OF_A_TRY = 5

const backends = await backendsOfJobs()

describe.each(backends)('jobs in %s', { concurrent: true }, (_, redisUrl) => {
  const withDatabase = async (work: (database: TestDatabase) => Promise<void>) => {
    const database = await createTestDatabase()
    try {
      await work(database)
    } finally {
      await database.drop()
    }
  }
  const inScene = (work: (scene: Scene) => Promise<void>) =>
    withDatabase(({ url }) => withScene({ databaseUrl: url, redisUrl }, work))
  const ticksOf = (passes: readonly PassRow[]) => passes.flatMap(({ tick }) => tick ?? [])
  const schedulersOf = async ({ databaseUrl, fingerprint }: Scene) => {
    const backend = await openJobBackend({ redisUrl, databaseUrl }, () => undefined)
    const queue = await backend.openQueue(`allo-passes-${fingerprint}`)
    const found = await queue.getJobSchedulers()
    await queue.close()
    await backend.close()
    return found.map(({ key }) => key)
  }

  it('three workers read each teammate once per pass, share the work, and store only ids in jobs', () =>
    inScene(async (scene) => {
      scene.api.change({ latencyMs: 80 })
      const env = { ALLO_CONCURRENCY: '1', LOG_LEVEL: 'debug' }
      const workers = [scene.start(env), scene.start(env), scene.start(env)]
      await Promise.all(workers.map((worker) => worker.logged('worker_started')))
      const since = await scene.now()
      const sharesOf = () => workers.map(({ logs }) => logs.filter(({ event }) => event === 'reading').length)
      await until('each of them reads', () => Math.min(...sharesOf()) > 0)
      const passes = await scene.finished({ count: 3, status: 'ok', since })
      for (const worker of workers) worker.kill('SIGTERM')
      const exits = await Promise.all(workers.map(({ exited }) => exited))
      expect(exits.map(({ code }) => code)).toEqual([0, 0, 0])

      const { rows } = await scene.pool.query(
        `select pass_id, count(*)::int as reads, count(distinct user_id)::int as users, bool_and(status = 'ok') as ok
         from allo.sync_reads where pass_id = any($1) group by pass_id`,
        [passes.map(({ pass_id }) => pass_id)],
      )
      expect(rows).toHaveLength(passes.length)
      for (const row of rows) expect(row).toMatchObject({ reads: 6, users: 6, ok: true })
      const from = passes[0]?.started_at ?? 0
      const to = passes.at(-1)?.finished_at ?? 0
      const during = scene.api.requests
        .list()
        .filter(
          ({ at, path, query }) =>
            at >= from && at <= to && path.endsWith('/current') && /page=1(&|$)/.test(query),
        )
      const began = new Map<string | null, number>()
      for (const { query } of during) {
        const user = new URLSearchParams(query).get('user_id')
        began.set(user, (began.get(user) ?? 0) + 1)
      }
      expect([...began.values()]).toEqual(Array.from({ length: 6 }, () => passes.length))

      const jobs = await everythingIn(scene)
      expect(jobs).toContain('userId')
      expect(jobs).not.toContain(scene.apiKey)
      expect(jobs).not.toMatch(/\+\d{8}/)
    }))

  async function everythingIn(scene: Scene): Promise<string> {
    if (redisUrl === null) {
      const { rows } = await scene.pool.query('select to_jsonb(j)::text as job from allo_jobs.job j')
      return rows.map(({ job }) => job).join('\n')
    }
    const client = new Redis(redisUrl)
    const keys = await client.keys(`bull:*${scene.fingerprint}:*`)
    const texts: string[] = []
    for (const key of keys) {
      if ((await client.type(key)) === 'hash') texts.push(JSON.stringify(await client.hgetall(key)))
    }
    client.disconnect()
    return texts.join('\n')
  }

  it('a changed interval takes effect at the next start, the old one is gone, and missed ticks are not replayed', () =>
    inScene(async (scene) => {
      const first = scene.start({ SYNC_EVERY: '1s' })
      await scene.finished({ count: 2 })
      first.kill('SIGTERM')
      expect(await first.exited).toMatchObject({ code: 0 })
      await sleep(5000)
      const restarted = await scene.now()
      const second = scene.start({ SYNC_EVERY: '1s' })
      const again = await scene.finished({ count: 3, since: restarted })
      // By when their ticks were due: when they began tells how busy the machine was, too.
      const missed = ticksOf(again).filter(({ at }) => at < restarted)
      expect(missed.length).toBeLessThanOrEqual(1)

      const third = scene.start({ SYNC_EVERY: '4s' })
      await third.logged('schedule_put')
      // The old one still runs, as in a rolling update, and must not fight for its schedule.
      await second.logged('schedule_replaced')
      await until('only the new one is there', async () => (await schedulersOf(scene)).length === 1)
      const putAt = await scene.now()
      const newTicks = await until('three passes of the new schedule', async () => {
        const ticks = ticksOf(await scene.passes()).filter(({ schedule }) => schedule === 'every 4000 ms')
        return ticks.length >= 3 && ticks.map(({ at }) => at)
      })
      const gaps = newTicks.slice(1).map((at, index) => at - (newTicks[index] ?? 0))
      expect(gaps.every((gap) => gap > 0 && gap % 4000 === 0)).toBe(true)
      const oldOnes = ticksOf(await scene.passes()).filter(({ schedule }) => schedule === 'every 1000 ms')
      expect(oldOnes.filter(({ at }) => at > putAt + 1000)).toEqual([])
      expect(await schedulersOf(scene)).toEqual(['every 4000 ms'])
    }))

  it('two teams in one installation do not see each other', () =>
    withDatabase(async ({ url }) => {
      const open = (name: string) =>
        openScene({
          databaseUrl: url,
          redisUrl,
          world: { seed: name, teamId: `team-${name}`, teammates: name === 'east' ? 4 : 3 },
        })
      const scenes = [await open('east'), await open('west')]
      let stderr = ''
      try {
        for (const scene of scenes) scene.start()
        for (const scene of scenes) {
          const passes = await scene.finished({ count: 3, status: 'ok' })
          expect(new Set(passes.map(({ teammates }) => teammates))).toEqual(
            new Set([scene.api.world.teammates().length]),
          )
          const skipped = (await scene.passes()).filter(
            ({ status }) => status !== 'ok' && status !== 'running',
          )
          expect(skipped).toEqual([])
          expect(scene.api.requests.countOf(401)).toBe(0)
          // With a cron schedule the ids that BullMQ gives to their ticks are the same.
          const { rows } = await scene.pool.query(
            `select bool_and(position($2 in job_id) > 0) as named from allo.sync_passes where team_id = $1`,
            [scene.api.world.team.id, scene.fingerprint],
          )
          expect(rows).toEqual([{ named: true }])
          expect(await scene.contradictions()).toEqual([])
        }
      } finally {
        for (const scene of scenes) stderr += await scene.close()
      }
      expect(stderr).toBe('')
    }))

  it('sync beside a worker is safe, and both finish', () =>
    inScene(async (scene) => {
      scene.api.change({ latencyMs: 50 })
      scene.start({ SYNC_EVERY: '1s' })
      await scene.finished({ count: 1 })
      const { apiKey, databaseUrl } = scene
      const sync = spawnCommand(
        ['sync', '--json'],
        environmentOf({ apiKey, apiUrl: scene.api.url, databaseUrl, redisUrl }),
      )
      expect(await sync.exited).toMatchObject({ code: 0 })
      const passes = await scene.finished({ count: 3, status: 'ok' })
      expect(passes.some(({ trigger }) => trigger === 'manual')).toBe(true)
    }))

  it('a refused key is recorded once per interval, and passes succeed when it is accepted again', () =>
    inScene(async (scene) => {
      scene.api.change({ apiKey: 'ak_live_somebody_else' })
      const worker = scene.start()
      await worker.logged('job_failed')
      expect(worker.isRunning()).toBe(true)
      scene.api.change({ apiKey: scene.apiKey })
      await scene.finished({ status: 'ok' })
      scene.api.change({ apiKey: 'ak_live_somebody_else' })
      const failed = await scene.finished({ count: 3, status: 'failed', since: await scene.now() })
      expect(failed.every(({ error_code }) => /API_KEY_INVALID|UNAUTHORIZED/.test(error_code ?? ''))).toBe(
        true,
      )
      const [from = 0, ...ends] = failed.map(({ finished_at }) => finished_at ?? 0)
      const asked = scene.api.requests.list().filter(({ at }) => at > from && at <= (ends.at(-1) ?? 0))
      expect(asked.length).toBeLessThanOrEqual(ends.length)
      expect(worker.isRunning()).toBe(true)
      scene.api.change({ apiKey: scene.apiKey })
      await scene.finished({ status: 'ok', since: await scene.now() })
    }))

  it('a missing scope is logged once, however many passes it fails, and its end is logged once', () =>
    inScene(async (scene) => {
      scene.api.change({ scopes: ['USERS_READ'] })
      const worker = scene.start({ SYNC_EVERY: '1s' })
      const failed = await scene.finished({ count: 3, status: 'failed' })
      expect(new Set(failed.map(({ error_code }) => error_code))).toEqual(
        new Set(['API_KEY_INSUFFICIENT_SCOPE']),
      )
      scene.api.change({ scopes: ['USERS_READ', 'DIALING_QUEUE_READ_WRITE'] })
      await scene.finished({ status: 'ok' })
      const told = worker.logs.filter(({ event }) => event?.startsWith('credentials_'))
      expect(told.map(({ event }) => event)).toEqual(['credentials_refused', 'credentials_accepted'])
    }))

  it('a failing teammate is retried within the pass, then recorded, and delays no other teammate', () =>
    inScene(async (scene) => {
      const [, failing, wrong] = scene.api.world.teammates()
      scene.api.faults.add({ kind: 'server_error', userId: failing?.id ?? '', times: 5 })
      scene.api.faults.add({ kind: 'wrong_owner', userId: wrong?.id ?? '' })
      scene.start({ SYNC_EVERY: '1h' })
      const others = await until('the others are read', async () => {
        const { rows } = await scene.pool.query(`select user_id from allo.sync_reads where status = 'ok'`)
        return rows.length === 4 && rows
      })
      expect(others.map(({ user_id }) => user_id)).not.toContain(failing?.id)
      const [pass] = await scene.finished()
      expect(pass).toMatchObject({ status: 'partial' })
      const { rows } = await scene.pool.query(
        `select user_id, status from allo.sync_reads where pass_id = $1 and user_id = any($2) order by status`,
        [pass?.pass_id, [failing?.id, wrong?.id]],
      )
      expect(rows).toEqual([
        { user_id: wrong?.id, status: 'error' },
        { user_id: failing?.id, status: 'ok' },
      ])
      // Not a request is missing: neither those of the beginning nor those of attempts that came to nothing.
      const { rows: counted } = await scene.pool.query(
        'select requests from allo.sync_passes where pass_id = $1',
        [pass?.pass_id],
      )
      expect(counted).toEqual([{ requests: scene.api.requests.count() }])
    }))

  it('a failing teammate is not retried within a pass if the next pass would be due before that', () =>
    inScene(async (scene) => {
      const [, failing] = scene.api.world.teammates()
      scene.api.faults.add({ kind: 'server_error', userId: failing?.id ?? '' })
      scene.start({ SYNC_EVERY: '2s' })
      const [pass] = await scene.finished({ status: 'partial' })
      const asked = scene.api.requests
        .list()
        .filter(({ at, query }) => at < (pass?.finished_at ?? 0) && query.includes(failing?.id ?? ''))
      expect(asked).toHaveLength(REQUESTS_OF_A_TRY)
    }))

  it.each(['late', 'lost'])(
    'a pass that was closed with a reading %s leaves no job that waits for it',
    (fate) =>
      inScene(async (scene) => {
        if (fate === 'lost' && redisUrl === null) return
        scene.api.faults.add({ kind: 'no_answer', endpoint: 'queue', times: 1 })
        scene.start({ ALLO_REQUEST_TIMEOUT_MS: '8000' })
        const backend = await openJobBackend({ redisUrl, databaseUrl: scene.databaseUrl }, () => undefined)
        const passes = await backend.openQueue(`allo-passes-${scene.fingerprint}`)
        const readings = await backend.openQueue(`allo-readings-${scene.fingerprint}`)
        try {
          const { id = '', data } = await until('a pass waits for its readings', async () => {
            const [job] = await passes.getJobs(['waiting-children'])
            return job
          })
          const parent = { id, queue: passes.qualifiedName }
          const opts = { parent, delay: 3_600_000, jobId: 'in an hour' }
          await readings.addBulk([{ name: 'reading', data, opts }])
          if (fate === 'lost') await loseFromRedis(`${readings.qualifiedName}:in an hour`)
          await until('all others are read', async () => {
            const { rows } = await scene.pool.query('select from allo.sync_reads where pass_id = $1', [
              data.passId,
            ])
            return rows.length === 6
          })
          expect(await passes.getJobState(id)).toBe('waiting-children')
          await scene.pool.query(
            'update allo.sync_passes set lease_expires_at = clock_timestamp() where pass_id = $1',
            [data.passId],
          )
          await until('its job has ended', async () =>
            ['completed', 'unknown'].includes(await passes.getJobState(id)),
          )
          const next = await scene.finished({ status: 'ok' })
          expect(next.map(({ pass_id }) => pass_id)).not.toContain(data.passId)
        } finally {
          await Promise.all([passes.close(), readings.close()])
          await backend.close()
        }
      }),
  )

  async function loseFromRedis(key: string): Promise<void> {
    const client = new Redis(redisUrl ?? '')
    expect(await client.del(key)).toBe(1)
    client.disconnect()
  }

  it('after the restore of an old dump, pass ids repeat, and the next pass reads every teammate', () =>
    inScene(async (scene) => {
      const worker = scene.start({ SYNC_EVERY: '1s' })
      await scene.finished({ count: 3, status: 'ok' })
      worker.kill('SIGTERM')
      await worker.exited
      await scene.pool.query(
        `delete from allo.sync_reads where pass_id > 1;
         delete from allo.sync_passes where pass_id > 1;
         alter table allo.sync_passes alter column pass_id restart with 2`,
      )
      const since = await scene.now()
      scene.start({ SYNC_EVERY: '1s' })
      const [next] = await scene.finished({ since })
      expect(next).toMatchObject({ pass_id: '2', status: 'ok', teammates: 6 })
    }))

  it('a pass that takes too long is closed as wedged by the next tick, and recorded', () =>
    inScene(async (scene) => {
      scene.start()
      await scene.finished({ status: 'ok' })
      const silence = scene.api.faults.add({ kind: 'no_answer', endpoint: 'queue' })
      await until('readings wait', () => silence.injected() > 0)
      const stuck = await until('their pass runs', async () =>
        (await scene.passes()).find(({ status }) => status === 'running'),
      )
      silence.remove()
      await scene.pool.query(
        `update allo.sync_passes set started_at = started_at - interval '7 hours' where pass_id = $1`,
        [stuck.pass_id],
      )
      await scene.finished({ status: 'ok', since: stuck.started_at })
      await scene.pool.query(
        `update allo.sync_passes set started_at = started_at + interval '7 hours' where pass_id = $1`,
        [stuck.pass_id],
      )
      const wedged = (await scene.passes()).find(({ pass_id }) => pass_id === stuck.pass_id)
      expect(wedged).toMatchObject({ status: 'failed', error_code: 'wedged' })
    }))
})

it('a worker with a wrong configuration says so and exits 78', async () => {
  const worker = spawnCommand(['worker'], { PATH: process.env.PATH ?? '', SYNC_EVERY: 'often' })
  expect(await worker.exited).toMatchObject({ code: 78 })
  expect(worker.stderr()).toContain('SYNC_EVERY')
  expect(worker.stderr()).toContain('ALLO_API_KEY')
})
