/**
 * What a worker has opened so far. Its HTTP server answers before anything is open: /healthz says "alive", and /readyz
 * says what the worker waits for.
 */
import type { Pool } from '../store/postgres/database.ts'
import type { DatabaseProbe } from '../store/postgres/probe.ts'
import type { Credentials } from './credentials.ts'
import type { JobBackend, Queues } from './jobs.ts'
import type { LookRequests } from './look-jobs.ts'

export interface WorkerState {
  /** In words, for messages. */
  waitingFor: string
  /** The error of the last attempt; null: no attempt yet. */
  waitingBecause: string | null
  /** With a pool of its own, so that a probe never waits for a connection behind many readings. */
  database: { readonly pool: Pool; readonly probe: DatabaseProbe; readonly kind: 'embedded' | 'own' } | null
  worker: WorkingParts | null
  /** Null: not yet, or looks are off. */
  looks: LookRequests | null
}

interface WorkingParts extends Queues {
  readonly jobs: JobBackend
  readonly credentials: Credentials
  /** Null: unlimited. */
  readonly readsPerSecond: () => number | null
}
