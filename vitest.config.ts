import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { SlowFirst } from './test/support/slow-first.ts'

const fastTests = 'test/**/*.fast.test.ts'

export default defineConfig({
  test: {
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    // Each module is loaded once per worker, and not once per file.
    isolate: false,
    // Files wait for other processes half of the time. With three per core, a run takes 15 % more CPU and is slower.
    maxWorkers: Math.min(12, 2 * availableParallelism()),
    // For a machine that does much else: what takes seconds by itself takes a minute there.
    testTimeout: 400_000,
    hookTimeout: 400_000,
    maxConcurrency: 3,
    sequence: { sequencer: SlowFirst },
    projects: [
      {
        extends: true,
        test: { name: 'fast', include: [fastTests], setupFiles: ['test/support/no-servers.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'with servers',
          include: ['test/**/*.test.ts'],
          exclude: [fastTests],
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
    ],
  },
})
