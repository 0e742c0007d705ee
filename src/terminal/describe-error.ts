/**
 * An error in words for a person. One a user can meet says what to do and nothing else; a bug says that it is one.
 * Where it happened is shown with `debug` only. Neither holds a key, a password or a phone number: what we did not
 * word ourselves is masked.
 */
import { toQuotable } from '../allo/text.ts'
import { exitCodeOf, exitCodes } from '../exit-code.ts'
import { asDatabaseError, DatabaseError } from '../store/database.ts'

export interface Shown {
  readonly debug: boolean
  /** Never to be seen, whatever happened. */
  readonly secrets: readonly string[]
}

export function describeError(error: unknown, { debug, secrets }: Shown): string {
  const lines = [messageOf(error)]
  if (debug) lines.push(...traceOf(error))
  else if (exitCodeOf(error) === exitCodes.bug) {
    lines.push('LOG_LEVEL=debug shows where it happened. Please report it with that.')
  }
  return withoutSecrets(lines.join('\n'), secrets)
}

/** One sentence, the first letter a capital. */
export function messageOf(thrown: unknown): string {
  const error = asDatabaseError(thrown)
  const said = error instanceof Error ? error.message : String(error)
  const exitCode = exitCodeOf(error)
  if (exitCode === exitCodes.bug) return `This is a bug of allo-queue-mirror: ${toQuotable(said)}`
  const sentence = said.slice(0, 1).toUpperCase() + said.slice(1)
  if (!(error instanceof DatabaseError)) return sentence
  return exitCode === exitCodes.tryAgain
    ? `${sentence}. Try again; what was saved until then stays.`
    : `${sentence}. doctor says which rights are missing; nothing else may change schema allo.`
}

/** The frames of the error and of each that lies below it. */
function traceOf(error: unknown): string[] {
  const lines: string[] = []
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    lines.push(depth === 0 ? at.name : `because of ${at.name}: ${toQuotable(at.message)}`)
    lines.push(...(at.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)))
  }
  return lines
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  // A text of a few letters is no secret, and taking it out would garble the sentence.
  return secrets
    .filter((secret) => secret.length >= 8)
    .reduce((safe, secret) => safe.replaceAll(secret, '[secret]'), text)
}
