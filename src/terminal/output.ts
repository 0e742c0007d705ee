/** All output of commands. Only this file writes to stdout and stderr, so that no text from outside controls a terminal. */
import { printableJson, printableLines } from '../text/printable.ts'

export function print(text: string): void {
  process.stdout.write(`${printableLines(text)}\n`)
}

export function printError(text: string): void {
  process.stderr.write(`${printableLines(text)}\n`)
}

/** Prints one object on one line. `mask` hides secrets in the text. */
export function printJson(value: object, mask: (text: string) => string): void {
  process.stdout.write(`${printableJson(mask(JSON.stringify(value)))}\n`)
}
