/**
 * Whether workers with one key stay within its budget and use it fully, on an idle machine and on a busy one.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { startTestRedis, type TestRedis } from '../test/support/redis.ts'
import { spawnWorker, until } from '../test/support/worker.ts'
import { bounded, type Figure } from './figures.ts'
import type { Lab } from './lab.ts'
import { apiKey, withSimulatedAllo } from './simulated-allo.ts'

/** The documented limit of Allo, and the share of it that is used by default. */
const LIMIT = 20
const BUDGET = LIMIT * 0.9
/** Measured after the workers have warmed up. */
const WARM_AFTER_REQUESTS = 40

export async function benchBudget(lab: Lab, { isQuick }: { readonly isQuick: boolean }): Promise<Figure[]> {
  const redis = await startTestRedis()
  if (redis === null) return [bounded('workers: no Redis to be had', 0, null)]
  const seconds = isQuick ? 10 : 30
  try {
    return [
      ...(await measure(lab, redis, { workers: 2, busy: 0, seconds })),
      ...(await measure(lab, redis, { workers: 4, busy: 0, seconds })),
      ...(await measure(lab, redis, { workers: 4, busy: 6, seconds })),
    ]
  } finally {
    await redis.stop()
  }
}

/** Real limits, a team large enough for `seconds`, and each number of workers from the start. */
async function measure(
  lab: Lab,
  redis: TestRedis,
  options: { readonly workers: number; readonly busy: number; readonly seconds: number },
): Promise<Figure[]> {
  const { workers, busy, seconds } = options
  // One key in all measurements, and each time a schedule that has not run yet.
  await redis.flush()
  const world = { seed: 1, teammates: BUDGET * seconds * 2, numbersPerQueue: 20 }
  const log = await lab.withDatabase(({ url }) =>
    withSimulatedAllo({ ...world, latencyMs: 40, readsPerSecond: LIMIT }, async (allo) => {
      const started = Array.from({ length: workers }, () =>
        spawnWorker({
          apiKey,
          apiUrl: allo.url,
          databaseUrl: url,
          redisUrl: redis.url,
          env: { SYNC_EVERY: '1h', ALLO_READS_PER_SECOND: '' },
        }),
      )
      const load = Array.from({ length: busy }, keepBusy)
      try {
        await until(
          'readings begin',
          async () => (await allo.requests()).arrivals.length > WARM_AFTER_REQUESTS,
        )
        await sleep(seconds * 1000)
        return await allo.requests()
      } finally {
        for (const process of load) process.kill('SIGKILL')
        for (const worker of started) worker.kill('SIGKILL')
        await Promise.all(started.map(({ exited }) => exited))
      }
    }),
  )
  const warm = log.arrivals.slice(WARM_AFTER_REQUESTS)
  const rate = ((warm.length - 1) * 1000) / ((warm.at(-1) ?? 0) - (warm[0] ?? 0))
  const name = `${workers} workers on one key${busy > 0 ? `, beside ${busy} busy processes` : ''}`
  return [
    // On a busy machine only the limit is promised, not that the budget is used.
    bounded(`${name}: of the budget`, (rate / BUDGET) * 100, busy > 0 ? null : { atLeast: 95 }, {
      unit: ' %',
      digits: 1,
      detail: `${rate.toFixed(2)} requests a second by ${BUDGET}`,
    }),
    bounded('  most in any sliding second', log.mostInAnySecond, { atMost: LIMIT }, { digits: 0 }),
    bounded('  429s', log.throttled, { atMost: 0 }, { digits: 0 }),
  ]
}

function keepBusy(): ChildProcess {
  return spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })
}
