/**
 * One pass in a process of its own (`node --expose-gc`), weighed on its way: says on stdout how much heap and
 * resident memory it held, garbage aside, whenever as many teammates as in `weighAt` had been read.
 */
import { z } from 'zod'
import { withAllo } from '../src/commands/open.ts'
import { syncOnce } from '../src/commands/sync.ts'
import { loadConfig } from '../src/config.ts'
import { openPool } from '../src/store/database.ts'
import { openReadBudget } from '../src/store/read-budget.ts'
import { apiKey } from './simulated-allo.ts'

const task = z.object({ databaseUrl: z.string(), alloUrl: z.string(), weighAt: z.array(z.number()) })
const { databaseUrl, alloUrl, weighAt } = task.parse(JSON.parse(process.argv[2] ?? ''))

const weights: { readonly heapBytes: number; readonly residentBytes: number }[] = []
let read = 0

const config = loadConfig({
  ALLO_API_KEY: apiKey,
  ALLO_API_URL: alloUrl,
  ALLO_READS_PER_SECOND: 'unlimited',
})
const pool = openPool(databaseUrl, { max: 12, name: 'bench' })
await withAllo(
  config,
  (fingerprint) => openReadBudget(databaseUrl, fingerprint),
  (open) =>
    syncOnce(config, {
      pool,
      open,
      observer: {
        passStarted: () => undefined,
        teammateRead() {
          read += 1
          if (weighAt.includes(read)) weights.push(weigh())
        },
        warn: (message) => console.error(message),
      },
    }),
)
await pool.end()
console.log(JSON.stringify(weights))

function weigh() {
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  return { heapBytes: heapUsed, residentBytes: rss }
}
