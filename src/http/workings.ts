/**
 * What the server looks at. It answers before any of it is there, so that /healthz says "alive" and /readyz says what
 * is being waited for; the worker fills it in as things open.
 */

import type { Pool } from '../store/postgres/database.ts'
import type { DatabaseProbe } from '../store/postgres/probe.ts'
import type { Credentials } from '../worker/credentials.ts'
import type { JobBackend, JobQueue } from '../worker/job-backend.ts'

export interface Workings {
  /** In words, for people. */
  waitingFor: string
  /** What it said when it was last tried; null: it was not tried yet. */
  waitingBecause: string | null
  /** A pool of the server's own: many readings must not make a probe wait for a connection. */
  database: { readonly pool: Pool; readonly probe: DatabaseProbe; readonly kind: 'embedded' | 'own' } | null
  worker: {
    readonly jobs: JobBackend
    readonly passes: JobQueue
    readonly readings: JobQueue
    readonly credentials: Credentials
    /** Null: unlimited. */
    readonly readsPerSecond: () => number | null
  } | null
}
