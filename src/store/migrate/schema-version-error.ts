import { exitCodes, MirrorError } from '../../errors.ts'

/** The database is not of this version; the message says what to do about it. */
export class SchemaVersionError extends MirrorError {
  readonly code = 'schema_version'
  readonly exitCode = exitCodes.configuration
}
