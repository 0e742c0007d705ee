/**
 * The service in real processes: whether teams slow each other down, how soon a killed worker is replaced, and the cost
 * of being idle.
 */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Redis } from 'ioredis'
import { z } from 'zod'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld, type WorldOptions } from '../src/simulation/world.ts'
import { startTestRedis, type TestRedis } from '../test/support/redis.ts'
import { spawnWorker, until, type WorkerProcess } from '../test/support/worker.ts'
import { bounded, type Figure } from './figures.ts'
import { type Lab, walPosition } from './lab.ts'
import { median } from './measure.ts'

type Database = Parameters<Parameters<Lab['withDatabase']>[0]>[0]

/** The documented limit of Allo. */
const LIMIT = 20
/** One long pass, so that there is always something to read. */
const ONE_PASS = { SYNC_EVERY: '1h' }

export async function benchWorker(lab: Lab, { isQuick }: { readonly isQuick: boolean }): Promise<Figure[]> {
  const redis = await startTestRedis()
  if (redis === null) return [bounded('workers: no Redis to be had', 0, null)]
  const figures: Figure[] = []
  try {
    figures.push(...(await benchTeams(lab, redis, isQuick ? 3 : 10)))
    for (const url of [redis.url, null]) figures.push(await benchTakeover(lab, url, isQuick ? 1 : 3))
    figures.push(...(await benchEnqueueing(lab, redis)))
    for (const one of [redis, null]) figures.push(...(await benchIdleHour(lab, one, isQuick ? 20 : 60)))
    return figures
  } finally {
    await redis.stop()
  }
}

/** Slow enough for a small machine, because only the effect of one team on another is measured. */
const RATE_OF_A_TEAM = 5

/** One worker for each team, all on one Redis and one Postgres, as fast together as each would be alone. */
async function benchTeams(lab: Lab, redis: TestRedis, seconds: number): Promise<Figure[]> {
  const teams = 10
  const world = { teammates: RATE_OF_A_TEAM * (seconds + 90), numbersPerQueue: 20 }
  const env = { ...ONE_PASS, ALLO_READS_PER_SECOND: String(RATE_OF_A_TEAM) }
  const rateOfTeams = (count: number) =>
    lab.withDatabase(async (database) => {
      const options = (index: number) => ({ ...world, teamId: `team-${index}`, seed: index })
      const opened = await Promise.all(
        Array.from({ length: count }, (_, index) => openTeam(options(index), LIMIT)),
      )
      try {
        for (const { start } of opened) {
          const worker = start({ ...database, redisUrl: redis.url, env })
          await worker.logged('pass_started')
        }
        const apis = opened.map(({ api }) => api)
        return await rateOf(apis, seconds)
      } finally {
        await Promise.all(opened.map(({ close }) => close()))
      }
    })
  const one = await rateOfTeams(1)
  const all = await rateOfTeams(teams)
  return [
    bounded(
      `${teams} teams on one Redis: times the rate of one`,
      all / one,
      { atLeast: teams * 0.95 },
      {
        detail: `${all.toFixed(1)} by ${one.toFixed(2)} requests a second`,
      },
    ),
  ]
}

async function benchTakeover(lab: Lab, redisUrl: string | null, rounds: number): Promise<Figure> {
  const took: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    took.push(
      await lab.withDatabase((database) =>
        withTeam({ teammates: 6, numbersPerQueue: 20 }, null, async ({ api, start }) => {
          const held = api.faults.add({ kind: 'no_answer', endpoint: 'queue', times: 2 })
          const settings = { ...database, redisUrl, env: ONE_PASS }
          const killed = start({ ...settings, env: { ...ONE_PASS, ALLO_CONCURRENCY: '2' } })
          await until('it reads', () => held.injected() === 2)
          const other = start(settings)
          await other.logged('worker_started')
          killed.kill('SIGKILL')
          const killedAt = performance.now()
          await other.logged('pass_finished')
          return performance.now() - killedAt
        }),
      ),
    )
  }
  return bounded(
    `taken over after kill -9, jobs in ${redisUrl === null ? 'Postgres' : 'Redis'}`,
    Math.max(...took) / 1000,
    { atMost: 15 },
    {
      unit: ' s',
      digits: 1,
      detail: `${(Math.min(...took) / 1000).toFixed(1)}–${(Math.max(...took) / 1000).toFixed(1)} s in ${rounds} rounds`,
    },
  )
}

/** Another client pings Redis repeatedly while the jobs of a pass are added. */
async function benchEnqueueing(lab: Lab, redis: TestRedis): Promise<Figure[]> {
  const teammates = 5000
  return lab.withDatabase((database) =>
    withTeam({ teammates, numbersPerQueue: 0 }, null, async ({ api, start }) => {
      api.faults.add({ kind: 'no_answer', endpoint: 'queue' })
      const pings = new Worker(new URL('./redis-pings.ts', import.meta.url), { workerData: redis.url })
      await once(pings, 'message')
      const worker = start({ ...database, redisUrl: redis.url, env: ONE_PASS })
      await until('the list is asked for', () =>
        api.requests.list().some(({ query }) => query.includes('BLOCKED')),
      )
      const listedAt = performance.now()
      await worker.logged('pass_started')
      const seconds = (performance.now() - listedAt) / 1000
      pings.postMessage('enough')
      const [message]: unknown[] = await once(pings, 'message')
      const waits = z.array(z.number()).parse(message)
      await pings.terminate()
      return [
        bounded(`a pass of ${teammates} teammates is under way after`, seconds, null, {
          unit: ' s',
          digits: 1,
        }),
        bounded(
          '  longest stall another client of Redis sees',
          Math.max(...waits),
          { atMost: 100 },
          {
            unit: ' ms',
            digits: 1,
            detail: `median ${median(waits).toFixed(2)} ms of ${waits.length}`,
          },
        ),
      ]
    }),
  )
}

/** Measured for less than an hour between two passes, and scaled. */
async function benchIdleHour(lab: Lab, redis: TestRedis | null, seconds: number): Promise<Figure[]> {
  return lab.withDatabase((database) =>
    withTeam({ teammates: 6, numbersPerQueue: 20 }, null, async ({ start }) => {
      const worker = start({ ...database, redisUrl: redis?.url ?? null, env: ONE_PASS })
      await worker.logged('pass_finished')
      // Connections close after ten idle seconds, and Postgres reports their statistics only then.
      await sleep(15_000)
      const client = redis === null ? null : new Redis(redis.url)
      const spent = async () => ({
        transactions: await transactionsOf(database),
        bytes: await walPosition(database.pool),
        commands: client === null ? 0 : await commandsOf(client),
      })
      const before = await spent()
      await sleep(seconds * 1000)
      const after = await spent()
      client?.disconnect()
      const perHour = (key: keyof typeof before) => ((after[key] - before[key]) * 3600) / seconds
      const name = `an idle hour of one worker, jobs in ${redis === null ? 'Postgres' : 'Redis'}`
      const detail = `from ${seconds} s, without the passes in it`
      const figures = [
        bounded(`${name}: transactions`, perHour('transactions'), null, { digits: 0, detail }),
        bounded('  WAL', perHour('bytes') / 1e6, null, { unit: ' MB', detail: 'of the whole server' }),
      ]
      if (client === null) return figures
      return [...figures, bounded('  commands to Redis', perHour('commands'), null, { digits: 0 })]
    }),
  )
}

async function transactionsOf({ pool }: Database): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select (xact_commit + xact_rollback)::float8 as count from pg_stat_database where datname = current_database()`,
  )
  return rows[0]?.count ?? 0
}

async function commandsOf(client: Redis): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await client.info('stats'))?.[1])
}

/** Of all workers together, after they have warmed up. */
async function rateOf(apis: readonly SimulatedAllo[], seconds: number): Promise<number> {
  const warm = (api: SimulatedAllo) => until('readings begin', () => api.requests.count() > 40)
  await Promise.all(apis.map(warm))
  const count = () => apis.reduce((sum, { requests }) => sum + requests.count(), 0)
  const from = count()
  const startedAt = performance.now()
  await sleep(seconds * 1000)
  return ((count() - from) * 1000) / (performance.now() - startedAt)
}

interface Team {
  readonly api: SimulatedAllo
  start(settings: {
    url: string
    redisUrl: string | null
    env: Readonly<Record<string, string>>
  }): WorkerProcess
  close(): Promise<void>
}

async function withTeam<T>(
  world: Partial<WorldOptions>,
  readsPerSecond: number | null,
  work: (team: Team) => Promise<T>,
): Promise<T> {
  const team = await openTeam(world, readsPerSecond)
  try {
    return await work(team)
  } finally {
    await team.close()
  }
}

let keys = 0

async function openTeam(options: Partial<WorldOptions>, readsPerSecond: number | null): Promise<Team> {
  keys += 1
  const apiKey = `ak_live_bench_${keys}`
  const world = createWorld({ seed: 'bench', teammates: 10, ...options })
  const api = await startSimulatedAllo({ world, apiKey, readsPerSecond, latencyMs: [20, 60] })
  const workers: WorkerProcess[] = []
  return {
    api,
    start({ url, redisUrl, env }) {
      const worker = spawnWorker({ apiKey, apiUrl: api.url, databaseUrl: url, redisUrl, env })
      workers.push(worker)
      return worker
    },
    async close() {
      for (const worker of workers) if (worker.isRunning()) worker.kill('SIGKILL')
      await Promise.all(workers.map(({ exited }) => exited))
      await api.close()
    },
  }
}
