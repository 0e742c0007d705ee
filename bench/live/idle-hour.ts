/**
 * How much WAL looks add in an hour in which no teammate dials: workers with looks beside one without, each with a
 * Postgres of its own, because WAL is counted for a whole server. Measured for less than an hour, and scaled. Full page
 * images are counted apart, because they depend on when a checkpoint comes, and not on looks.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../../src/store/postgres/database.ts'
import { spawnWorker, until } from '../../test/support/worker.ts'
import { bounded, type Figure } from '../figures.ts'
import { withLab } from '../lab.ts'
import { untilFirstPass } from './first-pass.ts'
import { withSource } from './source.ts'

export interface IdleHour {
  /** Null: jobs in Postgres. */
  readonly redisUrl: string | null
  readonly teammates: number
  readonly passEverySeconds: number
  /** From the second pass on, until autovacuum has done what the first ones left. */
  readonly settleSeconds: number
}

interface Team {
  readonly name: string
  readonly looksPercent: number
  /** Looks at a teammate become rarer an hour after the last change. */
  readonly hasRestedForHours: boolean
}

const teams = {
  first: { name: 'in the first hour without a dial', looksPercent: 25, hasRestedForHours: false },
  later: { name: 'in a later hour', looksPercent: 25, hasRestedForHours: true },
  none: { name: 'without looks', looksPercent: 0, hasRestedForHours: false },
} as const satisfies Record<string, Team>

export async function benchIdleHour(options: IdleHour): Promise<Figure[]> {
  const measured = (team: Team) =>
    withLab((lab) => lab.withDatabase((database) => walOfTeam(options, team, database)))
  const [first, later, none] = await Promise.all([
    measured(teams.first),
    measured(teams.later),
    measured(teams.none),
  ])
  const perHour = (bytes: number) => (bytes * 3600) / options.passEverySeconds / 1000
  const jobs = `jobs in ${options.redisUrl === null ? 'Postgres' : 'Redis'}`
  const added = (wal: Wal, { name }: Team, bound: { readonly atMost: number } | null) =>
    bounded(`WAL that looks add ${name}, ${jobs}`, perHour(wal.records - none.records), bound, {
      ...{ unit: ' kB', digits: 0 },
      detail: `${inWords(wal)}; without looks ${inWords(none)}`,
    })
  const inWords = ({ records, images }: Wal) =>
    `${perHour(records).toFixed(0)} kB and ${perHour(images).toFixed(0)} kB of page images`
  return [
    added(first, teams.first, null),
    added(later, teams.later, options.redisUrl === null ? null : { atMost: 200 }),
  ]
}

interface Wal {
  readonly records: number
  readonly images: number
}

/** As long as the time between two passes: one of them is in it. */
async function walOfTeam(
  { redisUrl, teammates, passEverySeconds, settleSeconds }: IdleHour,
  { name, looksPercent, hasRestedForHours }: Team,
  { url: databaseUrl, pool }: { readonly url: string; readonly pool: Pool },
): Promise<Wal> {
  const apiKey = `ak_live_bench_idle_${redisUrl === null ? 'postgres' : 'redis'}_${name.replaceAll(' ', '_')}`
  // No calls: one that was never closed would count as dialling for a quarter of an hour.
  const team = { apiKey, teammates, numbersPerQueue: 500, seed: 'idle', runMs: 0, calledBefore: 0 }
  return withSource(team, async ({ url: apiUrl }) => {
    const env = {
      ALLO_READS_PER_SECOND: '',
      SYNC_EVERY: `${passEverySeconds}s`,
      LIVE_BUDGET_SHARE: `${looksPercent}%`,
    }
    const worker = spawnWorker({ apiKey, apiUrl, databaseUrl, redisUrl, env })
    try {
      await untilFirstPass(pool)
      if (hasRestedForHours) await setLastChangeBack(pool)
      await untilNextPass(pool, passEverySeconds)
      await sleep(settleSeconds * 1000)
      return await walOf(pool, () => sleep(passEverySeconds * 1000))
    } finally {
      worker.kill('SIGKILL')
      await worker.exited
    }
  })
}

/** The next pass repairs the rows of the queues, because these counts are not what a reading wrote. */
async function setLastChangeBack(pool: Pool): Promise<void> {
  await pool.query(`update allo.queue_snapshots set observed_at = observed_at - interval '3 hours'`)
}

async function untilNextPass(pool: Pool, everySeconds: number): Promise<void> {
  const passes = async () => {
    const { rows } = await pool.query(`select from allo.sync_passes where status = 'ok' and is_whole_team`)
    return rows.length
  }
  const before = await passes()
  await until('the next pass', async () => (await passes()) > before, everySeconds * 1000 + 240_000)
}

async function walOf(pool: Pool, work: () => Promise<unknown>): Promise<Wal> {
  const position = `select pg_current_wal_insert_lsn()::text as lsn`
  await pool.query('create extension pg_walinspect')
  const { rows: before } = await pool.query<{ lsn: string }>(position)
  await work()
  const { rows: after } = await pool.query<{ lsn: string }>(position)
  const { rows } = await pool.query<Wal>(
    `select sum(record_size)::float8 as records, sum(fpi_size)::float8 as images from pg_get_wal_stats($1, $2)`,
    [before[0]?.lsn, after[0]?.lsn],
  )
  return rows[0] ?? { records: Number.NaN, images: Number.NaN }
}
