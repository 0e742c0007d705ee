/**
 * The log lines of passes that failed or stopped. While Allo's rate limit holds the key back, for hours with a daily
 * quota, each pass fails for the same reason: only the first one is logged, until a teammate is read or a pass fails
 * for another reason. The audit rows of all passes stay.
 */
import type { Logger } from 'pino'

export interface FailureLog {
  failed(
    event: 'pass_failed' | 'pass_stopped',
    passId: string | null | undefined,
    reason: { readonly errorCode: string | null; readonly errorMessage: string | null },
  ): void
  /** A teammate was read: the next failure is news. */
  read(): void
}

export function createFailureLog(logger: Logger): FailureLog {
  let isThrottled = false
  return {
    failed(event, passId, { errorCode, errorMessage }) {
      const isKnown = isThrottled && errorCode === 'rate_limited'
      isThrottled = errorCode === 'rate_limited'
      const message = errorMessage ?? 'the pass failed'
      logger[isKnown ? 'debug' : 'error']({ event, passId, code: errorCode }, message)
    },
    read() {
      isThrottled = false
    },
  }
}
