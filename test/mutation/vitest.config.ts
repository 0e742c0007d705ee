/** For the tests of one group, which TESTS_OF_MUTATION names. Each file loads its own modules, so none keeps a mutant. */
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const root = join(import.meta.dirname, '../..')
const include = (process.env.TESTS_OF_MUTATION ?? '').split(',').map((name) => `test/${name}.test.ts`)
const isFast = (file: string) => file.endsWith('.fast.test.ts')

/** As the group lists them. */
class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification) =>
      include.findIndex((file) => moduleId.endsWith(`/${file}`))
    return files.toSorted((one, other) => placeOf(one) - placeOf(other))
  }
}

const projects = [
  { name: 'fast', include: include.filter(isFast), setupFiles: ['test/support/no-servers.ts'] },
  {
    name: 'with servers',
    include: include.filter((file) => !isFast(file)),
    globalSetup: ['test/support/global-setup.ts'],
  },
]

export default defineConfig({
  test: {
    root,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    sequence: { sequencer: InOrder },
    projects: projects
      .filter((project) => project.include.length > 0)
      .map((test) => ({ extends: true, test })),
  },
})
