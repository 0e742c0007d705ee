import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    // For a machine that does much else: what takes seconds by itself takes a minute there.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})
