/** Removes one phone number from other texts: names, messages, ids. Pure. */
import { comparableNumber } from './number-key.ts'
import { type PhoneNumber, readPhoneNumber, toPlainText } from './phone-number.ts'

export interface Redactor {
  /** The text without the number; the same text if it does not contain it. */
  redact(text: string): string
  /** Digits or letters that every text with the number contains, after everything else is removed from it. */
  readonly cores: readonly string[]
}

/** Fewer digits would occur by chance in ids and dates. */
const FEWEST_DIGITS = 7

/** Null: the number is too short to be searched for in texts. */
export function createRedactor(spellings: readonly string[]): Redactor | null {
  const phones = spellings.flatMap((text) => readPhoneNumber(text) ?? [])
  const long = phones.filter(({ digits }) => digits.length >= FEWEST_DIGITS)
  const words = spellings
    .map(lettersAndDigits)
    .filter((word) => /[A-Z]/.test(word) && word.length >= FEWEST_DIGITS)
  if (long.length === 0 && words.length === 0) return null
  return {
    redact: (text) => {
      const plain = toPlainText(text)
      if (words.some((word) => lettersAndDigits(plain).includes(word))) return '[number]'
      const redacted = plain.replace(digitGroups, (run) => redactRun(run, long))
      return redacted === plain ? text : redacted
    },
    cores: [
      ...new Set([
        ...long.map(({ national, digits }) => (national.length >= FEWEST_DIGITS ? national : digits)),
        ...words,
      ]),
    ],
  }
}

const digitGroups = /\+?\d(?:[\s().\-/_:·・‐-―]*\d){6,}/gu

/** In a run of digits, the number occurs with its country code; without it, only as the complete run. */
function redactRun(run: string, phones: readonly PhoneNumber[]): string {
  const digits = run.replace(/\D/g, '')
  for (const { digits: whole, national } of phones) {
    const isNational =
      national.length >= FEWEST_DIGITS && ['', '0', '1'].some((trunk) => digits === trunk + national)
    if (isNational || isPhone(run, whole)) return '[number]'
    const at = digits.indexOf(whole)
    if (at >= 0) return `${upTo(run, at)}[number]${from(run, at + whole.length)}`
  }
  return run
}

function isPhone(run: string, digits: string): boolean {
  return readPhoneNumber(run)?.digits === digits
}

/** The part of a run before digit `index`, and the part from it on. */
function upTo(run: string, index: number): string {
  return run.slice(0, placeOf(run, index))
}
function from(run: string, index: number): string {
  return run.slice(placeOf(run, index))
}
function placeOf(run: string, index: number): number {
  const places = [...run.matchAll(/\d/g)].map((digit) => digit.index)
  return places[index] ?? run.length
}

function lettersAndDigits(text: string): string {
  return comparableNumber(toPlainText(text)).toUpperCase()
}
