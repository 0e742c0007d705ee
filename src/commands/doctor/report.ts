/** Prints the results of doctor line by line, and derives the exit code from them. */

import { type ExitCode, exitCodes, InterruptedError } from '../../errors.ts'
import { toMirrorError } from '../../foreign-errors.ts'
import { mask } from '../../logger.ts'
import { sentenceOf } from '../../terminal/describe-error.ts'
import { counted } from '../../text/counted.ts'
import { printable } from '../../text/printable.ts'

export interface Report {
  section(title: string): void
  /** For lines about this subject. */
  about(subject: string): Subject
  /** An error that `inspect` throws is reported as wrong, and the result is null. Rethrows only an InterruptedError. */
  check<T>(subject: string, inspect: (about: Subject) => Promise<T>): Promise<T | null>
  /** Prints the number of errors and warnings. Of several exit codes, returns the one that needs a person most. */
  finish(): ExitCode
}

/** Each method prints a line. */
export interface Subject {
  right(says: string): void
  /** It works, but may not be intended. */
  warning(says: string): void
  wrong(says: string, exitCode?: ExitCode): void
  /** Not checked, because of an earlier error. */
  skipped(why: string): void
}

const gravest: readonly ExitCode[] = [exitCodes.bug, exitCodes.configuration, exitCodes.tryAgain]

/** Masks the secrets in every line. */
export function createReport(write: (line: string) => void, secrets: readonly string[]): Report {
  const print = (line: string) => write(mask(line, secrets))
  const wrongs: ExitCode[] = []
  let warnings = 0
  const line = (mark: string, subject: string, says: string) => {
    const [first = '', ...more] = says.split('\n')
    print(`  ${mark} ${subject.padEnd(12)} ${printable(first)}`)
    for (const text of more) print(`    ${' '.repeat(12)} ${printable(text)}`)
  }
  const about = (subject: string): Subject => ({
    right: (says) => line('✓', subject, says),
    warning(says) {
      warnings += 1
      line('!', subject, says)
    },
    wrong(says, exitCode = exitCodes.configuration) {
      wrongs.push(exitCode)
      line('✗', subject, says)
    },
    skipped: (why) => line('–', subject, why),
  })
  return {
    section: (title) => print(printable(title)),
    about,
    async check(subject, inspect) {
      try {
        return await inspect(about(subject))
      } catch (error) {
        if (error instanceof InterruptedError) throw error
        about(subject).wrong(sentenceOf(error, secrets), toMirrorError(error).exitCode)
        return null
      }
    },
    finish() {
      const also = warnings > 0 ? `, ${counted(warnings, 'warning')} (!)` : ''
      if (wrongs.length === 0) print(`Nothing is wrong${also}.`)
      else print(`${counted(wrongs.length, 'error')} (✗)${also}.`)
      return gravest.find((exitCode) => wrongs.includes(exitCode)) ?? exitCodes.ok
    },
  }
}
