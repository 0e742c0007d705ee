import type { ReadBudget } from './pacer.ts'

/** Slots and pauses of this process alone, for where there is no database to share them in. */
export function createPrivateReadBudget(): ReadBudget {
  let nextAt = 0
  let pausedUntil = 0
  const pausedMs = () => Math.max(0, pausedUntil - performance.now())
  return {
    pausedMs: async () => pausedMs(),
    async reserve(intervalMs) {
      if (pausedMs() > 0) return { pausedMs: pausedMs() }
      const at = Math.max(nextAt, performance.now())
      nextAt = at + intervalMs
      return { inMs: at - performance.now() }
    },
    async pause(forMs) {
      pausedUntil = Math.max(pausedUntil, performance.now() + forMs)
    },
  }
}
