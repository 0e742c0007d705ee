/** The dependencies that all jobs of a worker share. */
import type { Logger } from 'pino'
import type { ProcessPacer } from '../allo/pacer.ts'
import type { AlloClient } from '../allo/types.ts'
import type { Choice } from '../pass/choose-teammates.ts'
import type { LeaseKeeper } from '../pass/leases.ts'
import type { SideEffectsOfPass } from '../pass/side-effects.ts'
import type { NumberKeys } from '../snapshot/number-key.ts'
import type { Cadence } from '../store/pass/passes.ts'
import type { Pool } from '../store/postgres/database.ts'
import type { Credentials } from './credentials.ts'
import type { FailureLog } from './failure-log.ts'
import type { WorkerMetrics } from './metrics.ts'

export interface WorkerContext {
  readonly pool: Pool
  /** Null: numbers get no key. */
  readonly numberKeys: NumberKeys | null
  readonly allo: AlloClient
  readonly pacer: ProcessPacer
  readonly keyFingerprint: string
  readonly onLimit: (readsPerSecond: number | null) => void
  /** Those that the key needs. */
  readonly scopes: readonly string[]
  readonly sideEffects: SideEffectsOfPass
  readonly choice: Choice
  readonly leases: LeaseKeeper
  /** Of a pass that begins now. */
  readonly cadence: () => Cadence
  /** From now. */
  readonly secondsToNextRun: () => number
  readonly credentials: Credentials
  readonly failures: FailureLog
  readonly metrics: WorkerMetrics
  readonly logger: Logger
  readonly version: string
}
