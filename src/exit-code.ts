/** What the outcome means to whoever started us; the README lists these. */
import { GrantUnavailableError, LoginRefusedError } from './access/login.ts'
import { AlloError, AlloRefusedError } from './allo/errors.ts'
import { OpenDatabaseError } from './commands/open-database-error.ts'
import { ConfigError } from './config/config.ts'
import { EmbeddedPostgresError } from './embedded/postgres.ts'
import {
  ImplausibleTeamError,
  IncompleteTeamError,
  InterruptedError,
  TeamChangedError,
  UnknownTeammateError,
} from './pass/failure.ts'
import { NumberKeyError } from './snapshot/number-key.ts'
import { SchemaVersionError } from './store/migrate/migrate.ts'
import { PassAlreadyRunningError } from './store/pass/passes.ts'
import { asDatabaseError, DatabaseError } from './store/postgres/database.ts'
import { LockedError } from './store/postgres/yielding-transaction.ts'
import { PassClosedError } from './store/reading/reading.ts'
import { explainSystemError } from './text/system-error.ts'

export const exitCodes = {
  ok: 0,
  usage: 64,
  data: 65,
  bug: 70,
  tryAgain: 75,
  configuration: 78,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What was typed can't be done; the message says what can. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Taking a passing fault for a permanent one is the worse mistake: a supervisor would leave us down for good. */
export function exitCodeOf(thrown: unknown): ExitCode {
  const error = asDatabaseError(thrown)
  if (error instanceof UsageError || error instanceof UnknownTeammateError) return exitCodes.usage
  if (error instanceof LoginRefusedError) return exitCodes.usage
  if (error instanceof GrantUnavailableError) return exitCodes.configuration
  if (error instanceof ConfigError || error instanceof SchemaVersionError) return exitCodes.configuration
  if (error instanceof EmbeddedPostgresError)
    return error.retryable ? exitCodes.tryAgain : exitCodes.configuration
  if (error instanceof NumberKeyError) return exitCodeOfSystem(error.cause) ?? exitCodes.configuration
  if (error instanceof OpenDatabaseError)
    return error.retryable ? exitCodes.tryAgain : exitCodes.configuration
  if (error instanceof AlloRefusedError && error.kind === 'credentials') return exitCodes.configuration
  // Allo calls it our mistake: a parameter we sent is not one it takes.
  if (error instanceof AlloRefusedError && error.status === 400) return exitCodes.bug
  if (error instanceof AlloError) return exitCodes.tryAgain
  if (error instanceof DatabaseError) return exitCodeOfDatabase(error)
  if (error instanceof LockedError) return exitCodes.tryAgain
  if (error instanceof PassClosedError || error instanceof PassAlreadyRunningError) return exitCodes.tryAgain
  if (error instanceof ImplausibleTeamError || error instanceof InterruptedError) return exitCodes.tryAgain
  if (error instanceof IncompleteTeamError || error instanceof TeamChangedError) return exitCodes.tryAgain
  return exitCodeOfSystem(error) ?? exitCodes.bug
}

function exitCodeOfSystem(error: unknown): ExitCode | null {
  const problem = explainSystemError(error)
  if (problem === null) return null
  return problem.retryable ? exitCodes.tryAgain : exitCodes.configuration
}

function exitCodeOfDatabase({ retryable, code, isAboutData }: DatabaseError): ExitCode {
  if (retryable || code === null) return exitCodes.tryAgain
  // SQL we wrote wrong, or rows that break our own rules.
  if (code === '42601' || isAboutData || /^(2[1-7]|XX)/.test(code)) return exitCodes.bug
  // Rights, logins, and tables somebody else changed: nothing that heals by itself.
  return exitCodes.configuration
}
