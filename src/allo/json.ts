/** Parses the JSON of an answer without silent losses: JSON.parse drops repeated names and rounds long numbers. */
import { deepestJson, mostValues } from './limits.ts'

/** JSON with a repeated name, too many values or too much nesting. Its message contains no value and no field name. */
export class UnusableJson extends Error {
  override readonly name = 'UnusableJson'
}

/**
 * Throws a SyntaxError for text that is not JSON. Throws UnusableJson for a name that occurs twice in one object (of
 * which JSON.parse would take the last), and for more values or more nesting than a real answer has.
 */
export function parseJson(text: string): unknown {
  refuseTooMany(text)
  // An integer above 2^53 becomes text, because as a number it would be rounded.
  const value: unknown = longNumber.test(text) ? JSON.parse(text, exactly) : JSON.parse(text)
  // Checking each name takes ten times as long as JSON.parse, so first compare counts, which rules most texts out.
  if (countNames(value) !== countColons(text)) refuseRepeatedNames(text)
  return value
}

const longNumber = /(?:^|[:,[\s-])\d{16}/

/** Before parsing: 32 MB of `{},` take a gigabyte as objects. */
function refuseTooMany(text: string): void {
  if (text.length < 2 * mostValues) return
  let values = 0
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === comma || char === openBrace || char === openBracket) values++
  }
  if (values > mostValues) throw new UnusableJson(`more than ${mostValues} values`)
}

/** Names in all objects of the value. */
function countNames(value: unknown, depth = 0): number {
  if (typeof value !== 'object' || value === null) return 0
  if (depth >= deepestJson) throw new UnusableJson(`nested deeper than ${deepestJson} levels`)
  let names = 0
  if (Array.isArray(value)) for (const item of value) names += countNames(item, depth + 1)
  else {
    const object = value as Readonly<Record<string, unknown>>
    for (const name in object) names += 1 + countNames(object[name], depth + 1)
  }
  return names
}

/** An upper bound for the number of names in the text. Null: a cheap count is not possible. */
function countColons(text: string): number | null {
  if (/"\s+:/.test(text)) return null
  let colons = 0
  for (let at = text.indexOf('":'); at !== -1; at = text.indexOf('":', at + 2)) colons++
  return colons
}

function exactly(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || !Number.isInteger(value)) return value
  const source = context?.source ?? ''
  return /^-?\d+$/.test(source) ? source : value
}

/** `text` is known to be JSON, so a text is a name if, and only if, a colon follows it. */
function refuseRepeatedNames(text: string): void {
  const open: (Set<string> | null)[] = []
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === quote) {
      const start = at
      at = endOfText(text, at)
      const names = open.at(-1)
      if (names && isName(text, at + 1)) addName(names, text.slice(start, at + 1))
    } else if (char === openBrace || char === openBracket) {
      open.push(char === openBrace ? new Set() : null)
    } else if (char === closeBrace || char === closeBracket) open.pop()
  }
}

function addName(names: Set<string>, quoted: string): void {
  const name = quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1)
  if (names.has(name)) {
    const shown = /^[a-z_]{1,40}$/i.test(name) ? `the field ${name}` : 'a field'
    throw new UnusableJson(`${shown} occurs twice in one object`)
  }
  names.add(name)
}

/** Index of the closing quote of the text that begins at `from`. */
function endOfText(text: string, from: number): number {
  for (let at = from + 1; ; at++) {
    at = text.indexOf('"', at)
    let backslashes = 0
    while (text.charCodeAt(at - 1 - backslashes) === backslash) backslashes++
    if (backslashes % 2 === 0) return at
  }
}

function isName(text: string, from: number): boolean {
  let at = from
  while (text.charCodeAt(at) <= space) at++
  return text.charCodeAt(at) === colon
}

const [quote, backslash, colon, comma, space] = [0x22, 0x5c, 0x3a, 0x2c, 0x20]
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d]
