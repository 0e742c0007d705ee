import type { ReadBudget } from './pacer.ts'

/** A read budget in the memory of this process, for when there is no database to share one in. */
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
