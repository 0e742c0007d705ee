import { keptOf, shownName } from './kept.ts'
import { isPlainWord, isStorable, replacedCharacters, toStorableJson, toStorableText } from './text.ts'
import { toTimestamp } from './timestamp.ts'
import type { Extra, Surprise, Timestamp } from './types.ts'
import { isRecord, typeName } from './value.ts'

export { isRecord, shownName, typeName }

/**
 * Reads the fields of one JSON object tolerantly: a field may be missing, null, or of a type nobody documented, and
 * none of it stops the row. Of what has no place in a column, kept.ts says what `extra` keeps under the API's name.
 *
 * One object per row and no closures: a queue can have 25,000 rows.
 */
export interface RecordReader {
  readonly raw: Readonly<Record<string, unknown>>
  /** The noun in front of the field in a surprise: `queue number`. */
  readonly noun: string
  readonly reading: Reading
  misfits: [name: string, value: unknown][] | null
}

/** What holds for a whole answer. */
export interface Reading {
  readonly naiveTimeZone: string
  readonly surprise: (where: string, what: string) => void
}

/** Tells `onSurprise` each different surprise of one answer once, not once per row. */
export function startReading(naiveTimeZone: string, onSurprise: (surprise: Surprise) => void): Reading {
  const told = new Set<string>()
  return {
    naiveTimeZone,
    surprise(where, what) {
      const key = `${where}\n${what}`
      if (told.has(key)) return
      told.add(key)
      onSurprise({ where, what })
    },
  }
}

export function openRecord(
  raw: Readonly<Record<string, unknown>>,
  noun: string,
  reading: Reading,
): RecordReader {
  return { raw, noun, reading, misfits: null }
}

/** Text; a number is read as its digits. */
export function readText(record: RecordReader, name: string): string | null {
  const value = record.raw[name]
  if (value === undefined || value === null) return null
  if (typeof value === 'string') {
    if (isStorable(value)) return value
    record.reading.surprise(`${record.noun}.${name}`, replacedCharacters)
    return toStorableText(value)
  }
  // Beyond 2^53 the digits have been lost while parsing: they'd be a wrong text, not a missing one.
  if (
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (Number.isSafeInteger(value) || value % 1 !== 0)
  ) {
    return String(value)
  }
  return misfit(record, name, value, `text is documented, ${typeName(value)} came`)
}

/**
 * Text out of a documented list. The list grows without notice, so a word that isn't on it is kept. A text that is no
 * word could hold a phone number, which nothing would erase: it becomes `[not a word]`.
 */
export function readWord(record: RecordReader, name: string, known: ReadonlySet<string>): string | null {
  const text = readText(record, name)
  if (text === null || known.has(text)) return text
  const isWord = isPlainWord(text)
  record.reading.surprise(`${record.noun}.${name}`, isWord ? `unknown value ${text}` : 'unknown value')
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
  return (
    toTimestamp(value, record.reading.naiveTimeZone) ??
    misfit(record, name, value, 'not a readable timestamp')
  )
}

/** Call it last: everything without a place of its own. `known` are the names read into places. */
export function readExtra(record: RecordReader, known: ReadonlySet<string>): Extra {
  let entries = record.misfits
  for (const name of Object.keys(record.raw)) {
    if (known.has(name)) continue
    record.reading.surprise(`${record.noun}.${shownName(name)}`, 'unknown field')
    entries ??= []
    entries.push([name, record.raw[name]])
  }
  if (!entries) return null
  const storable = Object.fromEntries(
    entries.map(([name, value]) => {
      const where = `${record.noun}.${shownName(name)}`
      const onChange = (what: string) => record.reading.surprise(where, what)
      if (!isStorable(name)) onChange(replacedCharacters)
      return [toStorableText(name), toStorableJson(value, onChange)]
    }),
  )
  return keptOf(storable)
}

function misfit(record: RecordReader, name: string, value: unknown, what: string): null {
  record.reading.surprise(`${record.noun}.${name}`, what)
  record.misfits ??= []
  record.misfits.push([name, value])
  return null
}
