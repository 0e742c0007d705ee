/**
 * `forget`: erases one person's number. It comes from stdin, or is asked for: what stands on a command line is kept in
 * shell histories and shown to everyone on the machine.
 */
import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import type { Config } from '../config.ts'
import { type ExitCode, exitCodes, UsageError } from '../exit-code.ts'
import { InterruptedError } from '../pass/failure.ts'
import { type Forgotten, forgetNumber, type Place } from '../personal-data/forget.ts'
import { openNumberKeys } from '../personal-data/open-number-keys.ts'
import { comparableNumber, NumberKeyError } from '../snapshot/number-key.ts'
import { assertSchemaIsCurrent } from '../store/migrate.ts'
import { printable } from '../terminal/printable.ts'
import { withDatabase } from './open.ts'

export interface ForgetArguments {
  readonly suppress: boolean
  readonly dryRun: boolean
  readonly isNumberOnCommandLine: boolean
}

const FEWEST_DIGITS = 5

/** Exit code: refused when it stands in a queue that goes on. */
export async function runForget(config: Config, args: ForgetArguments): Promise<ExitCode> {
  if (args.isNumberOnCommandLine) {
    throw new UsageError(
      'The number is read from stdin, or asked for: on the command line it would stay in the history of your shell.',
    )
  }
  const number = await askForNumber()
  return withDatabase(
    config,
    async (database) => {
      await assertSchemaIsCurrent(database.pool)
      const numberKeys = await openNumberKeys(config, database, {
        mayWrite: args.suppress && !args.dryRun,
      })
      if (args.suppress && numberKeys === null) {
        throw new NumberKeyError(
          '--suppress needs a NUMBER_KEY that is in use: set it for every process that reads queues, and start them anew',
        )
      }
      const forgotten = await forgetNumber(database.pool, { number, numberKeys, ...args })
      if (!forgotten.isRefused) console.log(inWords(forgotten, args).join('\n'))
      else console.error(refusalInWords(forgotten.places).join('\n'))
      return forgotten.isRefused ? exitCodes.data : exitCodes.ok
    },
    { mayCreate: false, name: 'forget' },
  )
}

async function askForNumber(): Promise<string> {
  const number = (process.stdin.isTTY ? await prompt() : await text(process.stdin)).trim()
  const digits = comparableNumber(number).replace(/[^0-9]/g, '').length
  if (!number.includes('\n') && digits >= FEWEST_DIGITS) return number
  throw new UsageError(
    'One phone number is needed on stdin, as Allo shows it, with its country code; how it is grouped does not matter.',
  )
}

async function prompt(): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question('Number to forget, with its country code: ')
  } catch (cause) {
    console.error()
    throw new InterruptedError('stopped; nothing was changed', { cause })
  } finally {
    terminal.close()
  }
}

function inWords({ stays, queues, places, isSuppressed }: Forgotten, { dryRun }: ForgetArguments): string[] {
  const erased =
    stays === 0
      ? 'This number is not on record: there is nothing to erase. Was it written with its country code?'
      : `${dryRun ? 'Would erase' : 'Erased'} it from ${stays} ${stays === 1 ? 'stay' : 'stays'} in ${queues} ${queues === 1 ? 'queue' : 'queues'}. No count changes.`
  const next = isSuppressed
    ? 'It is suppressed: wherever it stands, it is mirrored without its number.'
    : 'If Allo shows it again, it is mirrored again; --suppress keeps it out.'
  return [
    erased,
    ...(places.length > 0 ? ['It goes on, without its number, at', ...places.map(placeInWords)] : []),
    next,
    'Allo itself, backups, and what was exported still have it: docs/privacy.md.',
    ...(dryRun ? ['Nothing was changed.'] : []),
  ]
}

function refusalInWords(places: readonly Place[]): string[] {
  return [
    'It stands in a queue that goes on, so the next reading would bring it back. Nothing was erased. It is at',
    ...places.map(placeInWords),
    'Remove it in Allo, and come back after the next reading. Or --suppress it: it is then mirrored without its number.',
  ]
}

function placeInWords({ position, queueName, queueId, teammateName, userId }: Place): string {
  const queue = queueName === null ? queueId : `${printable(queueName)} (${queueId})`
  const teammate = teammateName === null ? userId : `${printable(teammateName)} (${userId})`
  return `  position ${position} of queue ${queue} of ${teammate}`
}
