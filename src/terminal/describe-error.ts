/**
 * Describes an error to a person. An expected error says what to do; a bug says that it is a bug. The stack is shown with
 * `debug` only. Secrets and phone numbers are masked in all texts.
 */
import { toQuotable } from '../allo/text.ts'
import { exitCodes } from '../errors.ts'
import { toMirrorError } from '../foreign-errors.ts'
import type { Failure } from '../json-output.ts'
import { mask } from '../logger.ts'
import { printable, printableLines } from '../text/printable.ts'

export interface Shown {
  readonly debug: boolean
  /** Masked in all texts. */
  readonly secrets: readonly string[]
}

export function describeError(thrown: unknown, { debug, secrets }: Shown): string {
  const lines = [sentenceOf(thrown, secrets)]
  if (debug) lines.push(...traceOf(thrown, secrets))
  else if (toMirrorError(thrown).exitCode === exitCodes.bug) {
    lines.push('LOG_LEVEL=debug shows where it happened. Please report it with that.')
  }
  return mask(lines.join('\n'), secrets)
}

/** Begins with a capital letter. Masks before it truncates, because half a secret would not be found. */
export function sentenceOf(thrown: unknown, secrets: readonly string[]): string {
  const { message, exitCode, isMultiline, advice } = toMirrorError(thrown)
  const masked = mask(message, secrets)
  const said = isMultiline ? printableLines(masked) : printable(masked)
  if (exitCode === exitCodes.bug) return `This is a bug of allo-queue-mirror: ${toQuotable(said)}`
  const sentence = said.slice(0, 1).toUpperCase() + said.slice(1)
  return advice === null ? sentence : `${sentence}. ${advice}`
}

/** As JSON output has it. */
export function failureOf(thrown: unknown, secrets: readonly string[]): Failure {
  const { code, requestId } = toMirrorError(thrown)
  return { code, message: sentenceOf(thrown, secrets), request_id: requestId }
}

/** The stack frames of the error and of its causes. */
function traceOf(error: unknown, secrets: readonly string[]): string[] {
  const lines: string[] = []
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    lines.push(depth === 0 ? at.name : `because of ${at.name}: ${toQuotable(mask(at.message, secrets))}`)
    lines.push(...(at.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)))
  }
  return lines
}
