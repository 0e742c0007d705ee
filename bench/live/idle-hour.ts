/**
 * How much WAL a worker writes in an hour in which no teammate dials. Measured on a Postgres of its own for less than an
 * hour, and scaled. What passes wrote is counted apart, and the hourly checks are not in it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../../src/store/postgres/database.ts'
import { spawnWorker } from '../../test/support/worker.ts'
import { bounded, type Figure } from '../figures.ts'
import { walPosition, withLab } from '../lab.ts'
import { untilFirstPass } from './first-pass.ts'
import { withSource } from './source.ts'

export interface IdleHour {
  readonly redisUrl: string | null
  readonly looksPercent: number
  readonly teammates: number
  readonly passEverySeconds: number
  /**
   * From the first pass on. For two minutes after it, all teammates count as dialling, and in the first minutes come the
   * hourly checks and autovacuum.
   */
  readonly settleSeconds: number
  /** How long it is measured. As long as the time between two passes: one of them is in it. */
  readonly seconds: number
}

export async function benchIdleHour(options: IdleHour): Promise<Figure> {
  const samples = await withLab((lab) => lab.withDatabase(({ url, pool }) => sampleWal(options, url, pool)))
  const { redisUrl, looksPercent, passEverySeconds, seconds } = options
  const perHour = (bytes: number) => (bytes * 3600) / seconds / 1000
  const passes = samples.filter(({ inPass }) => inPass).reduce((sum, { bytes }) => sum + bytes, 0)
  const all = samples.reduce((sum, { bytes }) => sum + bytes, 0)
  const jobs = `jobs in ${redisUrl === null ? 'Postgres' : 'Redis'}, ${looksPercent > 0 ? 'looks' : 'no looks'}`
  return bounded(
    `an hour in which no teammate dials, ${jobs}: WAL`,
    perHour(all - passes),
    looksPercent > 0 ? { atMost: 200 } : null,
    {
      ...{ unit: ' kB', digits: 0 },
      detail: `from ${seconds} s; passes every ${passEverySeconds} s write ${perHour(passes).toFixed(0)} kB more`,
    },
  )
}

interface Sample {
  readonly bytes: number
  readonly inPass: boolean
}

async function sampleWal(
  { redisUrl, looksPercent, teammates, passEverySeconds, settleSeconds, seconds }: IdleHour,
  databaseUrl: string,
  pool: Pool,
): Promise<Sample[]> {
  const apiKey = `ak_live_bench_idle_${redisUrl === null ? 'postgres' : 'redis'}_${looksPercent}`
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
      await sleep(settleSeconds * 1000)
      // One in the time of measuring, as in any five minutes.
      await pool.query('checkpoint')
      const samples: Sample[] = []
      let before = await walPosition(pool)
      const until = performance.now() + seconds * 1000
      while (performance.now() < until) {
        const wasInPass = await isPassRunning(pool)
        await sleep(Math.min(1000, Math.max(0, until - performance.now())))
        const position = await walPosition(pool)
        samples.push({ bytes: position - before, inPass: wasInPass || (await isPassRunning(pool)) })
        before = position
      }
      return samples
    } finally {
      worker.kill('SIGKILL')
      await worker.exited
    }
  })
}

/** Or was until a second ago. */
async function isPassRunning(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query(
    `select from allo.sync_passes where coalesce(finished_at, 'infinity') > clock_timestamp() - interval '1 s' limit 1`,
  )
  return rows.length > 0
}
