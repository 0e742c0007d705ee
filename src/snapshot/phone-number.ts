/**
 * Phone numbers in the many ways they are written, so that the same number is known again. For finding a number only:
 * number keys count letters and digits as they stand, and that must not change (number-key.ts).
 */
import { parsePhoneNumberFromString } from 'libphonenumber-js/min'

export interface PhoneNumber {
  /** Country code and national number as ASCII digits, or, without a country code, the digits as written. */
  readonly digits: string
  /** The digits without the country code; all of them where no country code is known. */
  readonly national: string
  readonly extension: string
  /** Begins with +, 00 or 011. */
  readonly isInternational: boolean
}

/** Null: this is no phone number, but may be a name or the address of one (`sip:alex@example.com`). */
export function readPhoneNumber(text: string): PhoneNumber | null {
  const address = addressOf(toPlainText(text))
  if (address === null) return null
  const { main, extension } = splitExtension(address)
  const dialled = dialledOf(main)
  const digits = dialled.replace(/[^0-9]/g, '')
  if (digits.length < 3) return null
  const isInternational = dialled.startsWith('+')
  // Knows where a zero is dropped, as in +33 (0)6, and where it belongs to the number, as in +39 06.
  const parsed = isInternational ? parsePhoneNumberFromString(dialled, { extract: false }) : undefined
  return {
    digits: parsed?.number.slice(1) ?? digits,
    national: parsed?.nationalNumber ?? digits.replace(/^0+/, ''),
    extension,
    isInternational,
  }
}

/** Compatibility forms and digits of every script as ASCII, without characters that can't be seen. */
export function toPlainText(text: string): string {
  const plain = text
    .normalize('NFKC')
    .replace(/\p{Cf}|\p{Cc}|\p{Zl}|\p{Zp}|\u034f|\u115f|\u1160|\u3164/gu, '')
    .trim()
  return /[^\p{ASCII}]/u.test(plain) ? plain.replace(/\p{Nd}/gu, digitOf).replace(/\p{Zs}/gu, ' ') : plain
}

/** Decimal digits stand in groups of ten, in order. */
function digitOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  let zero = code
  while (code - zero < 10 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1
  return String((code - zero) % 10)
}

/** What is dialled, out of a `tel:` or `sip:` address; null for the address of something else. */
function addressOf(text: string): string | null {
  const address = text.replace(/^<|>$/g, '').replaceAll(/%2b/gi, '+')
  const sip = /^(?:sips?:)?([^@]*)@/i.exec(address) ?? /^sips?:([^;?]*)/i.exec(address)
  if (sip !== null) {
    const [, user = ''] = sip
    return /^\+?[\d().\- ]{3,}(?:;.*)?$/.test(user) ? user : null
  }
  const tel = /^(?:tel|callto|sms|fax):(?:\/\/)?(.*)$/i.exec(address)?.[1] ?? address
  const context = /;phone-context=(\+[\d.-]+)/i.exec(tel)?.[1]
  return context === undefined ? tel : `${context}${tel}`
}

const extensionAtTheEnd =
  /(?:;\s*(?:ext|isub)=|[\s,;]*(?:#|\bext(?:ension|n)?\b\.?|x)\s*[:.]?\s*|(?<=\d)x)(\d{1,9})\s*$/i

function splitExtension(address: string): { main: string; extension: string } {
  const withoutContext = address.replace(/;phone-context=[^;]*/i, '')
  const extension = extensionAtTheEnd.exec(withoutContext)
  const main = extension === null ? withoutContext : withoutContext.slice(0, extension.index)
  return { main: main.replace(/;.*$/, ''), extension: extension?.[1] ?? '' }
}

/** Digits, with a + in front where they begin with a country code; letters as on the keys of a phone. */
function dialledOf(main: string): string {
  const isVanity = /^[+(]*\d/.test(main) && /[a-z]/i.test(main)
  const keyed = isVanity ? main.toUpperCase().replace(/[A-Z]/g, keyOf) : main
  if (!isVanity && /\p{L}/u.test(main)) return ''
  const plain = keyed.replace(/(?!^)\+/g, '')
  if (plain.startsWith('+')) return `+${plain.replace(/[^0-9]/g, '')}`
  const digits = plain.replace(/[^0-9]/g, '')
  const international = /^(?:00|011)([1-9]\d{6,14})$/.exec(digits)?.[1]
  return international === undefined ? digits : `+${international}`
}

function keyOf(letter: string): string {
  return '22233344455566677778889999'[letter.charCodeAt(0) - 65] ?? ''
}

/** The ways in which this number may have been written when its number key was made. */
export function likelySpellings({ digits, national, extension, isInternational }: PhoneNumber): string[] {
  const country = digits.endsWith(national) ? digits.slice(0, digits.length - national.length) : ''
  const mains = isInternational ? [digits, `${country}0${national}`, `00${digits}`, `011${digits}`] : [digits]
  const whole =
    extension === '' ? mains : mains.flatMap((main) => [`${main}x${extension}`, `${main}ext${extension}`])
  // Number keys take digits of other scripts for other characters.
  return whole.flatMap((text) => [text, ...zeros.map((zero) => inScript(text, zero))])
}

/** Arabic-Indic, Persian, Devanagari, full-width. */
const zeros = [0x0660, 0x06f0, 0x0966, 0xff10]

function inScript(text: string, zero: number): string {
  return text.replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit)))
}

/** The number in one way of writing it, for numbers that came in several. */
export function oneSpelling({ digits, extension }: PhoneNumber): string {
  return extension === '' ? digits : `${digits}x${extension}`
}

/** Whether it can be told which country it is of: a + was written, or the digits begin with a country code. */
export function hasCountryCode({ digits, isInternational }: PhoneNumber): boolean {
  return isInternational || parsePhoneNumberFromString(`+${digits}`)?.isPossible() === true
}

export type Likeness = 'same' | 'similar' | 'other'

/**
 * `same` numbers are one beyond doubt. `similar` are those of which only the extension differs, or of which one was
 * written without its country code.
 */
export function compare(a: PhoneNumber, b: PhoneNumber): Likeness {
  if (a.digits === b.digits) return a.extension === b.extension ? 'same' : 'similar'
  const [short, long] = a.digits.length < b.digits.length ? [a, b] : [b, a]
  const isWithoutCountry = !short.isInternational && short.national.length >= 6
  return isWithoutCountry && long.digits.endsWith(short.national) ? 'similar' : 'other'
}
