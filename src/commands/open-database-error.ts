/** Postgres can't be used from the start. The message names the place, never the password, and the way out. */
export class OpenDatabaseError extends Error {
  override readonly name = 'OpenDatabaseError'
  /** Whether it can be there later with nothing changed on our side. */
  readonly retryable: boolean

  constructor(message: string, options: { readonly retryable: boolean; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.retryable = options.retryable
  }
}
