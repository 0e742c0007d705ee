/** All output of commands. Only this file writes to stdout and stderr, so that no text from outside controls a terminal. */
import { mask } from '../logger.ts'
import { printableJson, printableLines } from '../text/printable.ts'

export function print(text: string): void {
  process.stdout.write(`${printableLines(text)}\n`)
}

export function printError(text: string): void {
  process.stderr.write(`${printableLines(text)}\n`)
}

/** Prints one object on one line, without the secrets and without phone numbers. */
export function printJson(value: object, secrets: readonly string[]): void {
  process.stdout.write(`${printableJson(mask(JSON.stringify(value), secrets))}\n`)
}
