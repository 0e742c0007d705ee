/** Single fields of an answer: what is stored, and what is reported. */
import { describe, expect, test } from 'vitest'
import { maskExtra, shownName } from '../src/allo/extra-fields.ts'
import type { Answer } from '../src/allo/parse-answer.ts'
import {
  openRecord,
  type RecordReader,
  readBoolean,
  readExtra,
  readId,
  readText,
  readTimestamp,
  readWord,
} from '../src/allo/record.ts'
import { toTimestamp } from '../src/allo/timestamp.ts'
import { typeName } from '../src/allo/value.ts'

test('the type of a value is named', () => {
  const values = [undefined, null, [], {}, '', 0, true]
  expect(values.map(typeName)).toEqual([
    'nothing',
    'null',
    'a list',
    'an object',
    'text',
    'a number',
    'a boolean',
  ])
})

/** Reads field `f` and then the rest. */
function readField(value: unknown, read: (record: RecordReader) => unknown) {
  const surprises: string[] = []
  const answer: Answer = {
    asked: 'queue',
    requestId: null,
    naiveTimeZone: 'UTC',
    latestPlausibleDay: '2030-01-01',
    surprise: (where, what) => void surprises.push(`${where}: ${what}`),
  }
  const record = openRecord({ f: value }, 'row', answer, 'data[3]')
  return { read: read(record), extra: readExtra(record, new Set(['f'])), surprises }
}

const kept = (read: unknown) => ({ read, extra: null, surprises: [] })

describe('a text', () => {
  const description = { bytes: 6, over: 'leave_out' } as const
  const required = { bytes: 6, over: 'refuse' } as const
  const readDescription = (record: RecordReader) => readText(record, 'f', description)
  const readRequired = (record: RecordReader) => readText(record, 'f', required)

  test.each([undefined, null, 'abc', 'abcdef', 'ééé'])('of at most its length is stored: %s', (value) => {
    expect(readField(value, readDescription)).toEqual(kept(value ?? null))
    expect(readField(value, readRequired)).toEqual(kept(value ?? null))
  })

  test.each(['abcdefg', 'éééé', '電電電'])('that is longer is left out or refused: %s', (value) => {
    expect(readField(value, readDescription)).toEqual({
      read: null,
      extra: null,
      surprises: ['row.f: longer than 6 bytes, left out'],
    })
    expect(() => readField(value, readRequired)).toThrow('data[3].f: longer than 6 bytes')
  })

  test('that is empty is stored, except where it would identify the row', () => {
    expect(readField('', readDescription)).toEqual(kept(''))
    expect(readField('', readRequired)).toEqual({
      read: null,
      extra: null,
      surprises: ['row.f: an empty identifier, taken as none'],
    })
  })

  test('that is a number becomes its digits', () => {
    expect(readField(12, readDescription)).toEqual(kept('12'))
    expect(readField(1.5, readDescription)).toEqual(kept('1.5'))
    expect(readField(Number.MAX_SAFE_INTEGER, readDescription)).toEqual(kept('9007199254740991'))
    expect(() => readField(2 ** 53, readDescription)).toThrow(
      'data[3].f: text is documented, a number came whose digits are lost beyond 2^53',
    )
  })

  test.each([
    [true, 'a boolean', true],
    [['x'], 'a list', ['x']],
    [Number.NaN, 'a number', '(a number)'],
  ])('of another type goes to extra: %j', (value, type, extra) => {
    expect(readField(value, readDescription)).toEqual({
      read: null,
      extra: { f: extra },
      surprises: [`row.f: text is documented, ${type} came`],
    })
  })

  test('with characters that cannot be stored is changed, but an identifier is refused', () => {
    expect(readField('a\0', readDescription)).toEqual({
      read: 'a\ufffd',
      extra: null,
      surprises: ['row.f: characters that Postgres cannot store were replaced'],
    })
    for (const broken of ['a\0', 'a\ufffd']) {
      expect(() => readField(broken, (record) => readId(record, 'f'))).toThrow(
        'data[3].f: an identifier with characters that cannot be read',
      )
    }
  })
})

describe('a word, a truth value and a time', () => {
  const readKnown = (record: RecordReader) => readWord(record, 'f', new Set(['KNOWN']))
  const readTruth = (record: RecordReader) => readBoolean(record, 'f')
  const readTime = (record: RecordReader) => readTimestamp(record, 'f')

  test('are stored as documented', () => {
    for (const read of [readKnown, readTruth, readTime]) {
      for (const none of [undefined, null]) expect(readField(none, read)).toEqual(kept(null))
    }
    expect(readField('KNOWN', readKnown)).toEqual(kept('KNOWN'))
    expect(readField(false, readTruth)).toEqual(kept(false))
    expect(readField('2026-04-30T10:00:00', readTime)).toEqual(kept('2026-04-30T10:00:00Z'))
  })

  test.each([
    ['NEW', 'NEW', 'row.f: unknown value NEW'],
    ['call +33612345678', '[not a word]', 'row.f: unknown value'],
    ['', '[not a word]', 'row.f: unknown value'],
    ['long '.repeat(1000), '[not a word]', 'row.f: unknown value'],
  ])('a word that is not documented is stored if it is one', (value, read, surprise) => {
    expect(readField(value, readKnown)).toEqual({ read, extra: null, surprises: [surprise] })
  })

  test('of another type go to extra', () => {
    expect(readField('yes', readTruth)).toEqual({
      read: null,
      extra: { f: 'yes' },
      surprises: ['row.f: true or false is documented, text came'],
    })
    expect(readField(7, readTime)).toEqual({
      read: null,
      extra: { f: 7 },
      surprises: ['row.f: a timestamp is documented, a number came'],
    })
    expect(readField('tomorrow', readTime)).toEqual({
      read: null,
      extra: { f: 'tomorrow' },
      surprises: ['row.f: not a readable timestamp'],
    })
  })

  test('a time before 2000 or after the latest plausible day is stored and reported', () => {
    const surprises = ['row.f: an implausible time, before 2000 or in the future']
    expect(readField('2000-01-01T00:00:00Z', readTime).surprises).toEqual([])
    expect(readField('2030-01-01T23:59:59Z', readTime).surprises).toEqual([])
    for (const time of ['1999-12-31T23:59:59Z', '2030-01-02T00:00:00Z'])
      expect(readField(time, readTime)).toEqual({ read: time, extra: null, surprises })
  })
})

describe('undocumented fields', () => {
  function extraOf(raw: Record<string, unknown>) {
    const surprises: string[] = []
    const surprise: Answer['surprise'] = (where, what) => void surprises.push(`${where}: ${what}`)
    const record = openRecord(raw, 'row', { surprise } as Answer, '')
    return { extra: readExtra(record, new Set(['known'])), surprises }
  }

  test('are stored and reported by name', () => {
    expect(extraOf({ known: 1 })).toEqual({ extra: null, surprises: [] })
    expect(extraOf({ known: 1, other: 2 })).toEqual({
      extra: { other: 2 },
      surprises: ['row.other: unknown field'],
    })
  })

  test('with characters that cannot be stored are changed', () => {
    expect(extraOf({ 'a\0': 'b\0' })).toEqual({
      extra: { '(unprintable name)': '(text)' },
      surprises: [
        'row.(unprintable name): unknown field',
        'row.(unprintable name): characters that Postgres cannot store were replaced',
        'row.(unprintable name): characters that Postgres cannot store were replaced',
      ],
    })
    expect(extraOf({ 'a\0': 1 }).surprises).toHaveLength(2)
  })

  test('of more bytes than the limit are all left out', () => {
    const words = (count: number) => ({ list: Array(count).fill('word') })
    expect(extraOf(words(2338))).toEqual({ extra: words(2338), surprises: ['row.list: unknown field'] })
    expect(extraOf(words(2400))).toEqual({
      extra: null,
      surprises: [
        'row.list: unknown field',
        'row: undocumented fields of more than 16384 bytes, all of them left out',
      ],
    })
  })
})

describe('a value that could contain a phone number is masked', () => {
  test.each<[value: unknown, shown: unknown]>([
    [null, null],
    [true, true],
    [false, false],
    ['word', 'word'],
    ['two words', '(text)'],
    ['', '(text)'],
    [0, 0],
    [-1234.567, -1234.567],
    [12345, '(a number)'],
    [1.2345, '(a number)'],
    [1e21, '(a number)'],
    ['2026-04-30', '2026-04-30'],
    ['2026-04-30T10:00', '2026-04-30T10:00'],
    ['2026-04-30 10:00:59', '2026-04-30 10:00:59'],
    ['2026-04-30T10:00:00.123456', '2026-04-30T10:00:00.123456'],
    ['2026-04-30T10:00Z', '2026-04-30T10:00Z'],
    ['1999-12-31T23:59:60+01:30', '1999-12-31T23:59:60+01:30'],
    ['2026-04-30T10:00:00-0130', '2026-04-30T10:00:00-0130'],
    ['2026-04-30T10:00:00.1234567', '(text)'],
    ['x2026-04-30', '(text)'],
    ['2026-04-30T10:00:00Z1', '(text)'],
    ['2026-04-30T10:00:00+21:30', '(text)'],
    ['2026-04-30T10:00:00+01:60', '(text)'],
    ['2026-04-30T10:00:00.01:30', '(text)'],
    ['2026-04-30 +01:30', '(text)'],
    ['3126-04-30', '(text)'],
    ['2026-24-30', '(text)'],
    ['2026-04-40', '(text)'],
  ])('%j: %j', (value, shown) => {
    expect(maskExtra({ f: value })).toEqual({ f: shown })
    expect(maskExtra({ f: [{ f: value }] })).toEqual({ f: [{ f: shown }] })
  })

  test('also if its digits are in several fields: with more than six, all of them are masked', () => {
    expect(maskExtra({ a: 212, b: 'x55', c: 5 })).toEqual({ a: 212, b: 'x55', c: 5 })
    const masked = { a: '(a number)', b: '(text)', c: '(a number)', d: 'word', e: null }
    expect(maskExtra({ a: 212, b: 'x55', c: 50, d: 'word', e: null })).toEqual(masked)
    expect(maskExtra({ a: [212, { b: 'x55' }], c: 50 })).toEqual({
      a: ['(a number)', { b: '(text)' }],
      c: '(a number)',
    })
  })

  test('and digits of names count, too', () => {
    expect(maskExtra({ a212: true, b555: true })).toEqual({ a212: true, b555: true })
    expect(maskExtra({ a212: true, b555: true, c: 0, word: 'word' })).toEqual({
      '(unprintable name)': true,
      c: '(a number)',
      word: 'word',
    })
  })

  test('but times, and values that are masked anyway, are not counted', () => {
    const times = { a: '2026-04-30', b: '2026-04-30', c: 123 }
    expect(maskExtra(times)).toEqual(times)
    expect(maskExtra({ a: '2125550', b: 123 })).toEqual({ a: '(text)', b: 123 })
    expect(maskExtra({ a: 'x 212555', b: 1 })).toEqual({ a: '(text)', b: '(a number)' })
    expect(maskExtra({ a: '٢١٢٥٥٥', b: 1 })).toEqual({ a: '(text)', b: '(a number)' })
  })

  test('and so is a name that could be one', () => {
    expect(['call_status', 'a123', 'a1234', 'Alex Kim', ''].map(shownName)).toEqual([
      'call_status',
      'a123',
      '(unprintable name)',
      '(unprintable name)',
      '(unprintable name)',
    ])
  })
})

describe('a timestamp', () => {
  test.each([
    ['2026-01-28T00:00:00Z', '2026-01-28T00:00:00Z'],
    ['2026-01-31T00:00:00Z', '2026-01-31T00:00:00Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['2026-02-29T00:00:00Z', null],
    ['2026-04-31T00:00:00Z', null],
    ['2026-01-00T00:00:00Z', null],
    ['2026-00-01T00:00:00Z', null],
    ['2026-13-01T00:00:00Z', null],
    ['0000-01-01T00:00:00Z', null],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
  ])('%s is on the calendar or not: %s', (text, read) => {
    expect(toTimestamp(text, 'UTC')).toBe(read)
  })

  test.each([
    ['UTC', 'Z'],
    ['Etc/UTC', 'Z'],
    ['gmt', 'Z'],
    ['Z', 'Z'],
    ['Europe/Paris', ' Europe/Paris'],
    ['Etc/GMT+5', ' Etc/GMT+5'],
    ['Zulu', ' Zulu'],
    ['NZ', ' NZ'],
    ['Antarctica/UTC', ' Antarctica/UTC'],
  ])('without a zone, in %s, gets %s', (zone, suffix) => {
    expect(toTimestamp('2026-04-30T10:00:00', zone)).toBe(`2026-04-30T10:00:00${suffix}`)
  })
})
