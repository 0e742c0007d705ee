import { maskExtra, shownName } from './extra-fields.ts'
import { earliestPlausibleDay, largestExtra, type TextLimit, textLimits } from './limits.ts'
import { type Answer, surprised } from './parse-answer.ts'
import {
  isIntact,
  isPlainWord,
  isStorable,
  replacedCharacters,
  toStorableJson,
  toStorableText,
} from './text.ts'
import { toTimestamp } from './timestamp.ts'
import type { Extra, Timestamp } from './types.ts'
import { typeName } from './value.ts'

/**
 * Reads the fields of one JSON object. A field may be missing, null, or of an undocumented type: the row is still read.
 * Values that have no column go to `extra` under the API's name (extra-fields.ts). A value is refused only if it would
 * be stored as a different value (limits.ts).
 *
 * One object per row and no closures, because a queue can have 25,000 rows.
 */
export interface RecordReader {
  readonly raw: Readonly<Record<string, unknown>>
  /** The noun in front of the field in a surprise: `queue number`. */
  readonly noun: string
  readonly answer: Answer
  /** Path of the object in the answer, for errors: `data[3]`. */
  readonly path: string
  misfits: [name: string, value: unknown][] | null
}

export function openRecord(
  raw: Readonly<Record<string, unknown>>,
  noun: string,
  answer: Answer,
  path: string,
): RecordReader {
  return { raw, noun, answer, path, misfits: null }
}

/** Text. A number is converted to its digits. */
export function readText(record: RecordReader, name: string, limit: TextLimit): string | null {
  const value = record.raw[name]
  if (value === undefined || value === null) return null
  if (typeof value === 'number' && Number.isFinite(value)) return digitsOf(record, name, value)
  if (typeof value !== 'string') {
    return misfit(record, name, value, `text is documented, ${typeName(value)} came`)
  }
  if (isLonger(value, limit.bytes)) {
    const issue = `longer than ${limit.bytes} bytes`
    if (limit.over === 'refuse') throw refusal(record, name, issue)
    surprise(record, name, `${issue}, left out`)
    return null
  }
  if (value === '' && limit.over === 'refuse') {
    surprise(record, name, 'an empty identifier, taken as none')
    return null
  }
  if (limit.isIdentifier) return identifier(record, name, value)
  if (isStorable(value)) return value
  surprise(record, name, replacedCharacters)
  return toStorableText(value)
}

/** An identifier, or null where the API has none. */
export function readId(record: RecordReader, name: string): string | null {
  return readText(record, name, textLimits.id)
}

function identifier(record: RecordReader, name: string, value: string): string {
  if (!isIntact(value)) throw refusal(record, name, 'an identifier with characters that cannot be read')
  return value
}

/** Refuses an integer above 2^53, because its digits may be rounded and the text would be wrong. */
function digitsOf(record: RecordReader, name: string, value: number): string {
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw refusal(record, name, 'text is documented, a number came whose digits are lost beyond 2^53')
  }
  return String(value)
}

function isLonger(text: string, bytes: number): boolean {
  if (text.length > bytes) return true
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes
}

/**
 * Text from a documented list. Allo extends its lists without notice, so an unknown word is kept. A text that is not a
 * word becomes `[not a word]`: it could contain a phone number, which `forget` would not find.
 */
export function readWord(record: RecordReader, name: string, known: ReadonlySet<string>): string | null {
  const text = readText(record, name, ofAnyLength)
  if (text === null || known.has(text)) return text
  const isWord = isPlainWord(text)
  surprise(record, name, isWord ? `unknown value ${text}` : 'unknown value')
  return isWord ? text : '[not a word]'
}

export function readBoolean(record: RecordReader, name: string): boolean | null {
  const value = record.raw[name]
  if (value === undefined || value === null) return null
  if (typeof value === 'boolean') return value
  return misfit(record, name, value, `true or false is documented, ${typeName(value)} came`)
}

export function readTimestamp(record: RecordReader, name: string): Timestamp | null {
  const value = record.raw[name]
  if (value === undefined || value === null) return null
  if (typeof value !== 'string') {
    return misfit(record, name, value, `a timestamp is documented, ${typeName(value)} came`)
  }
  const timestamp = toTimestamp(value, record.answer.naiveTimeZone)
  if (timestamp === null) return misfit(record, name, value, 'not a readable timestamp')
  // Stored as Allo sent it. Views and checks decide what is plausible.
  if (timestamp < earliestPlausibleDay || timestamp.slice(0, 10) > record.answer.latestPlausibleDay) {
    surprise(record, name, 'an implausible time, before 2000 or in the future')
  }
  return timestamp
}

/** All fields without a column. Call it last. `known`: names of the fields that have a column. */
export function readExtra(record: RecordReader, known: ReadonlySet<string>): Extra {
  let entries = record.misfits
  for (const name of Object.keys(record.raw)) {
    if (known.has(name)) continue
    surprise(record, shownName(name), 'unknown field')
    entries ??= []
    entries.push([name, record.raw[name]])
  }
  if (!entries) return null
  const storable = Object.fromEntries(
    entries.map(([name, value]) => {
      const onChange = (what: string) => surprise(record, shownName(name), what)
      if (!isStorable(name)) onChange(replacedCharacters)
      return [toStorableText(name), toStorableJson(value, onChange)]
    }),
  )
  const extra = maskExtra(storable)
  if (!isLonger(JSON.stringify(extra), largestExtra)) return extra
  record.answer.surprise(
    record.noun,
    `undocumented fields of more than ${largestExtra} bytes, all of them left out`,
  )
  return null
}

/** No limit is needed: a text that is not a word is not kept. */
const ofAnyLength: TextLimit = { bytes: Number.POSITIVE_INFINITY, over: 'leave_out' }

function misfit(record: RecordReader, name: string, value: unknown, what: string): null {
  surprise(record, name, what)
  record.misfits ??= []
  record.misfits.push([name, value])
  return null
}

function surprise({ answer, noun }: RecordReader, name: string, what: string): void {
  answer.surprise(`${noun}.${name}`, what)
}

function refusal({ answer, path }: RecordReader, name: string, issue: string) {
  return surprised(answer, `${path}.${name}`, issue)
}
