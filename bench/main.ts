/**
 * `npm run bench`: how fast the mirror is, as ratios to a baseline measured in the same run, and whether the bounds
 * hold (exit 0) or not (exit 1). `--only <section>` runs one section, `--quick` fewer rounds, and
 * `--minutes <count>` says how long the team of section live dials.
 *
 * It uses its own Postgres, simulated Allo and folder. The environment has no effect on them.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { benchBudget } from './budget.ts'
import { type Figure, formatTable } from './figures.ts'
import { benchHistorySize } from './history-size.ts'
import { type Lab, withLab } from './lab.ts'
import { benchLive } from './live.ts'
import { benchMemory } from './memory.ts'
import { benchPasses } from './passes.ts'
import { benchReporting } from './reporting.ts'
import { benchReservations } from './reservations.ts'
import { benchSaving } from './saving.ts'
import { benchTeams } from './teams.ts'
import { benchWorker } from './worker.ts'

interface Options {
  readonly isQuick: boolean
  readonly minutes: number | undefined
}

const sections: Readonly<Record<string, (lab: Lab, options: Options) => Promise<Figure[]>>> = {
  saving: benchSaving,
  passes: benchPasses,
  memory: benchMemory,
  reservations: benchReservations,
  budget: benchBudget,
  worker: benchWorker,
  live: benchLive,
  teams: benchTeams,
  reporting: benchReporting,
  history: benchHistorySize,
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    minutes: { type: 'string' },
  },
})
const asked = Object.entries(sections).filter(([name]) => values.only === undefined || name === values.only)
if (asked.length === 0) {
  console.error(`There is no section ${values.only}. There are: ${Object.keys(sections).join(', ')}.`)
  process.exit(64)
}

const minutes = values.minutes === undefined ? undefined : Number(values.minutes)
if (minutes !== undefined && !(minutes > 0)) {
  console.error('--minutes takes a number')
  process.exit(64)
}

/** Without it a Ctrl-C would leave the database server running. */
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => reject(new Error(`stopped by ${signal}`)))
  }
})

async function runSections(lab: Lab): Promise<Figure[]> {
  console.log(`Node ${process.version}, Postgres ${await lab.version()}, ${availableParallelism()} cores`)
  const figures: Figure[] = []
  for (const [name, bench] of asked) {
    console.error(`${name} …`)
    figures.push(...(await bench(lab, { isQuick: values.quick, minutes })))
  }
  return figures
}

const figures = await withLab((lab) => Promise.race([runSections(lab), interrupted]))
console.log(formatTable(figures))
process.exitCode = figures.some(({ holds }) => holds === false) ? 1 : 0
