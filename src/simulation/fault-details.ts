/** Settings of single kinds of faults; each kind reads its own and leaves the rest. */
export interface FaultDetails {
  /** `rate_limited`: retry_after_seconds in the body: a number, null, or missing. Default 1. */
  readonly retryAfterSeconds?: number | null | 'missing'
  /** `rate_limited`: format of the Retry-After header, or none. Default 'seconds'. */
  readonly retryAfterHeader?: 'seconds' | 'date' | 'none'
  /** `missing_scope`: the scope in the message. */
  readonly scope?: string
  /** `endless_pages`: the pages after the last one. Default 'empty'. */
  readonly show?: 'empty' | 'same'
}
