/** The record of a dry run. It is kept in memory, and each reading is saved in a transaction that is rolled back. */
import type { NumberKeys } from '../snapshot/number-key.ts'
import type { Team } from '../store/pass/teammates.ts'
import type { Pool } from '../store/postgres/database.ts'
import { dryRunReading } from '../store/reading/dry-run-reading.ts'
import { type FailedReading, isAnswered, type SavedReading } from '../store/reading/reading.ts'
import { notAsked } from './failure.ts'
import { countUnreachable, type Effort, noEffort, type PassRecord } from './pass-record.ts'

export function openDryRunRecord(
  pool: Pool,
  pass: {
    readonly team: Team
    readonly keyFingerprint: string
    readonly numberKeys: NumberKeys | null
    readonly version: string
  },
): PassRecord {
  const readings: SavedReading[] = []
  let total: Effort = noEffort
  let stop: FailedReading | null = null
  return {
    passId: null,
    state: async () => ({ isRunning: true, isRead: false, stop }),
    async save(userId, result, effort) {
      const reading = await dryRunReading(pool, { ...pass, userId, result, effort })
      readings.push(reading)
      total = added(total, effort)
      return reading
    },
    async stop(reading) {
      stop ??= reading
    },
    async unreachableInARow(most) {
      return countUnreachable(
        readings
          .filter(({ errorCode }) => errorCode !== notAsked.code)
          .slice(-most)
          .reverse(),
      )
    },
    noteSideEffects: async () => undefined,
    totals: async () => ({ ...total, answered: readings.filter(isAnswered).length, stop }),
    close: async () => ({ ended: [], unknown: [] }),
  }
}

function added(one: Effort, other: Effort): Effort {
  return {
    requests: one.requests + other.requests,
    throttled: one.throttled + other.throttled,
    durationMs: one.durationMs + other.durationMs,
  }
}
