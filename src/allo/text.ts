/**
 * Text that Postgres can store. It refuses NUL everywhere and lone surrogates in JSON and UTF-8; Allo's names are
 * typed by people and imported from spreadsheets, so both can come. A replaced character is a smaller loss than a
 * row, or a whole queue, that can't be saved.
 */

/** With the `u` flag a surrogate *pair* is one character: this matches lone halves only. */
const unstorable = /[\0\p{Surrogate}]/u
const everyUnstorable = /[\0\p{Surrogate}]/gu

/** Deeper than any real answer, and far below the recursion limits of Node and Postgres. */
const deepestExtra = 64

export function isStorable(text: string): boolean {
  return !unstorable.test(text)
}

/** Whether no character was lost. Invalid UTF-8 is U+FFFD at this point. */
export function isIntact(text: string): boolean {
  return isStorable(text) && !text.includes('\u{fffd}')
}

/** NUL and lone surrogates become U+FFFD. Returns the same text when there are none. */
export function toStorableText(text: string): string {
  return unstorable.test(text) ? text.replace(everyUnstorable, '\u{fffd}') : text
}

/**
 * A parsed JSON value with every text in it, keys included, made storable. `onChange` is called for each replacement.
 * Keys such as `__proto__` stay ordinary keys.
 */
export function toStorableJson(value: unknown, onChange: (what: string) => void, depth = 0): unknown {
  if (typeof value === 'string') {
    if (isStorable(value)) return value
    onChange(replacedCharacters)
    return toStorableText(value)
  }
  if (typeof value !== 'object' || value === null) return value
  if (depth >= deepestExtra) {
    onChange(`nested deeper than ${deepestExtra} levels, the rest was dropped`)
    return null
  }
  if (Array.isArray(value)) return value.map((item) => toStorableJson(item, onChange, depth + 1))
  // fromEntries defines properties; assigning `copy[key]` would let a `__proto__` key change the prototype.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (!isStorable(key)) onChange(replacedCharacters)
      return [toStorableText(key), toStorableJson(item, onChange, depth + 1)]
    }),
  )
}

export const replacedCharacters = 'characters that Postgres cannot store were replaced'

/** Whether it looks like a constant or a field name. Any other text could be a person's name or phone number. */
export function isPlainWord(text: string): boolean {
  return /^[A-Z0-9_]{1,40}$/i.test(text) && text.replace(/[^0-9]/g, '').length <= 3
}

/** Prepares a server's sentence for our messages: one line, no long numbers or keys, at most 200 characters. */
export function toQuotable(text: string): string {
  const oneLine = toStorableText(text.slice(0, 2000))
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
  const masked = oneLine
    .replace(/\bak_[\w-]+/gi, '[key]')
    .replace(/\S+@\S+/g, '[email]')
    // Also numbers written in groups, (212) 555-0010: six or more characters between first and last digit.
    .replace(/\p{Nd}[\p{Nd}\s().-]{4,}\p{Nd}/gu, '[number]')
    .replace(vanityNumber, '[number]')
  return masked.length <= 200 ? masked : `${Array.from(masked).slice(0, 199).join('')}…`
}

/** 1-800-FLOWERS, 0800 FLOWERS. */
const vanityNumber = /\+?(?:1[-. ]?)?\(?\b(?:0?8\d\d|900)\)?[-. ]?[A-Z0-9]{0,4}[-. ]?[A-Z]{3,8}\b/g

/**
 * A text of ours without the phone numbers that ids from the API could bring into it: seven digits or more, of any
 * script and however they are grouped. Dates, instants, UUIDs and IPv4 addresses stay.
 */
export function withoutNumbers(text: string): string {
  return text
    .replace(noNumberOrNumber, (_, kept?: string) => kept ?? '[number]')
    .replace(vanityNumber, '[number]')
}

const instantText = String.raw`\b(?:19|20)\d\d-[01]\d-[0-3]\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?\b(?![-.\d])`
const uuid = String.raw`\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`
const octet = String.raw`(?:25[0-5]|2[0-4]\d|1?\d?\d)`
const ipAddress = String.raw`(?<![\d.+])${octet}(?:\.${octet}){3}(?![\d.])`
const number = String.raw`[+＋]?\p{Nd}(?:[\s\p{Z}\p{Cf}().\-/‐-―·・]*\p{Nd}){6,}(?:(?:;ext=| ?(?:x|ext\.?) ?)\p{Nd}+)?`
const noNumberOrNumber = new RegExp(`(${instantText}|${uuid}|${ipAddress})|${number}`, 'giu')
