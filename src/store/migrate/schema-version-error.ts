/** The database is not of this version; the message says what to do about it. */
export class SchemaVersionError extends Error {
  override readonly name = 'SchemaVersionError'
}
