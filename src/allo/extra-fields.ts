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
  const kept = mapFields(extra, { name: shownName, scalar: keep })
  return digitsIn(extra) <= MOST_DIGITS ? kept : mapFields(kept, withoutDigits)
}

function keep(value: unknown): unknown {
  if (value === null || typeof value === 'boolean') return value
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

const withoutDigits: JsonMapping = {
  name: (name) => (countDigits(name) > 0 ? unprintableName : name),
  scalar: (value) => (digitsIn(value) > 0 ? `(${typeName(value)})` : value),
}

/** What `mapJson` does to each name of a field, and to each value that is no list and no object. */
interface JsonMapping {
  readonly name: (name: string) => string
  readonly scalar: (value: unknown) => unknown
}

/** The same structure with other names and values. Keys such as `__proto__` stay ordinary keys. Pure. */
function mapJson(value: unknown, mapping: JsonMapping): unknown {
  if (Array.isArray(value)) return value.map((item) => mapJson(item, mapping))
  return isRecord(value) ? mapFields(value, mapping) : mapping.scalar(value)
}

function mapFields(
  fields: Readonly<Record<string, unknown>>,
  mapping: JsonMapping,
): Readonly<Record<string, unknown>> {
  // fromEntries defines properties; assigning `copy[key]` would let a `__proto__` key change the prototype.
  return Object.fromEntries(
    Object.entries(fields).map(([name, item]) => [mapping.name(name), mapJson(item, mapping)]),
  )
}

const unprintableName = '(unprintable name)'

/** Field names come from the API too, so one that could be a phone number or a person's name is not shown. */
export function shownName(name: string): string {
  return isPlainWord(name) ? name : unprintableName
}
