/**
 * An error in words for a person. One a user can meet says what to do and nothing else; a bug says that it is one.
 * Where it happened is shown with `debug` only. Neither holds a key, a password or a phone number: what we did not
 * word ourselves is masked.
 */
import { toQuotable } from '../allo/text.ts'
import { ConfigError } from '../config/problem.ts'
import { EmbeddedPostgresError } from '../embedded/embedded-postgres-error.ts'
import { exitCodeOf, exitCodes } from '../exit-code.ts'
import { mask } from '../logger.ts'
import { asDatabaseError, DatabaseError } from '../store/postgres/database.ts'
import { printable, printableLines } from '../text/printable.ts'
import { explainSystemError } from '../text/system-error.ts'

export interface Shown {
  readonly debug: boolean
  /** Never to be seen, whatever happened. */
  readonly secrets: readonly string[]
}

export function describeError(error: unknown, { debug, secrets }: Shown): string {
  const lines = [messageOf(error, secrets)]
  if (debug) lines.push(...traceOf(error, secrets))
  else if (exitCodeOf(error) === exitCodes.bug) {
    lines.push('LOG_LEVEL=debug shows where it happened. Please report it with that.')
  }
  return mask(lines.join('\n'), secrets)
}

/** One sentence, the first letter a capital. Masked before anything is cut: half a secret would not be found. */
export function messageOf(thrown: unknown, secrets: readonly string[]): string {
  const error = asDatabaseError(thrown)
  const words = mask(saidBy(error), secrets)
  // Only these are worded in lines; what came from outside makes none.
  const hasLines = error instanceof ConfigError || error instanceof EmbeddedPostgresError
  const said = hasLines ? printableLines(words) : printable(words)
  const exitCode = exitCodeOf(error)
  if (exitCode === exitCodes.bug) return `This is a bug of allo-queue-mirror: ${toQuotable(said)}`
  const sentence = said.slice(0, 1).toUpperCase() + said.slice(1)
  if (!(error instanceof DatabaseError)) return sentence
  return exitCode === exitCodes.tryAgain
    ? `${sentence}. Try again; what was saved until then stays.`
    : `${sentence}. doctor says which rights are missing; nothing else may change schema allo.`
}

function saidBy(error: unknown): string {
  const problem = explainSystemError(error)
  if (problem !== null) return problem.sentence
  return error instanceof Error ? error.message : String(error)
}

/** The frames of the error and of each that lies below it. */
function traceOf(error: unknown, secrets: readonly string[]): string[] {
  const lines: string[] = []
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    lines.push(depth === 0 ? at.name : `because of ${at.name}: ${toQuotable(mask(at.message, secrets))}`)
    lines.push(...(at.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)))
  }
  return lines
}
