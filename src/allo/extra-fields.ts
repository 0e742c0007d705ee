/**
 * Masks the values of column `extra`, which holds fields that have no column. `forget` and retention can erase only
 * numbers that they can find, and an undocumented field can contain a phone number in any notation. So a value is kept
 * only if it can't contain one: true, false, null, a plain word, a small number, a timestamp. Any other value is
 * replaced by its type, `(text)` or `(a number)`. The structure is kept. Pure.
 */
import { isPlainWord } from './text.ts'
import { isRecord, typeName } from './value.ts'

/**
 * A phone number can be split over several fields. So the digits of the whole record are counted: if there are more
 * than these, every value with a digit is masked. A single value with more digits is masked anyway, and is not counted.
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

/** Field names come from the API too, so one that could be a phone number or a person's name is not shown. */
export function shownName(name: string): string {
  return isPlainWord(name) ? name : unprintableName
}
