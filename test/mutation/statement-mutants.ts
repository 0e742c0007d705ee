/** Mutants of SQL statements, tried in two copies of the repository at once. Each copy has a Postgres of its own. */
import { createHash } from 'node:crypto'
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createVitest, type TestSpecification, type Vitest } from 'vitest/node'
import { editsOfSql, type TextEdit } from './edits-of-sql.ts'
import { cache, type Group, root } from './groups.ts'
import { describeChange, type TriedMutant } from './mutants.ts'

interface Planted {
  readonly file: string
  readonly source: string
  readonly edit: TextEdit
}

/** Then the tests must pass without a mutant, as before: a server that is gone kills every mutant. */
const AT_ONCE = 10

/**
 * Tries all mutants of the group. One that was killed in the last run is tried again only if its file or its tests
 * changed, or with `force`. Throws if the tests fail without a mutant.
 */
export async function tryStatementMutants(
  group: Group,
  { force }: { force: boolean },
): Promise<TriedMutant[]> {
  const planted = group.files.flatMap((pattern) =>
    globSync(pattern, { cwd: join(root, 'src') }).flatMap((file) => {
      const source = readFileSync(join(root, 'src', file), 'utf8')
      return editsOfSql(source).map((edit) => ({ file, source, edit }))
    }),
  )
  const outcomes = openOutcomes(group, force)
  const waiting = planted.filter((mutant) => outcomes.of(mutant) !== true)
  console.log(`${group.name}: ${planted.length} mutants, ${waiting.length} of them to be tried`)
  const queue = [...waiting]
  const work = async (lane: number) => {
    if (queue.length === 0) return
    const copy = await openCopy(lane, group)
    try {
      while (queue.length > 0) {
        const tried = await copy.tryAll(queue.splice(0, AT_ONCE))
        for (const [mutant, isKilled] of tried) outcomes.record(mutant, isKilled)
        console.log(`${group.name}: ${queue.length} left`)
      }
    } finally {
      await copy.close()
    }
  }
  await Promise.all([work(0), work(1)])
  return planted.map((mutant) => ({ ...describe(mutant), isKilled: outcomes.of(mutant) ?? false }))
}

function describe({ file, source, edit: { start, end, text } }: Planted) {
  const lineStart = source.lastIndexOf('\n', start - 1) + 1
  const [line = ''] = source.slice(lineStart).trimStart().split('\n')
  return { file, line: line.trim(), change: describeChange(source.slice(start, end), text) }
}

interface Copy {
  tryAll(mutants: readonly Planted[]): Promise<[Planted, boolean][]>
  close(): Promise<void>
}

async function openCopy(lane: number, group: Group): Promise<Copy> {
  const folder = join(root, cache, `copy-${lane}`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const name of ['src', 'test', 'bin', 'migrations', 'package.json', 'tsconfig.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const config = join(folder, 'test/mutation/vitest.config.ts')
  const options = { root: folder, config, watch: false, bail: 1, maxWorkers: 1, reporters: [{}] }
  process.env.TESTS_OF_MUTATION = group.tests.join()
  const vitest = await createVitest('test', options)
  let files = await vitest.globTestSpecifications()
  const expectToPass = async (some: readonly TestSpecification[]) => {
    const failed = await findFailure(vitest, some)
    if (failed !== null) throw new Error(`without a mutant ${basename(failed.moduleId)} fails`)
  }
  await expectToPass(files)

  async function isKilled({ file, source, edit }: Planted): Promise<boolean> {
    const path = join(folder, 'src', file)
    writeFileSync(path, source.slice(0, edit.start) + edit.text + source.slice(edit.end))
    vitest.invalidateFile(path)
    const killer = await findFailure(vitest, files)
    writeFileSync(path, source)
    vitest.invalidateFile(path)
    // What noticed this mutant probably notices the next one, too.
    if (killer !== null) files = [killer, ...files.filter((one) => one !== killer)]
    return killer !== null
  }

  return {
    async tryAll(mutants) {
      const tried: [Planted, boolean][] = []
      for (const mutant of mutants) tried.push([mutant, await isKilled(mutant)])
      await expectToPass(files.slice(0, 1))
      return tried
    },
    async close() {
      await vitest.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Null: all tests pass. */
async function findFailure(
  vitest: Vitest,
  files: readonly TestSpecification[],
): Promise<TestSpecification | null> {
  for (const file of files) {
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications([file])
    if (unhandledErrors.length > 0 || testModules.some((module) => !module.ok())) return file
  }
  return null
}

/** Of this run and the last one, by everything that they depend on. */
function openOutcomes({ name, tests }: Group, force: boolean) {
  const path = join(root, cache, `${name}.json`)
  const testSources = tests.map((test) => readFileSync(join(root, `test/${test}.test.ts`), 'utf8')).join()
  const keyOf = ({ source, edit }: Planted) =>
    createHash('sha256')
      .update(JSON.stringify([testSources, source, edit]))
      .digest('base64')
  const known = new Map<string, boolean>(force ? [] : readOutcomes(path))
  return {
    of: (mutant: Planted) => known.get(keyOf(mutant)),
    record(mutant: Planted, isKilled: boolean) {
      known.set(keyOf(mutant), isKilled)
      writeFileSync(path, JSON.stringify([...known]))
    },
  }
}

function readOutcomes(path: string): [string, boolean][] {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return []
  }
}
