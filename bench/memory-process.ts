/**
 * One pass in its own process (`node --expose-gc`). After each number of teammates in `weighAt` it prints to stdout how
 * much heap and resident memory it holds after garbage collection.
 */
import { z } from 'zod'
import { openPool } from '../src/store/postgres/database.ts'
import { runPass } from './one-pass.ts'

const task = z.object({ databaseUrl: z.string(), alloUrl: z.string(), weighAt: z.array(z.number()) })
const { databaseUrl, alloUrl, weighAt } = task.parse(JSON.parse(process.argv[2] ?? ''))

const weights: { readonly heapBytes: number; readonly residentBytes: number }[] = []
let read = 0

const pool = openPool(databaseUrl, { max: 12, name: 'bench' })
await runPass({ url: databaseUrl, pool }, alloUrl, () => {
  read += 1
  if (weighAt.includes(read)) weights.push(weigh())
})
await pool.end()
console.log(JSON.stringify(weights))

function weigh() {
  globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heapBytes: heapUsed + external, residentBytes: rss }
}
