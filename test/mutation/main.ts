/**
 * `npm run mutate -- --only snapshot,parsing --force`: plants small faults in the code that decides what is true, and
 * counts how many the tests notice. Exit 1 if a fault survives that is not in survivors.ts, if one of that list does
 * not survive, or if fewer than 95 % are killed.
 */
import { parseArgs } from 'node:util'
import { tryCodeMutants } from './code-mutants.ts'
import { codeGroups, statementGroups } from './groups.ts'
import { describeMutant, isSame, numberEqual, type TriedMutant } from './mutants.ts'
import { tryStatementMutants } from './statement-mutants.ts'
import { survivors } from './survivors.ts'

const { values } = parseArgs({
  options: { only: { type: 'string' }, force: { type: 'boolean', default: false } },
})
const groups = [
  ...codeGroups.map((group) => ({ group, tryMutants: tryCodeMutants })),
  ...statementGroups.map((group) => ({ group, tryMutants: tryStatementMutants })),
]
const names = groups.map(({ group }) => group.name)
const chosen = values.only?.split(',') ?? names
const unknown = chosen.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  console.error(`--only takes ${names.join(', ')}, not ${unknown.join(', ')}`)
  process.exit(64)
}

const leastKilled = 0.95
for (const { group, tryMutants } of groups) {
  if (!chosen.includes(group.name)) continue
  const startedAt = performance.now()
  report(group.name, numberEqual(await tryMutants(group, values)), performance.now() - startedAt)
}

function report(name: string, tried: readonly TriedMutant[], ms: number): void {
  const left = tried.filter(({ isKilled }) => !isKilled)
  const files = new Set(tried.map(({ file }) => file))
  const listed = survivors.filter(({ file }) => files.has(file))
  const unlisted = left.filter((mutant) => !listed.some((one) => isSame(one, mutant)))
  const stale = listed.filter((one) => !left.some((mutant) => isSame(one, mutant)))
  const share = 1 - left.length / tried.length
  console.log(
    `${name}: ${tried.length} mutants, ${(share * 100).toFixed(1)} % killed, ${left.length} survived; ${Math.round(ms / 1000)} s`,
  )
  for (const mutant of unlisted) console.log(`  SURVIVED ${describeMutant(mutant)}`)
  for (const mutant of stale) console.log(`  LISTED, BUT KILLED OR GONE ${describeMutant(mutant)}`)
  if (unlisted.length > 0 || stale.length > 0 || share < leastKilled) process.exitCode = 1
}
