import { exitCodes, MirrorError } from '../errors.ts'

/** Postgres can't be used from the start. The message names the place, never the password, and the way out. */
export class OpenDatabaseError extends MirrorError {
  override readonly name = 'OpenDatabaseError'
  readonly code = 'database'
  override readonly retryable: boolean

  constructor(message: string, options: { readonly retryable: boolean; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.retryable = options.retryable
  }

  get exitCode() {
    return this.retryable ? exitCodes.tryAgain : exitCodes.configuration
  }
}
