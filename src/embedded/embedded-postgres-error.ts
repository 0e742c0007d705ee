import { exitCodes, MirrorError } from '../errors.ts'
import { explainSystemError } from '../text/system-error.ts'

/** The embedded Postgres cannot be used. The message names the problem and the fix. */
export class EmbeddedPostgresError extends MirrorError {
  override readonly name = 'EmbeddedPostgresError'
  readonly code = 'embedded_postgres'
  /** True, for example, if the disk is full. */
  override readonly retryable: boolean
  override readonly isMultiline = true

  constructor(message: string, options: { readonly cause?: unknown; readonly retryable?: boolean } = {}) {
    const { cause, retryable = explainSystemError(cause)?.retryable ?? false } = options
    super(message, cause === undefined ? undefined : { cause })
    this.retryable = retryable
  }

  get exitCode() {
    return this.retryable ? exitCodes.tryAgain : exitCodes.configuration
  }
}

/** The fix that always works. */
export const useYourOwnPostgres = 'set DATABASE_URL to a Postgres of your own'
