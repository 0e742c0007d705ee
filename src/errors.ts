/**
 * The base of all errors of the program. Its fields are the one ladder from a throw to what it means outside:
 *
 *   throw ──▶ message      for a person: what is wrong, and the way out
 *         ──▶ code         a stable word for audit rows, logs and --json
 *         ──▶ exitCode     of the process, when nothing catches it
 *         ──▶ retryable    whether BullMQ and the start of the worker try again
 *
 * foreign-errors.ts makes such an error of what the Postgres driver, the operating system or a bug throws.
 */

export const exitCodes = {
  ok: 0,
  usage: 64,
  data: 65,
  bug: 70,
  tryAgain: 75,
  configuration: 78,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What they mean, in Markdown. The table of the README and `--help` are made of it. */
export const exitCodeList: readonly { readonly code: ExitCode; readonly meaning: string }[] = [
  {
    code: exitCodes.ok,
    meaning: 'success: all requested teammates were read (a teammate unknown to Allo counts as read)',
  },
  { code: exitCodes.usage, meaning: 'wrong usage' },
  {
    code: exitCodes.data,
    meaning:
      'a problem in the data. `check`: a data check failed. `import`: the file is damaged, incomplete or no export. `forget`: the number was not erased; the message says why',
  },
  { code: exitCodes.bug, meaning: 'a bug in this program; `LOG_LEVEL=debug` shows where' },
  { code: exitCodes.tryAgain, meaning: 'temporary or partial failure: try again' },
  {
    code: exitCodes.configuration,
    meaning: 'configuration or credentials: change something before you restart',
  },
]

export abstract class MirrorError extends Error {
  override readonly name: string = this.constructor.name
  abstract readonly code: string
  /**
   * When in doubt, `tryAgain`: taking a passing fault for a permanent one is the worse mistake, because a supervisor
   * would leave us down for good.
   */
  abstract readonly exitCode: ExitCode
  /** The same call, repeated soon with nothing changed on our side, may succeed. */
  readonly retryable: boolean = false
  /** Of Allo's answer, for their support. */
  readonly requestId: string | null = null
  /** The message has several lines on purpose. Line breaks in any other came from outside and are not shown. */
  readonly isMultiline: boolean = false

  /** A sentence that follows the message where a person reads it. */
  get advice(): string | null {
    return null
  }
}

/** What was typed can't be done; the message says what can. */
export class UsageError extends MirrorError {
  readonly code = 'usage'
  readonly exitCode = exitCodes.usage
}

/** A signal asked us to stop; what was saved stays. */
export class InterruptedError extends MirrorError {
  readonly code = 'interrupted'
  readonly exitCode = exitCodes.tryAgain
}

/** As it was said: not masked, and of any length. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** `ENOENT`, or the code a library gave its error; null: none. */
export function foreignCodeOf(thrown: unknown): string | null {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : null
}
