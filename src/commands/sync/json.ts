/** The `--json` object; keys are contract. */
export interface SyncJson {
  /** Null in a dry run, and when the pass could not begin. */
  readonly pass_id: number | null
  readonly team_id: string | null
  readonly status: 'ok' | 'partial' | 'failed'
  readonly dry_run: boolean
  /** Teammates to be read, whether the reading succeeded or not. */
  readonly teammates: number
  readonly queues: number
  readonly numbers: number
  readonly added: number
  readonly changed: number
  readonly moved: number
  readonly removed: number
  readonly unchanged: number
  readonly queues_ended: number
  /** Seen without a holder; the next pass decides whether they ended. */
  readonly queues_unknown: number
  readonly requests: number
  /** Number of 429 responses, and the time waited because of them. */
  readonly throttled: number
  readonly throttled_seconds: number
  readonly duration_seconds: number
  /** Teammates whose reading failed; their data stay as they were. */
  readonly failures: readonly SyncFailure[]
  /** The error that stopped the pass early; null: none. */
  readonly error: Omit<SyncFailure, 'user_id' | 'status'> | null
}

export interface SyncFailure {
  readonly user_id: string
  readonly status: string
  readonly code: string | null
  readonly message: string | null
  readonly request_id: string | null
}
