import type { Logger } from 'pino'
import type { ConfigWithKey } from '../../config/config.ts'
import type { WorkerMetrics } from '../../worker/metrics.ts'
import type { Webhook } from '../../worker/webhook.ts'
import type { WorkerState } from '../../worker/worker-state.ts'

/** What every part of the service works with, from its start to its end. */
export interface Service {
  readonly config: ConfigWithKey
  readonly logger: Logger
  /** Aborts when the service is to stop. */
  readonly signal: AbortSignal
  readonly metrics: WorkerMetrics
  readonly state: WorkerState
  /** The pages show what `state` holds now. */
  readonly refreshPages: () => void
  /** Null: alerts are recorded and logged only. */
  readonly webhook: Webhook | null
}
