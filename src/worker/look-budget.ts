/** The share of the read budget that looks and requests for details of calls have together. */
import type { LookBudget } from '../store/look/look-budget.ts'
import type { WorkerContext } from './context.ts'

export interface LookSettings {
  /** Requests per second; null: unlimited. */
  readonly looksPerSecond: () => number | null
  /** Quota of the key; null: none. */
  readonly dailyRequests: number | null
}

export function budgetOf(
  { keyFingerprint }: Pick<WorkerContext, 'keyFingerprint'>,
  { looksPerSecond, dailyRequests }: LookSettings,
): LookBudget {
  const rate = looksPerSecond()
  return { keyFingerprint, intervalMs: rate === null ? 0 : 1000 / rate, dailyRequests }
}
