/**
 * `forget`: erases one person's number. It reads the number from stdin or asks for it, because command lines are kept
 * in shell histories and visible to every user of the machine.
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
import { counted } from '../../text/counted.ts'
import { printable } from '../../text/printable.ts'
import { withDatabase } from '../open/database.ts'

export interface ForgetArguments {
  readonly suppress: boolean
  readonly dryRun: boolean
  readonly isNumberOnCommandLine: boolean
}

/** Exit code 0: erased everywhere. 65: not erased, or not everywhere; the message gives the reason. */
export async function runForget(args: ForgetArguments): Promise<ExitCode> {
  const config = readConfig({ needsApiKey: false })
  if (args.isNumberOnCommandLine) {
    throw new UsageError(
      'The number is read from stdin, or asked for: on the command line your shell would keep it in its history.',
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
          '--suppress needs a NUMBER_KEY that is in use: set it for every process that reads queues, and restart them',
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
  'One phone number is needed on stdin, as Allo shows it, with its country code; spaces and signs do not matter. Nothing was changed.'

async function askForNumber(): Promise<string> {
  const number = (process.stdin.isTTY ? await prompt() : await text(process.stdin))
    .replace(/^\ufeff/, '')
    .trim()
  const isNumber = readPhoneNumber(number) !== null || /^sips?:\S|^\S+@\S+$/i.test(number)
  if (isNumber && !/[\r\n\u2028\u2029]/.test(number) && !hasSeveral(number)) return number
  throw new UsageError(oneNumber)
}

/** Whether the text has two numbers: with a separator between them, or each with a plus. */
function hasSeveral(text: string): boolean {
  const plain = toPlainText(text.replaceAll('\t', ',')).replace(/;[\w-]+=[^;\s]*/g, '')
  if (/^sips?:|@/i.test(plain) && !/\s/.test(plain)) return false
  return (
    /\+.*\+/.test(plain) || /\d[^\d]*(?:[,;|/&\\]|\s(?:or|and|und|et|y|ou|oder)\s)[^\d]*\d{5}/i.test(plain)
  )
}

/** A phone number has at most 15 digits. More may be two numbers with only a blank between them. */
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
  const beside = otherRows === 0 ? '' : ` and from ${counted(otherRows, 'other row')}`
  return [
    `${dryRun ? 'Would erase' : 'Erased'} it from ${counted(stays, 'entry', 'entries')} in ${counted(queues, 'queue')}${beside}. No count changes.`,
    ...(places.length > 0
      ? ['It stays in these places, without its phone number:', ...places.map(placeInWords)]
      : []),
    ...(similar.length > 0 ? [`Not erased, because these are other numbers: ${similar.join(', ')}.`] : []),
    nextInWords(forgotten),
    'Allo itself, backups and exports still have it: see docs/privacy.md.',
    ...(dryRun ? ['Nothing was changed.'] : []),
  ]
}

function nextInWords({ isSuppressed }: Forgotten): string {
  return isSuppressed
    ? 'It is suppressed: from now on it is mirrored without its phone number.'
    : 'If Allo shows it again, it is mirrored again; --suppress prevents that.'
}

/** Erased, except in ids. */
function leftInWords(forgotten: Forgotten, args: ForgetArguments): string[] {
  return [
    ...erasedInWords(forgotten, args),
    `It is still stored in ids that other rows refer to: ${forgotten.left.join(', ')}.`,
  ]
}

function notOnRecordInWords(forgotten: Forgotten, { dryRun }: ForgetArguments): string[] {
  return [
    'This number is not on record: there was nothing to erase. Check that it has its country code.',
    nextInWords(forgotten),
    ...(dryRun ? ['Nothing was changed.'] : []),
  ]
}

function unclearInWords({ similar }: Forgotten): string[] {
  return [
    ...(similar.length > 0
      ? [
          `This number is not on record, but ${counted(similar.length, 'similar number')}: ${similar.join(', ')}.`,
        ]
      : ['The country of this number is unclear.']),
    'Nothing was changed. Write it as Allo shows it: with its country code, and with its extension if it has one.',
  ]
}

function refusalInWords({ places, shownAs }: Forgotten): string[] {
  if (shownAs.length > 0) {
    return [
      `Allo shows it in ${shownAs.map(printable).join(', and in ')}, so the next reading would bring it back. Nothing was erased.`,
      'Change that in Allo, and run this again after the next reading.',
    ]
  }
  return [
    'It is in a current or unknown queue, so the next reading would bring it back. Nothing was erased. Its places:',
    ...places.map(placeInWords),
    'Remove it in Allo, and run this again after the next reading. Or use --suppress: it is then mirrored without its phone number.',
  ]
}

function placeInWords({ position, queueName, queueId, teammateName, userId }: Place): string {
  const queue = queueName === null ? queueId : `${queueName} (${queueId})`
  const teammate = teammateName === null ? userId : `${teammateName} (${userId})`
  return `  ${printable(`position ${position} of queue ${queue} of ${teammate}`)}`
}
