import { exitCodes, MirrorError } from '../errors.ts'
import { explainSystemError } from '../text/system-error.ts'

/** The embedded Postgres cannot be used. The message names what is wrong and the way out. */
export class EmbeddedPostgresError extends MirrorError {
  override readonly name = 'EmbeddedPostgresError'
  readonly code = 'embedded_postgres'
  /** True after a full disk, say. */
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

/** The way out that always exists. */
export const useYourOwnPostgres = 'set DATABASE_URL to a Postgres of your own'
