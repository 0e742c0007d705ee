/**
 * What is kept of values we have no column for. `forget` and retention can only erase a number that they can find, and
 * in a field nobody documented a number can be written in any way. So `extra` keeps what can't hold a phone number:
 * true, false, null, plain words, small numbers and timestamps, in the structure they came in. Of anything else it
 * keeps the kind: `(text)`, `(a number)`. Pure.
 */
import { isPlainWord } from './text.ts'
import { isRecord, typeName } from './value.ts'

/**
 * A number can come in parts, too. So digits are counted over the whole record, and one with more than these keeps no
 * value with a digit in it. A value with more of them is dropped by itself, and is no part of anything.
 */
const MOST_DIGITS = 6

export function maskExtra(extra: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const kept = Object.fromEntries(Object.entries(extra).map(keepEntry))
  return digitsIn(extra) <= MOST_DIGITS ? kept : withoutDigits(kept)
}

function keepEntry([name, value]: readonly [string, unknown]): [string, unknown] {
  return [shownName(name), keep(value)]
}

function keep(value: unknown): unknown {
  if (value === null || typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.map(keep)
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(keepEntry))
  const text = String(value)
  const isKept = typeof value === 'number' ? /^-?\d{1,4}(?:\.\d{1,3})?$/.test(text) : isWordOrInstant(text)
  return isKept ? value : `(${typeName(value)})`
}

const instant =
  /^(?:19|20)\d\d-[01]\d-[0-3]\d(?:[T ][0-2]\d:[0-5]\d(?::[0-6]\d(?:\.\d{1,6})?)?(?:Z|[+-][01]\d:?[0-5]\d)?)?$/

function isWordOrInstant(text: string): boolean {
  return isPlainWord(text) || instant.test(text)
}

function digitsIn(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + digitsIn(item), 0)
  if (isRecord(value)) {
    return Object.entries(value).reduce((sum, [name, item]) => sum + countDigits(name) + digitsIn(item), 0)
  }
  return typeof value === 'number' || typeof value === 'string' ? countDigits(String(value)) : 0
}

function countDigits(text: string): number {
  if (!/\p{Nd}/u.test(text)) return 0
  const digits = instant.test(text) ? 0 : text.replace(/\P{Nd}/gu, '').length
  return digits > MOST_DIGITS ? 0 : digits
}

function withoutDigits(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const strip = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(strip)
    if (isRecord(item)) return withoutDigits(item)
    const isScalar = typeof item === 'number' || typeof item === 'string'
    return isScalar && countDigits(String(item)) > 0 ? `(${typeName(item)})` : item
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      countDigits(name) > 0 ? unprintableName : name,
      strip(item),
    ]),
  )
}

const unprintableName = '(unprintable name)'

/** Field names come from the wire too: one that could be a phone number or a person's name isn't shown. */
export function shownName(name: string): string {
  return isPlainWord(name) ? name : unprintableName
}
