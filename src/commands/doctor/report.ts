/** What doctor found, line by line as it finds it, and the exit code that follows from all of it. */

import { type ExitCode, exitCodes, InterruptedError } from '../../errors.ts'
import { toMirrorError } from '../../foreign-errors.ts'
import { mask } from '../../logger.ts'
import { sentenceOf } from '../../terminal/describe-error.ts'
import { printable } from '../../text/printable.ts'

export interface Report {
  section(title: string): void
  right(subject: string, says: string): void
  /** Works, but may not be what was meant. */
  warning(subject: string, says: string): void
  wrong(subject: string, says: string, exitCode?: ExitCode): void
  /** Could not be looked at, because of something above that is wrong. */
  skipped(subject: string, why: string): void
  /** What `look` throws is what is wrong; null then. Only an interruption passes. */
  check<T>(subject: string, look: () => Promise<T>): Promise<T | null>
  /** Says how many things are wrong. Of several exit codes the one that needs a person goes first. */
  finish(): ExitCode
}

const gravest: readonly ExitCode[] = [exitCodes.bug, exitCodes.configuration, exitCodes.tryAgain]

/** No line holds one of the secrets. */
export function createReport(write: (line: string) => void, secrets: readonly string[]): Report {
  const print = (line: string) => write(mask(line, secrets))
  const wrongs: ExitCode[] = []
  let warnings = 0
  const line = (mark: string, subject: string, says: string) => {
    const [first = '', ...more] = says.split('\n')
    print(`  ${mark} ${subject.padEnd(12)} ${printable(first)}`)
    for (const text of more) print(`    ${' '.repeat(12)} ${printable(text)}`)
  }
  const wrong = (subject: string, says: string, exitCode: ExitCode = exitCodes.configuration) => {
    wrongs.push(exitCode)
    line('✗', subject, says)
  }
  return {
    section: (title) => print(printable(title)),
    right: (subject, says) => line('✓', subject, says),
    warning(subject, says) {
      warnings += 1
      line('!', subject, says)
    },
    wrong,
    skipped: (subject, why) => line('–', subject, why),
    async check(subject, look) {
      try {
        return await look()
      } catch (error) {
        if (error instanceof InterruptedError) throw error
        wrong(subject, sentenceOf(error, secrets), toMirrorError(error).exitCode)
        return null
      }
    },
    finish() {
      const also = warnings > 0 ? `, ${warnings} to look at (!)` : ''
      if (wrongs.length === 0) print(`Nothing is wrong${also}.`)
      else print(`${wrongs.length} ${wrongs.length === 1 ? 'thing is' : 'things are'} wrong (✗)${also}.`)
      return gravest.find((exitCode) => wrongs.includes(exitCode)) ?? exitCodes.ok
    },
  }
}
