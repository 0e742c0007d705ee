/** What the outcome means to whoever started us; the README lists these. */
import { AlloError, AlloRefusedError } from './allo/errors.ts'
import { ConfigError } from './config.ts'
import { EmbeddedPostgresError } from './embedded/postgres.ts'
import { ImplausibleTeamError, InterruptedError, UnknownTeammateError } from './pass/failure.ts'
import { DatabaseError } from './store/database.ts'
import { SchemaVersionError } from './store/migrate.ts'
import { PassAlreadyRunningError } from './store/passes.ts'
import { PassClosedError } from './store/save-reading.ts'

export const exitCodes = {
  ok: 0,
  usage: 64,
  bug: 70,
  tryAgain: 75,
  configuration: 78,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UnknownTeammateError) return exitCodes.usage
  if (error instanceof ConfigError || error instanceof SchemaVersionError) return exitCodes.configuration
  if (error instanceof EmbeddedPostgresError) return exitCodes.configuration
  if (error instanceof AlloRefusedError && error.kind === 'credentials') return exitCodes.configuration
  if (error instanceof DatabaseError && !error.retryable) return exitCodes.configuration
  if (error instanceof AlloError || error instanceof DatabaseError) return exitCodes.tryAgain
  if (error instanceof PassClosedError || error instanceof PassAlreadyRunningError) return exitCodes.tryAgain
  if (error instanceof ImplausibleTeamError || error instanceof InterruptedError) return exitCodes.tryAgain
  return exitCodes.bug
}
