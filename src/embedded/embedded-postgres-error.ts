/**
 * The embedded Postgres cannot be used. The message names what is wrong and the way out; trying again without
 * changing anything does not help.
 */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError'
}

/** The way out that always exists. */
export const useYourOwnPostgres = 'set DATABASE_URL to a Postgres of your own'
