/**
 * What teams cost that share one Postgres and one Redis, each with its own API key and its own worker process: many
 * teams beside one. Every team dials, and Allo is simulated by this process, so that a part of the machine is not theirs.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Pool } from '../src/store/postgres/database.ts'
import { startTestRedis } from '../test/support/redis.ts'
import { spawnWorker, until, type WorkerProcess } from '../test/support/worker.ts'
import { bounded, type Figure } from './figures.ts'
import { type Lab, walPosition, withLab } from './lab.ts'
import { type Source, withSource } from './live/source.ts'
import { cpuSecondsOf, residentBytesOf } from './live/worker-metrics.ts'
import { cpuSecondsOfServer } from './server-cpu.ts'

const NUMBERS_PER_QUEUE = 200
/** Each worker may open 16, and the default is 100. */
const POSTGRES = { max_connections: '500' }
/** From the first dial on: until the mirror knows who dials. */
const WARM_UP_MS = 60_000
const FIRST_PASSES_WITHIN_MS = 900_000

interface Scale {
  readonly teams: number
  readonly teammates: number
  readonly seconds: number
}

export async function benchTeams(
  _: Lab,
  { isQuick }: { readonly isQuick: boolean; readonly minutes?: number | undefined },
): Promise<Figure[]> {
  const redis = await startTestRedis()
  if (redis === null) return [bounded('teams: no Redis to be had', 0, null)]
  const scale: Scale = isQuick
    ? { teams: 2, teammates: 5, seconds: 10 }
    : { teams: 20, teammates: 50, seconds: 300 }
  try {
    return await withLab(async (lab) => {
      const one = await measureTeams(lab, redis.url, { ...scale, teams: 1 })
      const many = await measureTeams(lab, redis.url, scale)
      return compare(one, many, scale)
    }, POSTGRES)
  } finally {
    await redis.stop()
  }
}

/** Of all teams together, unless it says otherwise. */
interface Cost {
  /** Seconds from the start of a call until a transaction recorded it, of calls that began in this time. */
  readonly lagP50: number
  readonly lagP95: number
  readonly dials: number
  readonly requestsPerSecond: number
  readonly throttled: number
  /** Shares of a core. Null: this system does not tell. */
  readonly workersCpu: number
  readonly postgresCpu: number | null
  readonly redisCpu: number
  readonly workersBytes: number
  readonly redisBytes: number
  readonly connections: number
  readonly walBytesPerSecond: number
  readonly databaseBytesPerSecond: number
}

async function measureTeams(lab: Lab, redisUrl: string, { teams, teammates, seconds }: Scale): Promise<Cost> {
  return lab.withDatabase(({ url, pool }) =>
    withSources({ teams, teammates, runMs: WARM_UP_MS + seconds * 1000 }, async (sources) => {
      const workers = sources.map((source, nth) =>
        spawnWorker({
          ...{ apiKey: keyOf(teams, nth), apiUrl: source.url, databaseUrl: url, redisUrl },
          env: { ALLO_READS_PER_SECOND: '', SYNC_EVERY: '300s', LIVE_BUDGET_SHARE: '25%' },
        }),
      )
      try {
        await untilFirstPasses(pool, teams)
        await Promise.all(sources.map((source) => source.start(null)))
        await sleep(WARM_UP_MS)
        return await measure({ pool, redisUrl, sources, workers, seconds })
      } finally {
        for (const worker of workers) worker.kill('SIGKILL')
        await Promise.all(workers.map(({ exited }) => exited))
      }
    }),
  )
}

/** The names of jobs in Redis contain the fingerprint of the key. */
function keyOf(teams: number, nth: number): string {
  return `ak_live_bench_${teams}_teams_${nth}`
}

function withSources<T>(
  { teams, teammates, runMs }: { readonly teams: number; readonly teammates: number; readonly runMs: number },
  work: (sources: readonly Source[]) => Promise<T>,
  opened: readonly Source[] = [],
): Promise<T> {
  if (opened.length === teams) return work(opened)
  const apiKey = keyOf(teams, opened.length)
  const team = { apiKey, teammates, numbersPerQueue: NUMBERS_PER_QUEUE, seed: apiKey, runMs }
  return withSource(team, (source) => withSources({ teams, teammates, runMs }, work, [...opened, source]))
}

async function untilFirstPasses(pool: Pool, teams: number): Promise<void> {
  const areOver = async () => {
    const { rows } = await pool.query<{ teams: number }>(
      `select count(distinct team_id)::int as teams from allo.sync_passes where status = 'ok'`,
    )
    return rows[0]?.teams === teams
  }
  await until('the first pass of each team is over', areOver, FIRST_PASSES_WITHIN_MS)
}

interface Running {
  readonly pool: Pool
  readonly redisUrl: string
  readonly sources: readonly Source[]
  readonly workers: readonly WorkerProcess[]
  readonly seconds: number
}

async function measure({ pool, redisUrl, sources, workers, seconds }: Running): Promise<Cost> {
  const redis = new Redis(redisUrl)
  try {
    const totals = async () => ({
      at: performance.now(),
      workersCpu: sum(await Promise.all(workers.map(cpuSecondsOf))),
      postgresCpu: await cpuSecondsOfServer(pool),
      redisCpu: sum(await infoOf(redis, 'cpu', ['used_cpu_sys', 'used_cpu_user'])),
      wal: await walPosition(pool),
      database: await databaseBytes(pool),
      requests: (await Promise.all(sources.map((source) => source.requests()))).flat(),
    })
    const before = await totals()
    await sleep(seconds * 1000)
    const after = await totals()
    const took = (after.at - before.at) / 1000
    const perSecond = (of: (total: typeof before) => number) => (of(after) - of(before)) / took
    return {
      ...(await lagsSince(pool, took)),
      requestsPerSecond: perSecond(({ requests }) => requests.length),
      throttled: after.requests.filter(({ status }) => status === 429).length,
      workersCpu: perSecond(({ workersCpu }) => workersCpu),
      postgresCpu: after.postgresCpu === null ? null : perSecond(({ postgresCpu }) => postgresCpu ?? 0),
      redisCpu: perSecond(({ redisCpu }) => redisCpu),
      workersBytes: sum(await Promise.all(workers.map(residentBytesOf))),
      redisBytes: sum(await infoOf(redis, 'memory', ['used_memory'])),
      connections: await connectionsOf(pool),
      walBytesPerSecond: perSecond(({ wal }) => wal),
      databaseBytesPerSecond: perSecond(({ database }) => database),
    }
  } finally {
    redis.disconnect()
  }
}

/** Of calls that began in the last `seconds`, except those that may not be seen yet. */
async function lagsSince(pool: Pool, seconds: number): Promise<Pick<Cost, 'lagP50' | 'lagP95' | 'dials'>> {
  const lag = `extract(epoch from first_seen_at - dialled_at)`
  const { rows } = await pool.query<Pick<Cost, 'lagP50' | 'lagP95' | 'dials'>>(
    `select coalesce(percentile_cont(0.5) within group (order by ${lag}), 'NaN')::float8 as "lagP50",
       coalesce(percentile_cont(0.95) within group (order by ${lag}), 'NaN')::float8 as "lagP95", count(*)::int as dials
     from allo.dials
     where dialled_at between now() - make_interval(secs => $1) and now() - interval '30 seconds'`,
    [seconds],
  )
  return rows[0] ?? { lagP50: Number.NaN, lagP95: Number.NaN, dials: 0 }
}

async function databaseBytes(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes')
  return Number(rows[0]?.bytes)
}

async function connectionsOf(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ connections: number }>(
    `select count(*)::int as connections from pg_stat_activity
     where datname = current_database() and application_name not like '%bench%'`,
  )
  return rows[0]?.connections ?? 0
}

async function infoOf(redis: Redis, section: string, names: readonly string[]): Promise<number[]> {
  const info = await redis.info(section)
  return names.map((name) => Number(new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

interface Line {
  readonly what: string
  readonly of: (cost: Cost, teams: number) => number
  readonly unit: string
  readonly digits: number
}

const lines: readonly Line[] = [
  { what: 'a dial is visible after, p50', of: ({ lagP50 }) => lagP50, unit: ' s', digits: 1 },
  { what: '  p95', of: ({ lagP95 }) => lagP95, unit: ' s', digits: 1 },
  { what: '  dials compared', of: ({ dials }) => dials, unit: '', digits: 0 },
  {
    what: 'requests of a team a second',
    of: (cost, teams) => cost.requestsPerSecond / teams,
    unit: '',
    digits: 2,
  },
  { what: 'CPU of a worker', of: (cost, teams) => cost.workersCpu / teams, unit: ' of a core', digits: 3 },
  {
    what: 'CPU of Postgres for a team',
    of: ({ postgresCpu }, teams) => (postgresCpu ?? Number.NaN) / teams,
    unit: ' of a core',
    digits: 3,
  },
  {
    what: 'CPU of Redis for a team',
    of: (cost, teams) => cost.redisCpu / teams,
    unit: ' of a core',
    digits: 4,
  },
  {
    what: 'resident memory of a worker',
    of: (cost, teams) => cost.workersBytes / teams / 1e6,
    unit: ' MB',
    digits: 0,
  },
  { what: 'memory of Redis, all', of: ({ redisBytes }) => redisBytes / 1e6, unit: ' MB', digits: 1 },
  {
    what: 'connections to Postgres of a team',
    of: (cost, teams) => cost.connections / teams,
    unit: '',
    digits: 1,
  },
  {
    what: 'WAL of a team',
    of: (cost, teams) => (cost.walBytesPerSecond * 3600) / teams / 1e6,
    unit: ' MB an hour',
    digits: 1,
  },
  {
    what: 'the database grows by, of a team',
    of: (cost, teams) => (cost.databaseBytesPerSecond * 3600) / teams / 1e6,
    unit: ' MB an hour',
    digits: 1,
  },
]

function compare(one: Cost, many: Cost, { teams, teammates }: Scale): Figure[] {
  const name = `${teams} teams of ${teammates}`
  return [
    ...lines.map(({ what, of, ...format }) =>
      bounded(`${name}: ${what}`, of(many, teams), null, {
        ...format,
        detail: `one team: ${of(one, 1).toFixed(format.digits)}${format.unit}`,
      }),
    ),
    bounded(
      `${name}: 429s`,
      many.throttled,
      { atMost: 0 },
      { digits: 0, detail: `one team: ${one.throttled}` },
    ),
  ]
}
