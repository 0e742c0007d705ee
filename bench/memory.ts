/** How much memory a pass holds: over one very long queue, and over very many teammates. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { bounded, type Figure } from './figures.ts'
import type { Lab } from './lab.ts'
import { withSimulatedAllo } from './simulated-allo.ts'
import { syncInProcess } from './sync-process.ts'

export async function benchMemory(lab: Lab, { isQuick }: { readonly isQuick: boolean }): Promise<Figure[]> {
  return [await ofOneQueue(lab, 25_000), ...(await ofTeam(lab, isQuick ? 1000 : 5000))]
}

async function ofOneQueue(lab: Lab, numbers: number): Promise<Figure> {
  const team = { seed: 1, teammates: 1, numbersPerQueue: numbers, latencyMs: 0, readsPerSecond: null }
  const pass = await lab.withDatabase(({ url }) =>
    withSimulatedAllo(team, (allo) =>
      syncInProcess({ databaseUrl: url, alloUrl: allo.url, readsPerSecond: 'unlimited' }),
    ),
  )
  const what = `peak resident, a queue of ${pass.numbers.toLocaleString('en')}`
  return bounded(what, pass.peakResidentBytes / 1e6, { atMost: 250 }, { unit: ' MB', digits: 0 })
}

const weights = z.array(z.object({ heapBytes: z.number(), residentBytes: z.number() }))

/** The memory after the first fifth is what a pass needs. The rest of the pass must not add to it. */
async function ofTeam(lab: Lab, teammates: number): Promise<Figure[]> {
  const team = { seed: 1, teammates, numbersPerQueue: 20, latencyMs: 0, readsPerSecond: null }
  const early = teammates / 5
  const weighed = await lab.withDatabase(({ url }) =>
    withSimulatedAllo(team, (allo) =>
      weigh({ databaseUrl: url, alloUrl: allo.url, weighAt: [early, teammates] }),
    ),
  )
  const [before, after] = weighed
  if (before === undefined || after === undefined) throw new Error('the pass ended before everyone was read')
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
  const grownMegabytes = (after.heapBytes - before.heapBytes) / 1e6
  const detail = `${megabytes(before.heapBytes)} MB, then ${megabytes(after.heapBytes)} MB`
  return [
    bounded(
      `heap growth, ${early} to ${teammates} teammates`,
      grownMegabytes,
      { atMost: 5 },
      { ...inMb, detail },
    ),
    bounded(`  resident after ${teammates}`, after.residentBytes / 1e6, { atMost: 250 }, inMb),
  ]
}

const inMb = { unit: ' MB', digits: 1 }

async function weigh(task: { databaseUrl: string; alloUrl: string; weighAt: readonly number[] }) {
  const program = fileURLToPath(new URL('./memory-process.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', program, JSON.stringify(task)],
    {
      env: {},
    },
  )
  return weights.parse(JSON.parse(stdout))
}
