import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { troublesOf } from '../src/http/overview.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { keyFingerprint } from '../src/store/pass/read-budget.ts'
import { FAILURES_COUNTED, mirrorStatus } from '../src/store/queries/status.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { differencesOfOutput } from './support/json-contract.ts'
import { apiKey, runPass } from './support/pass.ts'
import { useSharedRedis } from './support/shared-redis.ts'
import { environmentOf, spawnCommand, spawnWorker } from './support/worker.ts'

const fingerprint = keyFingerprint(apiKey)
let database: TestDatabase
let api: SimulatedAllo
let redis: string | null

beforeAll(async () => {
  redis = await useSharedRedis()
})
beforeEach(async () => {
  database = await createTestDatabase()
  const world = createWorld({ seed: 4, teammates: 4, numbersPerQueue: 6, withoutQueue: 1 })
  api = await startSimulatedAllo({ world, apiKey, readsPerSecond: null })
})
afterEach(async () => {
  await api.close()
  await database.drop()
})

const aged = (interval: string, userId = '%') =>
  database.pool.query(
    'update allo.teammates set last_observed_at = last_observed_at - $1::interval where user_id like $2',
    [interval, userId],
  )

describe('the status of a team in Postgres', () => {
  test('is unknown before the first pass', async () => {
    expect(await mirrorStatus(database.pool, fingerprint, () => 900)).toMatchObject({
      team: null,
      passes: [],
      teammates: [],
      pausedSeconds: 0,
      credentials: null,
      incidents: [],
    })
  })

  test('lists teammates with the age of their data, the oldest first, without number or e-mail', async () => {
    await runPass(api, database.url)
    const [first, second] = api.world.teammates()
    await aged('1 h', second?.id)
    const status = await mirrorStatus(database.pool, fingerprint, () => 900)
    expect(status.team).toEqual({ teamId: api.world.team.id, name: 'Acme Sales' })
    expect(status.teammates).toHaveLength(4)
    expect(status.teammates[0]).toMatchObject({
      userId: second?.id,
      name: second?.name,
      numbers: 6,
      failure: null,
    })
    expect(status.teammates[0]?.ageSeconds).toBeGreaterThanOrEqual(3600)
    expect(status.teammates[1]?.ageSeconds).toBeLessThan(60)
    expect(status.teammates.filter(({ numbers }) => numbers === null)).toHaveLength(1)
    expect(status.passes).toMatchObject([{ status: 'ok', trigger: 'manual', teammates: 4, throttled: 0 }])
    const numbers = api.world.currentQueue(first?.id ?? '')?.rows() ?? []
    expect(numbers).toHaveLength(6)
    for (const { number_to } of numbers) expect(JSON.stringify(status)).not.toContain(number_to?.slice(1))
    expect(JSON.stringify(status)).not.toContain('@')
  })

  test('gives for a failing teammate the reason, since when and how often; a success ends it', async () => {
    await runPass(api, database.url)
    const [, failing] = api.world.teammates()
    const fault = api.faults.add({ kind: 'queue_missing', userId: failing?.id ?? '' })
    await runPass(api, database.url)
    const { rows } = await database.pool.query<{ at: string }>(
      `select to_char(observed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at from allo.sync_reads
       where user_id = $1 and status = 'error'`,
      [failing?.id],
    )
    await runPass(api, database.url)
    const status = await mirrorStatus(database.pool, fingerprint, () => 900)
    expect(status.teammates.filter(({ failure }) => failure !== null)).toMatchObject([
      { userId: failing?.id, failure: { status: 'error', since: rows[0]?.at, readings: 2 } },
    ])
    const [trouble] = troublesOf(status.teammates)
    expect(trouble).toMatchObject({ name: failing?.name, reason: expect.stringContaining(failing?.id ?? '') })
    const again = { ...status.teammates.find(({ userId }) => userId === failing?.id) }
    const alike = JSON.stringify(again)
      .replaceAll(failing?.id ?? '', 'usr-like')
      .replaceAll('(request ', '(request x')
    expect(
      troublesOf([...status.teammates, JSON.parse(alike), ...status.teammates]).map(({ reason }) => reason),
    ).toEqual([trouble?.reason, 'as above', 'as above'])
    expect(status.passes.map((pass) => pass.status)).toEqual(['partial', 'partial', 'ok'])
    await database.pool.query(
      `insert into allo.sync_reads (pass_id, user_id, status, observed_at, walks, requests, throttled, duration_ms)
       select -n, $1, 'error', max(observed_at) + n * interval '1 microsecond', 1, 1, 0, 1
       from allo.sync_reads, generate_series(1, 50) n where user_id = $1 group by n`,
      [failing?.id],
    )
    const long = (await mirrorStatus(database.pool, fingerprint, () => 900)).teammates
    expect(long.filter(({ failure }) => failure !== null)).toMatchObject([
      { failure: { since: rows[0]?.at, readings: FAILURES_COUNTED } },
    ])
    fault.remove()
    await runPass(api, database.url)
    const after = await mirrorStatus(database.pool, fingerprint, () => 900)
    expect(after.teammates.filter(({ failure }) => failure !== null)).toEqual([])
  })

  test('has when each teammate was looked at, how often, and how soon dials were seen', async () => {
    await runPass(api, database.url)
    const [first] = api.world.teammates()
    const userId = first?.id ?? ''
    await database.pool.query(
      `insert into allo.looks (user_id, team_id, queue_id, planned_at, looked_at, interval_seconds)
       select user_id, team_id, queue_id, now(), now() - interval '4 s', 10.3 from allo.queues where user_id = $1`,
      [userId],
    )
    api.world.apply({ type: 'dial', userId, position: 0 })
    await runPass(api, database.url)
    await database.pool.query(`update allo.dials set dialled_at = first_seen_at - interval '7 s'`)
    const status = await mirrorStatus(database.pool, fingerprint, () => 900)
    const looked = status.teammates.filter(({ lookedAt }) => lookedAt !== null)
    expect(looked).toMatchObject([
      { userId, lookIntervalSeconds: 10.3, lookedAt: expect.stringMatching(/^20.*Z$/) },
    ])
    expect(looked[0]?.lookAgeSeconds).toBeGreaterThanOrEqual(4)
    expect(status.live).toMatchObject({
      teammatesLookedAt: 1,
      teammatesDialling: 1,
      intervalP50Seconds: 10.3,
      dials: 1,
      lagP50Seconds: 7,
      secondsSincePause: null,
    })
  })

  test('omits teammates who left or are left out by configuration', async () => {
    const [first, second] = api.world.teammates()
    await runPass(api, database.url, { except: [first?.id ?? ''] })
    await database.pool.query(
      'update allo.teammates set is_listed = false, left_at = now() where user_id = $1',
      [second?.id],
    )
    const { teammates } = await mirrorStatus(database.pool, fingerprint, () => 900)
    expect(teammates.map(({ userId }) => userId).sort()).toEqual(
      api.world
        .teammates()
        .slice(2)
        .map(({ id }) => id)
        .sort(),
    )
  })

  test('lists at most the last 48 passes', async () => {
    await runPass(api, database.url)
    await database.pool.query(
      `insert into allo.sync_passes (team_id, trigger, is_whole_team, status, started_at, finished_at, lease_expires_at, version)
       select team_id, 'schedule', true, 'ok', now() + n * interval '1 s', now() + n * interval '1 s', now(), '1'
       from allo.teams, generate_series(1, 60) n`,
    )
    const { passes } = await mirrorStatus(database.pool, fingerprint, () => 900)
    expect(passes.map(({ passId }) => Number(passId))).toEqual(Array.from({ length: 48 }, (_, at) => 61 - at))
  })

  test('shows a pause after a 429 until it is over', async () => {
    await runPass(api, database.url)
    await database.pool.query(`update allo.api_keys set paused_until = now() + interval '30 s'`)
    expect((await mirrorStatus(database.pool, fingerprint, () => 900)).pausedSeconds).toBeGreaterThan(20)
    await database.pool.query(`update allo.api_keys set paused_until = now() - interval '30 s'`)
    expect((await mirrorStatus(database.pool, fingerprint, () => 900)).pausedSeconds).toBe(0)
  })

  test('shows a key that was refused in a pass by hand as refused until it is accepted', async () => {
    await runPass(api, database.url)
    api.change({ scopes: ['USERS_READ'] })
    await runPass(api, database.url)
    expect((await mirrorStatus(database.pool, fingerprint, () => 900)).credentials).toMatchObject({
      isRefused: true,
      reason: expect.stringContaining('Give the API key the scope DIALING_QUEUE_READ_WRITE'),
    })
    api.change({ apiKey: 'ak_live_of_somebody_else' })
    await expect(runPass(api, database.url)).rejects.toThrow('401')
    expect((await mirrorStatus(database.pool, fingerprint, () => 900)).credentials).toMatchObject({
      isRefused: true,
      reason: expect.stringContaining('Check ALLO_API_KEY'),
    })
    api.change({ apiKey, scopes: ['USERS_READ', 'DIALING_QUEUE_READ_WRITE'] })
    await runPass(api, database.url)
    expect((await mirrorStatus(database.pool, fingerprint, () => 900)).credentials).toMatchObject({
      isRefused: false,
    })
  })

  test('takes a new key for the only team in the database, and for none of two', async () => {
    await runPass(api, database.url)
    expect((await mirrorStatus(database.pool, 'another key', () => 900)).team?.teamId).toBe(api.world.team.id)
    await database.pool.query(`insert into allo.teams values ('team-2', null, now(), now())`)
    expect((await mirrorStatus(database.pool, 'another key', () => 900)).team).toBeNull()
  })
})

describe('the command', () => {
  const run = async (env: Readonly<Record<string, string>> = {}, args: readonly string[] = ['--json']) => {
    const settings = { apiKey, apiUrl: api.url, databaseUrl: database.url, redisUrl: null }
    const command = spawnCommand(
      ['status', ...args],
      environmentOf({ ...settings, env: { SYNC_EVERY: '5m', ...env } }),
    )
    const { code } = await command.exited
    const [status] = command.logs
    if (status !== undefined) expect(differencesOfOutput('status', status)).toEqual([])
    return { code, status, stderr: command.stderr() }
  }

  test('exits 75 before there are data, 0 if they are fresh, 75 if they are stale', async () => {
    expect(await run()).toMatchObject({
      code: 75,
      status: { verdict: { headline: 'Nothing has been read yet.' } },
    })
    await runPass(api, database.url)
    expect(await run()).toMatchObject({
      code: 0,
      status: {
        freshness: { isFresh: true },
        jobs: { backend: 'postgres', problem: null, workers: 0 },
        verdict: { tone: 'warning', notes: ['No worker is running.'] },
      },
      stderr: '',
    })
    await aged('14 hours')
    expect(await run({ SYNC_EVERY: '5h' })).toMatchObject({ code: 0 })
    expect(await run({ FRESHNESS_SLO: '10h' })).toMatchObject({ code: 75 })
    await aged('2 hours', api.world.keyOwner())
    expect(await run({ SYNC_EVERY: '5h' })).toMatchObject({
      code: 75,
      status: { verdict: { tone: 'bad', headline: 'The data of 1 of 4 teammates are older than 15 h.' } },
    })
  })

  test('uses the limit that the worker recorded, also if its jobs are unreachable, until sync records its own', async () => {
    await runPass(api, database.url)
    await aged('40 min')
    const limit = async () => {
      const { status } = await run({ SYNC_EVERY: '1s' })
      return (status as { freshness?: { staleAfterSeconds: number } }).freshness?.staleAfterSeconds
    }
    expect(await limit()).toBe(3)
    const pass = (trigger: string, ago: string) =>
      database.pool.query(
        `insert into allo.sync_passes (team_id, trigger, is_whole_team, status, started_at, finished_at,
           lease_expires_at, version, stale_after_seconds)
         select team_id, $1, true, 'ok', now() - $2::interval, now() - $2::interval, now(), '1', 3600 from allo.teams`,
        [trigger, ago],
      )
    await pass('schedule', '1 d')
    expect(await limit()).toBe(3)
    await database.pool.query(
      `update allo.sync_passes set started_at = now() - interval '2 d' where trigger <> 'schedule'`,
    )
    expect(await limit()).toBe(3600)
    await pass('manual', '1 h')
    expect(await limit()).toBe(3)
  })

  test('changes nothing, also not in the backend of the jobs', async () => {
    await runPass(api, database.url)
    await run()
    const { rows } = await database.pool.query(`select to_regnamespace('allo_jobs') as jobs`)
    expect(rows).toEqual([{ jobs: null }])
  })

  test('says that Redis is down, and is right about the data anyway', async () => {
    await runPass(api, database.url)
    const { code, status } = await run({ REDIS_URL: 'redis://127.0.0.1:1' })
    expect(code).toBe(0)
    expect(status).toMatchObject({
      jobs: { backend: 'redis', problem: expect.any(String), workers: null },
      verdict: {
        tone: 'warning',
        notes: ['Redis, which has the jobs, does not answer: connect ECONNREFUSED 127.0.0.1:1.'],
      },
    })
  })

  test.each(['postgres', 'redis'])(
    'with the jobs in %s counts the workers and shows the next run',
    async (backend) => {
      if (backend === 'redis' && redis === null) return console.warn('SKIPPED: no Redis.')
      const redisUrl = backend === 'redis' ? redis : null
      const settings = {
        apiKey,
        apiUrl: api.url,
        databaseUrl: database.url,
        redisUrl,
        env: { SYNC_EVERY: '5m' },
      }
      const workers = [spawnWorker(settings), spawnWorker(settings)]
      try {
        await Promise.all(workers.map((worker) => worker.logged('worker_started')))
        await Promise.any(workers.map((worker) => worker.logged('pass_finished')))
        const { code, status } = await run(redisUrl === null ? {} : { REDIS_URL: redisUrl })
        expect([code, status]).toMatchObject([
          0,
          { jobs: { backend, workers: 2, problem: null }, verdict: { tone: 'good' } },
        ])
        // The schedule is the worker's, whatever the environment of the command says.
        const elsewhere = await run({
          SYNC_EVERY: '1s',
          ...(redisUrl === null ? {} : { REDIS_URL: redisUrl }),
        })
        expect(elsewhere).toMatchObject({
          code: 0,
          status: { schedule: { text: 'every 5 m' }, freshness: { staleAfterSeconds: 900 } },
        })
        const { at, schedule } = status as { at: string; schedule: { nextRunAt: string } }
        const inMs = Date.parse(schedule.nextRunAt) - Date.parse(at)
        expect(inMs).toBeGreaterThan(0)
        expect(inMs).toBeLessThanOrEqual(300_000)
      } finally {
        for (const worker of workers) worker.kill('SIGTERM')
        await Promise.all(workers.map(({ exited }) => exited))
      }
      expect(workers.map((worker) => worker.stderr())).toEqual(['', ''])
    },
  )

  test('distinguishes what must be changed (78) from what is temporary (75)', async () => {
    expect(await run({ SYNC_EVERY: 'often' })).toMatchObject({
      code: 78,
      status: { error: { code: 'configuration' } },
    })
    expect(await run({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/nothing' })).toMatchObject({
      code: 75,
      status: { error: { code: 'database' } },
    })
    const empty = await createTestDatabase({ empty: true })
    expect(await run({ DATABASE_URL: empty.url })).toMatchObject({
      code: 78,
      stderr: expect.stringMatching(/migrate/),
    })
    await empty.drop()
  })
})
