import { UnusableError } from '../text/system-error.ts'

/** The embedded Postgres cannot be used. The message names the problem and the fix. */
export class EmbeddedPostgresError extends UnusableError {
  readonly code = 'embedded_postgres'
  override readonly isMultiline = true
}

/** The fix that always works. */
export const useYourOwnPostgres = 'set DATABASE_URL to a Postgres of your own'
