/** `npm run chaos -- --minutes 20 --seed 1 --backend redis`. Exit 1 if any data were wrong or stored twice, or if a worker ended unexpectedly. */
import { parseArgs } from 'node:util'
import { type ChaosReport, runChaos } from './run.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    'sync-every': { type: 'string', default: '10' },
    backend: { type: 'string', default: 'redis' },
    quiet: { type: 'boolean', default: false },
  },
})
const { minutes, seed, backend, quiet, 'sync-every': syncEvery } = values
if (!(Number(minutes) > 0) || !(Number(syncEvery) > 0) || (backend !== 'redis' && backend !== 'postgres')) {
  console.error(
    '--minutes and --sync-every (seconds) take a number, --seed any text, --backend redis or postgres',
  )
  process.exit(64)
}
const say = quiet ? {} : { say: (line: string) => console.error(line) }
const report = await runChaos({
  seconds: Number(minutes) * 60,
  seed,
  backend,
  syncEvery: Number(syncEvery),
  ...say,
})
if (report === null) process.exit(1)
print(report)
const { falseStates, falseEndings, duplicates, complaints } = report
process.exitCode = [...falseStates, ...falseEndings, ...duplicates, ...complaints].length > 0 ? 1 : 0

function print(found: ChaosReport): void {
  const list = (counts: object) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(' · ')
  console.log(`${minutes} minutes on ${backend}, seed ${seed}`)
  console.log(`troubles             ${list(found.troubles)}`)
  console.log(`wrong answers        ${list(found.apiFaults)}`)
  console.log(`moves                ${found.moves}`)
  console.log(`workers started      ${found.workersStarted}`)
  console.log(`passes               ${list(found.passes)}`)
  console.log(`readings compared    ${found.readings}`)
  console.log(`looks                ${list(found.looks)}`)
  console.log(`endings              ${found.endings} (${found.excusedEndings} beyond knowing)`)
  console.log(`longest gap          ${(found.longestGapMs / 1000).toFixed(1)} s`)
  console.log(`all well again after ${(found.recoveredAfterMs / 1000).toFixed(1)} s`)
  const counted = {
    'false states': found.falseStates,
    'false removals or endings': found.falseEndings,
    'duplicate versions': found.duplicates,
    'complaints of workers': found.complaints,
  }
  for (const [name, problems] of Object.entries(counted)) {
    console.log(`${name.padEnd(26)} ${problems.length}`)
    for (const problem of problems.slice(0, 20)) console.log(`  ${problem}`)
  }
}
