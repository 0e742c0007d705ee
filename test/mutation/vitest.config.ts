/** For the tests of one group, which TESTS_OF_MUTATION names. Each file loads its own modules, so none keeps a mutant. */
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const root = join(import.meta.dirname, '../..')
const include = (process.env.TESTS_OF_MUTATION ?? '').split(',').map((name) => `test/${name}.test.ts`)
const isFast = (file: string) => file.endsWith('.fast.test.ts')

/** A run ends with the first test that fails, so the tests that take seconds come last. */
class SlowLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isSlow = ({ moduleId }: TestSpecification) => !isFast(moduleId) || moduleId.includes('/proof-')
    return [...files.filter((file) => !isSlow(file)), ...files.filter(isSlow)]
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
    sequence: { sequencer: SlowLast },
    projects: projects
      .filter((project) => project.include.length > 0)
      .map((test) => ({ extends: true, test })),
  },
})
