import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { SlowFirst } from './test/support/slow-first.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    // Most files wait for other processes most of the time.
    maxWorkers: Math.min(12, 3 * availableParallelism()),
    sequence: { sequencer: SlowFirst },
    // For a machine that does much else: what takes seconds by itself takes a minute there.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})
