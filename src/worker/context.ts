/** What every job of a worker works with. */
import type { Logger } from 'pino'
import type { ProcessPacer } from '../allo/pacer.ts'
import type { AlloClient, Surprise } from '../allo/types.ts'
import type { Choice } from '../pass/choose-teammates.ts'
import type { NumberKeys } from '../snapshot/number-key.ts'
import type { Cadence } from '../store/pass/passes.ts'
import type { Pool } from '../store/postgres/database.ts'
import type { Credentials } from './credentials.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { WorkerMetrics } from './metrics.ts'

export interface WorkerContext {
  readonly pool: Pool
  /** Null: numbers get no key. */
  readonly numberKeys: NumberKeys | null
  readonly allo: AlloClient
  readonly pacer: ProcessPacer
  readonly keyFingerprint: string
  readonly onLimit: (readsPerSecond: number | null) => void
  /** What the API did that is not documented, since it was asked last: each kind once in a pass. */
  readonly takeSurprises: () => readonly Surprise[]
  readonly renewSurprises: () => void
  readonly choice: Choice
  readonly leases: LeaseKeeper
  /** Of a pass that begins now. */
  readonly cadence: () => Cadence
  /** From now. */
  readonly secondsToNextRun: () => number
  readonly credentials: Credentials
  readonly metrics: WorkerMetrics
  readonly logger: Logger
  readonly version: string
}
