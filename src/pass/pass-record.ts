/**
 * The record of a pass: its state, and the results of its steps. It is in Postgres, so that all processes that work on
 * the pass share it. In a dry run it is in memory (dry-run-record.ts).
 *
 *            ┌─ stop() ─▶ no further request; those not reached get the reason ─┐
 *   begin ─▶ running ───────────────────────────────────────────────────────────┴─ finish ─▶ ok | partial | failed
 *            │
 *            ├─ lease expired, or its job is gone ─▶ failed (abandoned)   closed by the next pass
 *            └─ longer than six hours ─────────────▶ failed (wedged)      closed by the next pass
 *
 * If another process closed the pass, the next reading of this process throws PassClosedError.
 */
import { AlloUnreachableError } from '../allo/errors.ts'
import type { NumberKeys } from '../snapshot/number-key.ts'
import { type Conclusions, finishPass, type PassOutcome } from '../store/pass/finish-pass.ts'
import {
  latestErrors,
  type PassState,
  passState,
  type ReadingTotals,
  readingsOfPass,
  recordSideEffects,
  type SideEffects,
  stopPass,
} from '../store/pass/passes.ts'
import type { Pool } from '../store/postgres/database.ts'
import type { FailedReading, Reading, SavedReading } from '../store/reading/reading.ts'
import { saveReading } from '../store/reading/save-reading.ts'

export type Effort = Reading['effort']

export interface PassRecord {
  /** Null in a dry run. */
  readonly passId: string | null
  state(userId: string): Promise<PassState>
  save(userId: string, result: Reading['result'], effort: Effort): Promise<SavedReading>
  /** Only the first reason is kept. */
  stop(reading: FailedReading): Promise<void>
  /** How many of the latest readings in a row got no answer from Allo; counts up to `most`. */
  unreachableInARow(most: number): Promise<number>
  noteSideEffects(effects: SideEffects): Promise<void>
  /** Sums over the readings; null: the pass is closed. */
  totals(): Promise<ReadingTotals | null>
  /** Throws PassClosedError when it is closed already. */
  close(outcome: Omit<PassOutcome, 'passId' | 'teamId'>): Promise<Conclusions>
}

export const noEffort: Effort = { requests: 0, throttled: 0, durationMs: 0 }

export function openRecord(
  pool: Pool,
  numberKeys: NumberKeys | null,
  { passId, teamId }: { readonly passId: string; readonly teamId: string },
): PassRecord {
  return {
    passId,
    state: (userId) => passState(pool, passId, userId),
    save: (userId, result, effort) =>
      saveReading(pool, { passId, teamId, userId, result, effort }, numberKeys),
    stop: (reading) => stopPass(pool, passId, reading),
    unreachableInARow: (most) => latestErrors(pool, passId, most).then(countUnreachable),
    noteSideEffects: (effects) => recordSideEffects(pool, passId, effects),
    totals: () => readingsOfPass(pool, passId),
    close: (outcome) => finishPass(pool, { passId, teamId, ...outcome }),
  }
}

/** At the beginning of the list. */
export function countUnreachable(newestFirst: readonly Pick<SavedReading, 'errorMessage'>[]): number {
  const answered = newestFirst.findIndex(
    ({ errorMessage }) => !AlloUnreachableError.isWordingOf(errorMessage),
  )
  return answered === -1 ? newestFirst.length : answered
}
