/** What looks cost a worker process if the team is large. */
import { setTimeout as sleep } from 'node:timers/promises'
import { spawnWorker } from '../../test/support/worker.ts'
import { bounded, type Figure } from '../figures.ts'
import type { Lab } from '../lab.ts'
import { untilFirstPass } from './first-pass.ts'
import { withSource } from './source.ts'
import { cpuSecondsOf, residentBytesOf } from './worker-metrics.ts'

/** After this long the buffers and caches of the process have their size. */
const WARM_UP_MS = 30_000

export async function benchLargeTeam(
  lab: Lab,
  redisUrl: string,
  { teammates, seconds }: { readonly teammates: number; readonly seconds: number },
): Promise<Figure[]> {
  const apiKey = 'ak_live_bench_large_team'
  const source = {
    apiKey,
    teammates,
    numbersPerQueue: 100,
    seed: 'large',
    runMs: WARM_UP_MS + seconds * 1000,
  }
  return lab.withDatabase(({ url, pool }) =>
    withSource(source, async (allo) => {
      const worker = spawnWorker({
        ...{ apiKey, apiUrl: allo.url, databaseUrl: url, redisUrl },
        // No second pass, because only looks are measured.
        env: { ALLO_READS_PER_SECOND: '', SYNC_EVERY: '1h', LIVE_BUDGET_SHARE: '25%' },
      })
      try {
        await untilFirstPass(pool)
        await allo.start(null)
        await sleep(WARM_UP_MS)
        const from = performance.now()
        const [cpuBefore, residentBefore] = [await cpuSecondsOf(worker), await residentBytesOf(worker)]
        const requestsBefore = (await allo.requests()).length
        await sleep(seconds * 1000)
        const took = (performance.now() - from) / 1000
        const cpu = (await cpuSecondsOf(worker)) - cpuBefore
        const grown = (await residentBytesOf(worker)) - residentBefore
        const looks = (await allo.requests()).length - requestsBefore
        return [
          bounded(
            `${teammates} teammates in one worker: CPU`,
            (cpu / took) * 100,
            { atMost: 30 },
            {
              ...{ unit: ' % of a core', digits: 1 },
              detail: `${(looks / took).toFixed(2)} requests a second, ${seconds} s without a pass`,
            },
          ),
          bounded('  resident memory grew by', grown / 1e6, null, {
            ...{ unit: ' MB', digits: 1 },
            detail: `from ${(residentBefore / 1e6).toFixed(0)} MB`,
          }),
        ]
      } finally {
        worker.kill('SIGKILL')
        await worker.exited
      }
    }),
  )
}
