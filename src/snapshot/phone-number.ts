/**
 * Parses the many spellings of phone numbers, to recognise the same number. Used only to find a number. Number keys use
 * letters and digits as they are, and that must not change (number-key.ts).
 */
import { parsePhoneNumberFromString } from 'libphonenumber-js/min'

export interface PhoneNumber {
  /** Country code and national number as ASCII digits, or, without a country code, the digits as written. */
  readonly digits: string
  /** The digits without the country code; all digits if the country code is unknown. */
  readonly national: string
  readonly extension: string
  /** Begins with +, 00 or 011. */
  readonly isInternational: boolean
}

/** Null: not a phone number, for example a name or `sip:alex@example.com`. */
export function readPhoneNumber(text: string): PhoneNumber | null {
  const address = addressOf(toPlainText(text))
  if (address === null) return null
  const { main, extension } = splitExtension(address)
  const dialled = dialledOf(main)
  const digits = dialled.replace(/[^0-9]/g, '')
  if (digits.length < 3) return null
  const isInternational = dialled.startsWith('+')
  // The library knows for which countries the zero is dropped (+33 (0)6) and for which it is kept (+39 06).
  const parsed = isInternational ? parsePhoneNumberFromString(dialled, { extract: false }) : undefined
  return {
    digits: parsed?.number.slice(1) ?? digits,
    national: parsed?.nationalNumber ?? digits.replace(/^0+/, ''),
    extension,
    isInternational,
  }
}

/** Converts compatibility forms and digits of every script to ASCII, and removes invisible characters. */
export function toPlainText(text: string): string {
  const plain = text
    .normalize('NFKC')
    .replace(/\p{Cf}|\p{Cc}|\p{Zl}|\p{Zp}|\u034f|\u115f|\u1160|\u3164/gu, '')
    .trim()
  return /[^\p{ASCII}]/u.test(plain) ? plain.replace(/\p{Nd}/gu, digitOf).replace(/\p{Zs}/gu, ' ') : plain
}

/** In Unicode, decimal digits come in groups of ten, in order. Groups can follow each other without a gap. */
function digitOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  let zero = code
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1
  return String((code - zero) % 10)
}

/** The dialled part of a `tel:` or `sip:` address; null: the address has no number. */
function addressOf(text: string): string | null {
  const address = text.replace(/[<>]/g, '').replaceAll(/%2b/gi, '+')
  const sip = /^(?:sips?:)?([^@]*)@/i.exec(address) ?? /^sips?:([^;?]*)/i.exec(address)
  if (sip !== null) {
    const [, user = ''] = sip
    return /^\+?[\d().\- ]{3,}(?:;.*)?$/.test(user) ? user : null
  }
  const tel = /^(?:tel|callto|sms|fax):(?:\/\/)?(.*)/i.exec(address)?.[1] ?? address
  const context = /;phone-context=(\+[\d.-]+)/i.exec(tel)?.[1]
  return context === undefined ? tel : `${context}${tel}`
}

const extensionAtTheEnd =
  /(?:;\s*(?:ext|isub)=|[\s,;]*(?:#|\bext(?:ension|n)?\b\.?|x)\s*[:.]?\s*)(\d{1,9})\s*$/i

function splitExtension(address: string): { main: string; extension: string } {
  const withoutContext = address.replace(/;phone-context=[^;]*/i, '')
  const extension = extensionAtTheEnd.exec(withoutContext)
  const main = extension === null ? withoutContext : withoutContext.slice(0, extension.index)
  return { main: main.replace(/;.*/, ''), extension: extension?.[1] ?? '' }
}

/** The digits, with a leading + if they begin with a country code. Letters become digits as on a phone keypad. */
function dialledOf(main: string): string {
  const isVanity = /^[+(]*\d/.test(main) && /[a-z]/i.test(main)
  const keyed = isVanity ? main.toUpperCase().replace(/[A-Z]/g, keyOf) : main
  if (!isVanity && /\p{L}/u.test(main)) return ''
  const digits = keyed.replace(/[^0-9]/g, '')
  if (keyed.startsWith('+')) return `+${digits}`
  const international = /^(?:00|011)([1-9]\d{6,14})$/.exec(digits)?.[1]
  return international === undefined ? digits : `+${international}`
}

function keyOf(letter: string): string {
  return '22233344455566677778889999'[letter.charCodeAt(0) - 65] ?? ''
}

/** Probable spellings of this number when its number key was made. */
export function likelySpellings({ digits, national, extension, isInternational }: PhoneNumber): string[] {
  const country = digits.endsWith(national) ? digits.slice(0, digits.length - national.length) : ''
  const mains = isInternational ? [digits, `${country}0${national}`, `00${digits}`, `011${digits}`] : [digits]
  const whole =
    extension === '' ? mains : mains.flatMap((main) => [`${main}x${extension}`, `${main}ext${extension}`])
  // A number key treats digits of other scripts as different characters.
  return whole.flatMap((text) => [text, ...zeros.map((zero) => inScript(text, zero))])
}

/** Arabic-Indic, Persian, Devanagari, full-width. */
const zeros = [0x0660, 0x06f0, 0x0966, 0xff10]

function inScript(text: string, zero: number): string {
  return text.replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)))
}

/** The normalised spelling. */
export function oneSpelling({ digits, extension }: PhoneNumber): string {
  return extension === '' ? digits : `${digits}x${extension}`
}

/** Whether its country is known: it has a +, or its digits begin with a country code. */
export function hasCountryCode({ digits, isInternational }: PhoneNumber): boolean {
  return isInternational || parsePhoneNumberFromString(`+${digits}`)?.isPossible() === true
}

export type Likeness = 'same' | 'similar' | 'other'

/** `same`: certainly one number. `similar`: only the extension differs, or one of them has no country code. */
export function compare(a: PhoneNumber, b: PhoneNumber): Likeness {
  if (a.digits === b.digits) return a.extension === b.extension ? 'same' : 'similar'
  return isLocalFormOf(a, b) || isLocalFormOf(b, a) ? 'similar' : 'other'
}

function isLocalFormOf({ national, isInternational }: PhoneNumber, { digits }: PhoneNumber): boolean {
  return !isInternational && national.length >= 6 && digits.endsWith(national)
}
