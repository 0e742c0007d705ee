import { explainSystemError } from '../text/system-error.ts'

/** The embedded Postgres cannot be used. The message names what is wrong and the way out. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError'
  /** Whether it can be used later with nothing changed: after a full disk, say. */
  readonly retryable: boolean

  constructor(message: string, options: { readonly cause?: unknown; readonly retryable?: boolean } = {}) {
    const { cause, retryable = explainSystemError(cause)?.retryable ?? false } = options
    super(message, cause === undefined ? undefined : { cause })
    this.retryable = retryable
  }
}

/** The way out that always exists. */
export const useYourOwnPostgres = 'set DATABASE_URL to a Postgres of your own'
