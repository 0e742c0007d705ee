/** Mutants of TypeScript, made and tried by Stryker in a copy of the repository. */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Stryker } from '@stryker-mutator/core'
import { cache, type Group, root } from './groups.ts'
import { describeChange, type TriedMutant } from './mutants.ts'

/**
 * Tries all mutants of the group. One that was killed in the last run is tried again only if its file or its tests
 * changed, or with `force`. Throws if the tests fail without a mutant.
 */
export async function tryCodeMutants(group: Group, { force }: { force: boolean }): Promise<TriedMutant[]> {
  const incrementalFile = `${cache}/${group.name}.json`
  forgetSurvivors(incrementalFile)
  process.env.TESTS_OF_MUTATION = group.tests.join()
  const results = await new Stryker({
    testRunner: 'vitest',
    plugins: ['@stryker-mutator/vitest-runner'],
    vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
    mutate: group.files.map((pattern) => `src/${pattern}`),
    coverageAnalysis: 'perTest',
    concurrency: 2,
    incremental: true,
    incrementalFile,
    force,
    tempDirName: `${cache}/sandbox`,
    ignorePatterns: ['/*', '!/src', '!/test', '!/bin', '!/migrations', '!/package.json', '!/tsconfig.json'],
    // Stryker would read it with the API of TypeScript, which version 7 does not have.
    tsconfigFile: 'none',
    // An endless loop is noticed by its count. Time tells little on a machine with other work.
    timeoutMS: 30_000,
    timeoutFactor: 5,
    reporters: ['progress-append-only'],
  }).runMutationTest()
  // Stryker also returns what it remembers of other files.
  const files = new Set(group.files.flatMap((pattern) => globSync(join(root, 'src', pattern))))
  const ofGroup = results
    .filter(({ fileName }) => files.has(fileName))
    .sort((one, other) => placeOf(one) - placeOf(other))
  return ofGroup.map(({ fileName, location, replacement = '', status }) => {
    const lines = readFileSync(fileName, 'utf8').split('\n')
    const mutant = {
      file: relative(join(root, 'src'), fileName),
      line: lines[location.start.line - 1]?.trim() ?? '',
      change: describeChange(textAt(lines, location), replacement),
    }
    return { ...mutant, isKilled: status !== 'Survived' && status !== 'NoCoverage' }
  })
}

/** In its file. */
function placeOf({ location: { start } }: { readonly location: Location }): number {
  return start.line * 1000 + start.column
}

interface Location {
  readonly start: Place
  readonly end: Place
}

/** Both count from 1. */
interface Place {
  readonly line: number
  readonly column: number
}

function textAt(lines: readonly string[], { start, end }: Location): string {
  const [first = '', ...more] = lines.slice(start.line - 1, end.line)
  const last = more.pop()
  if (last === undefined) return first.slice(start.column - 1, end.column - 1)
  return [first.slice(start.column - 1), ...more, last.slice(0, end.column - 1)].join('\n')
}

/** Stryker does not notice that a new test could kill a mutant of code that runs while its file is loaded. */
function forgetSurvivors(path: string): void {
  if (!existsSync(path)) return
  const report = JSON.parse(readFileSync(path, 'utf8')) as {
    files: Record<string, { mutants: { status: string }[] }>
  }
  for (const file of Object.values(report.files)) {
    file.mutants = file.mutants.filter(({ status }) => status === 'Killed')
  }
  writeFileSync(path, JSON.stringify(report))
}
