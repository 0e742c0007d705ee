/**
 * `forget`: erases one person's number. It comes from stdin, or is asked for: what stands on a command line is kept in
 * shell histories and shown to everyone on the machine.
 */
import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import { readConfig } from '../../config/config.ts'
import { type ExitCode, exitCodes, InterruptedError, UsageError } from '../../errors.ts'
import { type Forgotten, forgetNumber, type Place } from '../../personal-data/forget.ts'
import { openNumberKeys } from '../../personal-data/open-number-keys.ts'
import { NumberKeyError } from '../../snapshot/number-key.ts'
import { readPhoneNumber, toPlainText } from '../../snapshot/phone-number.ts'
import { assertSchemaIsCurrent } from '../../store/migrate/migrate.ts'
import { print, printError } from '../../terminal/output.ts'
import { printable } from '../../text/printable.ts'
import { withDatabase } from '../open/database.ts'

export interface ForgetArguments {
  readonly suppress: boolean
  readonly dryRun: boolean
  readonly isNumberOnCommandLine: boolean
}

/** Exit code 0: it was erased and is nowhere any more. 65: it was not, or not wholly, and the message says why. */
export async function runForget(args: ForgetArguments): Promise<ExitCode> {
  const config = readConfig({ needsApiKey: false })
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
      if (forgotten.outcome === 'not_on_record' && isMoreThanOne(number)) throw new UsageError(oneNumber)
      const isErased = forgotten.outcome === 'erased' && forgotten.left.length === 0
      if (isErased) print(erasedInWords(forgotten, args).join('\n'))
      else printError(wordsFor[forgotten.outcome](forgotten, args).join('\n'))
      return isErased ? exitCodes.ok : exitCodes.data
    },
    { mayCreate: false, name: 'forget' },
  )
}

const oneNumber =
  'One phone number is needed on stdin, as Allo shows it, with its country code; how it is grouped does not matter. Nothing was changed.'

async function askForNumber(): Promise<string> {
  const number = (process.stdin.isTTY ? await prompt() : await text(process.stdin))
    .replace(/^\ufeff/, '')
    .trim()
  const isNumber = readPhoneNumber(number) !== null || /^sips?:\S|^\S+@\S+$/i.test(number)
  if (isNumber && !/[\r\n\u2028\u2029]/.test(number) && !hasSeveral(number)) return number
  throw new UsageError(oneNumber)
}

/** Two numbers with a sign between them, or each with its plus. */
function hasSeveral(text: string): boolean {
  const plain = toPlainText(text.replaceAll('\t', ',')).replace(/;[\w-]+=[^;\s]*/g, '')
  if (/^sips?:|@/i.test(plain) && !/\s/.test(plain)) return false
  return (
    /\+.*\+/.test(plain) || /\d[^\d]*(?:[,;|/&\\]|\s(?:or|and|und|et|y|ou|oder)\s)[^\d]*\d{5}/i.test(plain)
  )
}

/** No phone number has more than 15 digits: these may be two that only a blank is between. */
function isMoreThanOne(text: string): boolean {
  return (readPhoneNumber(text)?.digits.length ?? 0) > 15
}

async function prompt(): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question('Number to forget, with its country code: ')
  } catch (cause) {
    printError('')
    throw new InterruptedError('stopped; nothing was changed', { cause })
  } finally {
    terminal.close()
  }
}

type Words = (forgotten: Forgotten, args: ForgetArguments) => string[]

const wordsFor: Readonly<Record<Forgotten['outcome'], Words>> = {
  erased: leftInWords,
  refused: refusalInWords,
  unclear: unclearInWords,
  not_on_record: notOnRecordInWords,
}

function erasedInWords(forgotten: Forgotten, { dryRun }: ForgetArguments): string[] {
  const { stays, queues, otherRows, places, similar } = forgotten
  const beside = otherRows === 0 ? '' : ` and from ${count(otherRows, 'other row')}`
  return [
    `${dryRun ? 'Would erase' : 'Erased'} it from ${count(stays, 'stay')} in ${count(queues, 'queue')}${beside}. No count changes.`,
    ...(places.length > 0 ? ['It goes on, without its number, at', ...places.map(placeInWords)] : []),
    ...(similar.length > 0 ? [`Left alone, because it is another number: ${similar.join(', ')}.`] : []),
    nextInWords(forgotten),
    'Allo itself, backups, and what was exported still have it: docs/privacy.md.',
    ...(dryRun ? ['Nothing was changed.'] : []),
  ]
}

function nextInWords({ isSuppressed }: Forgotten): string {
  return isSuppressed
    ? 'It is suppressed: wherever it stands, it is mirrored without its number.'
    : 'If Allo shows it again, it is mirrored again; --suppress keeps it out.'
}

/** Erased, but for ids. */
function leftInWords(forgotten: Forgotten, args: ForgetArguments): string[] {
  return [
    ...erasedInWords(forgotten, args),
    `It is not gone: it is part of ids that lead to other rows, and those were left. They are in ${forgotten.left.join(', ')}.`,
  ]
}

function notOnRecordInWords(forgotten: Forgotten, { dryRun }: ForgetArguments): string[] {
  return [
    'This number is not on record: there was nothing to erase. Was it written with its country code?',
    nextInWords(forgotten),
    ...(dryRun ? ['Nothing was changed.'] : []),
  ]
}

function unclearInWords({ similar }: Forgotten): string[] {
  return [
    ...(similar.length > 0
      ? [
          `This very number is not on record, but ${count(similar.length, 'number')} like it: ${similar.join(', ')}.`,
        ]
      : ['It can’t be told which country this number is of.']),
    'Nothing was changed. Write it as Allo shows it: with its country code, and with its extension if it has one.',
  ]
}

function refusalInWords({ places, shownAs }: Forgotten): string[] {
  if (shownAs.length > 0) {
    return [
      `Allo shows it in ${shownAs.map(printable).join(', and in ')}, so the next reading would bring it back. Nothing was erased.`,
      'Change that in Allo, and come back after the next reading.',
    ]
  }
  return [
    'It stands in a queue that goes on, so the next reading would bring it back. Nothing was erased. It is at',
    ...places.map(placeInWords),
    'Remove it in Allo, and come back after the next reading. Or --suppress it: it is then mirrored without its number.',
  ]
}

function count(n: number, one: string): string {
  return `${n} ${n === 1 ? one : `${one}s`}`
}

function placeInWords({ position, queueName, queueId, teammateName, userId }: Place): string {
  const queue = queueName === null ? queueId : `${queueName} (${queueId})`
  const teammate = teammateName === null ? userId : `${teammateName} (${userId})`
  return `  ${printable(`position ${position} of queue ${queue} of ${teammate}`)}`
}
