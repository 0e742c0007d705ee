/** A pass takes as long as the API's budget says, and without a budget little longer than saving what it read. */
import { createWorld } from '../src/simulation/world.ts'
import type { Reading } from '../src/store/reading/reading.ts'
import { bounded, type Figure, ratio } from './figures.ts'
import type { Lab } from './lab.ts'
import { compare, timed } from './measure.ts'
import { runPass } from './one-pass.ts'
import { type RequestLog, withSimulatedAllo } from './simulated-allo.ts'
import { openSource, save } from './source.ts'
import { syncInProcess } from './sync-process.ts'

/** The budget that `sync` derives from a limit of 20. */
const CONFIGURED_READS_PER_SECOND = 18
const START_UP_MS = 2000

export async function benchPasses(lab: Lab, { isQuick }: { readonly isQuick: boolean }): Promise<Figure[]> {
  const team = { seed: 1, teammates: 50, numbersPerQueue: 500 }
  // One request per queue, because with few requests a long last queue would distort the result.
  const limited = isQuick ? { seed: 1, teammates: 120, numbersPerQueue: 100 } : team
  return [
    ...(await underLimit(lab, limited, 1)),
    ...(await underLimit(lab, limited, 2)),
    await withoutLimit(lab, isQuick ? { ...team, teammates: 20 } : team, isQuick ? 2 : 5),
  ]
}

interface Team {
  readonly seed: number
  readonly teammates: number
  readonly numbersPerQueue: number
}

async function underLimit(lab: Lab, team: Team, processes: number): Promise<Figure[]> {
  const requests = await lab.withDatabase(({ url }) =>
    withSimulatedAllo({ ...team, latencyMs: 100, readsPerSecond: 20 }, async (allo) => {
      const passes = Array.from({ length: processes }, () =>
        syncInProcess({ databaseUrl: url, alloUrl: allo.url }),
      )
      await Promise.all(passes)
      return allo.requests()
    }),
  )
  const share = rateAfterStartUp(requests) / CONFIGURED_READS_PER_SECOND
  const who = processes === 1 ? 'one process' : `${processes} processes`
  const detail = `${requests.arrivals.length} reads, ${rateAfterStartUp(requests).toFixed(2)}/s after start-up`
  return [
    bounded(`limit 20/s, ${who}: of 18/s`, share * 100, { atLeast: 98 }, { unit: ' %', digits: 1, detail }),
    bounded('  most in any second', requests.mostInAnySecond, { atMost: 20 }, { digits: 0 }),
    bounded('  answers 429', requests.throttled, { atMost: 0 }, { digits: 0 }),
  ]
}

function rateAfterStartUp({ arrivals }: RequestLog): number {
  const counted = arrivals.filter((at) => at > (arrivals[0] ?? 0) + START_UP_MS)
  const [first = 0, last = 0] = [counted[0], counted.at(-1)]
  return ((counted.length - 1) / (last - first)) * 1000
}

/** All in this process and with one source, so that both sides are warmed up. */
async function withoutLimit(lab: Lab, team: Team, rounds: number): Promise<Figure> {
  const baseline = () =>
    lab.withDatabase(async ({ pool }) => {
      const world = createWorld(team)
      const source = await openSource(world, pool)
      const readings: Reading[] = []
      for (const { id } of world.teammates()) readings.push(await source.read(id))
      return timed(async () => {
        for (const reading of readings) await save(pool, reading)
      })
    })
  const comparison = await withSimulatedAllo({ ...team, latencyMs: 2, readsPerSecond: null }, ({ url }) => {
    const ours = () => lab.withDatabase((database) => runPass(database, url))
    return compare({ ours, baseline }, { warmUps: 1, rounds })
  })
  return ratio('no limit, 2 ms: a pass by saving alone', comparison, 2)
}
