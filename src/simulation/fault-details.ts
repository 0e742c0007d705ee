/** Settings of single kinds of faults; each kind reads its own and leaves the rest. */
export interface FaultDetails {
  /** `rate_limited`: what the body says. A number of seconds, null, or not there at all (1). */
  readonly retryAfterSeconds?: number | null | 'missing'
  /** `rate_limited`: whether and how the header says it ('seconds'). */
  readonly retryAfterHeader?: 'seconds' | 'date' | 'none'
  /** `missing_scope`: which one the message names. */
  readonly scope?: string
  /** `endless_pages`: what comes behind the last page ('empty'). */
  readonly show?: 'empty' | 'same'
}
