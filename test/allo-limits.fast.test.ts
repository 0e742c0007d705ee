/** Responses that are too long, too many, too deep or ambiguous are stored exactly, limited, or refused by name. */
import { describe, expect, test } from 'vitest'
import { parseJson } from '../src/allo/json.ts'
import { largestExtra, largestWalk, textLimits } from '../src/allo/limits.ts'
import { parseQueueAnswer } from '../src/allo/parse-queue.ts'
import { parseAccount, parseTeammates } from '../src/allo/parse-team.ts'
import { createSurpriseLog, mergeSurprises } from '../src/allo/surprises.ts'
import type { Surprise } from '../src/allo/types.ts'
import { type QueueAnswerParts, queueAnswer } from './support/queue-answer.ts'

const long = 'x'.repeat(8192)

describe("a value that can't be stored", () => {
  test.each([
    ['an identifier of 8 kB', { call_id: long }, 'data[0].call_id: longer than 256 bytes'],
    ['a number of 8 kB', { number_to: long }, 'data[0].number_to: longer than 256 bytes'],
    ['letters of more than one byte', { call_id: 'é'.repeat(129) }, 'data[0].call_id: longer than 256 bytes'],
    ['an identifier with NUL', { call_id: 'a\0b' }, 'data[0].call_id: an identifier with characters'],
    ['an identifier with half a surrogate', { call_id: 'a\ud800' }, 'data[0].call_id: an identifier with'],
    ['an identifier of bad UTF-8', { call_id: 'a\ufffd' }, 'data[0].call_id: an identifier with'],
    [
      'a number without its digits',
      { call_id: 2 ** 60 },
      'data[0].call_id: text is documented, a number came',
    ],
    [
      'a position beyond the column',
      { position: 2 ** 31 },
      'data[0].position: row 0 of page 1 has no position',
    ],
  ])('is an error that names row and field, if it identifies the row: %s', (_, fields, expected) => {
    expect(failing(() => readQueue({ numbers: [fields] }))).toContain(expected)
  })

  test.each([
    ['id', 'queue.id: longer than 256 bytes'],
    ['assignee_id', 'queue.assignee_id: longer than 256 bytes'],
  ])('is an error if it is %s of the queue', (field, expected) => {
    expect(failing(() => readQueue({ queue: { [field]: long } }))).toContain(expected)
  })

  test('an identifier of the maximum length is stored completely', () => {
    const id = 'é'.repeat(textLimits.id.bytes / 2)
    const { answer } = readQueue({ numbers: [{ call_id: id }], queue: { id } })
    expect(answer).toMatchObject({ queue: { id }, numbers: [{ callId: id }] })
  })

  test.each([
    ['call_id', 'callId'],
    ['number_to', 'numberTo'],
  ])('an empty %s counts as missing and is reported', (name, field) => {
    const { answer, surprises } = readQueue({ numbers: [{ [name]: '' }] })
    expect(answer).toMatchObject({ numbers: [{ [field]: null }] })
    expect(surprises).toEqual([{ where: `queue number.${name}`, what: 'an empty identifier, taken as none' }])
  })

  test('a name of 3 MB is left out and reported, and so are 16 kB of undocumented fields', () => {
    const { answer, surprises } = readQueue({
      queue: { name: 'x'.repeat(3_000_000) },
      numbers: [{ odd: Array.from({ length: largestExtra }, () => true) }, { odd: 'short' }],
    })
    expect(answer).toMatchObject({
      queue: { name: null },
      numbers: [{ extra: null }, { extra: { odd: 'short' } }],
    })
    expect(surprises).toEqual([
      { where: 'queue.name', what: 'longer than 2048 bytes, left out' },
      { where: 'queue number.odd', what: 'unknown field' },
      { where: 'queue number', what: 'undocumented fields of more than 16384 bytes, all of them left out' },
    ])
  })

  test.each(['0001-01-01T00:00:00', '1999-12-31T23:59:59', '9999-12-31T23:59:59Z'])(
    'an impossible time is stored and reported: %s',
    (time) => {
      const { answer, surprises } = readQueue({
        numbers: [{ created_at: time }, { created_at: '2026-04-30T10:00:00' }],
      })
      expect(answer).toMatchObject({
        numbers: [{ createdAt: expect.stringContaining(time.slice(0, 19)) }, {}],
      })
      expect(surprises).toEqual([
        { where: 'queue number.created_at', what: 'an implausible time, before 2000 or in the future' },
      ])
    },
  )

  test('more numbers than a queue may have are refused, whether announced or sent', () => {
    const numbers = Array.from({ length: largestWalk.numbers + 1 }, () => ({}))
    expect(failing(() => readQueue({ numbers }))).toContain('data: more than 100000 numbers in one answer')
    expect(failing(() => readQueue({ total: largestWalk.numbers + 1 }))).toContain(
      'pagination.total_count: more than 100000 numbers are announced',
    )
  })
})

describe('the lists of teammates', () => {
  test('a row without a usable id affects only that teammate, and its place is reported', () => {
    const good = { id: 'usr-1', name: long, email: long, image_url: long }
    const data = [good, null, { id: 'u\0' }, { id: long }, { name: 'No id' }, { id: 'usr-2', role: long }]
    const { value, surprises } = collect((context) => parseTeammates({ data }, context))
    expect(value.teammates).toMatchObject([
      { userId: 'usr-1', name: null, email: null, imageUrl: null },
      { userId: 'usr-2', role: '[not a word]' },
    ])
    expect(value.unusable).toEqual({ count: 4, first: 'data[1]: an object is documented, null came' })
    expect(surprises.map(({ where }) => where)).toEqual([
      'teammate.name',
      'teammate.email',
      'teammate.image_url',
      'teammate.role',
    ])
  })

  test('the team of a key is read exactly, or the response is refused', () => {
    const account = (team: object) => collect((context) => parseAccount({ data: { team } }, context)).value
    expect(account({ id: 'team-1', name: long }).team).toEqual({ id: 'team-1', name: null })
    expect(failing(() => account({ id: long }))).toContain('data.team.id: longer than 256 bytes')
  })
})

describe('JSON', () => {
  test('a number above 2^53 becomes text with exactly its digits', () => {
    expect(
      parseJson('{"a":[9007199254740993, -9007199254740993, 9007199254740991, 1.5, 12345678901234567890]}'),
    ).toEqual({
      a: ['9007199254740993', '-9007199254740993', 9007199254740991, 1.5, '12345678901234567890'],
    })
  })

  test.each([
    ['{"position":1,"id":"a","position":2}', 'the field position occurs twice in one object'],
    ['{"a":{"b":[{"x":1,"\\u0078":2}]}}', 'the field x occurs twice in one object'],
    ['{"+12125550010":1,"+12125550010":2}', 'a field occurs twice in one object'],
    ['{"a":1,"a" :2}', 'the field a occurs twice in one object'],
    ['{"a":1,"b":"\\":","a"\n:2}', 'the field a occurs twice in one object'],
    ['{"__proto__":1,"__proto__":2}', 'the field __proto__ occurs twice in one object'],
  ])('that contradicts itself is refused: %s', (text, expected) => {
    expect(failing(() => parseJson(text))).toBe(expected)
  })

  test('with more than 1,000 levels is refused', () => {
    expect(failing(() => parseJson('['.repeat(2000) + ']'.repeat(2000)))).toBe(
      'nested deeper than 1000 levels',
    )
  })

  test.each([
    '{"a":{"x":1},"b":{"x":1}}',
    '{"a":"a","b":["a","a"],"c":"{\\"a\\":1,\\"a\\":2}"}',
    '{"a\\\\":1,"a":":","\\\\\\"a":"\\\\" , "b" : []}',
    '[]',
    '"a:\\":"',
    '{"__proto__":{"constructor":1},"a" : 2}',
  ])('that does not contradict itself is accepted: %s', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text))
  })
})

test.each([
  ['empty objects', (count: number) => `[${'{},'.repeat(count)}{}]`],
  ['nested lists', (count: number) => '['.repeat(count) + ']'.repeat(count)],
  [
    'a number of nineteen digits before many',
    (count: number) => `[1234567890123456789${',1'.repeat(count)}]`,
  ],
])('millions of %s are refused before they use much memory', (_, textOf) => {
  const text = textOf(3_000_000)
  const before = process.memoryUsage().heapUsed
  expect(failing(() => parseJson(text))).toBe('more than 2000000 values')
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(30_000_000)
})

describe('surprises', () => {
  const kinds = (from: number, count: number): Surprise[] =>
    Array.from({ length: count }, (_, index) => ({
      where: `queue number.f${from + index}`,
      what: 'unknown field',
    }))

  test('a hundred kinds are listed, and the others are counted', () => {
    const log = createSurpriseLog()
    for (const one of [...kinds(0, 5000), ...kinds(0, 5000)]) log.add(one)
    expect(log.all()).toHaveLength(101)
    expect(log.all().at(-1)).toMatchObject({ what: '4900 more, which are not listed', leftOut: 4900 })
  })

  test('a kind that was reported is reported again only in another pass', () => {
    const log = createSurpriseLog()
    for (const one of kinds(0, 2)) log.add(one)
    expect(log.take()).toEqual(kinds(0, 2))
    for (const one of kinds(0, 3)) log.add(one)
    expect(log.take()).toEqual(kinds(2, 1))
    for (const one of kinds(3, 1)) log.add(one)
    log.renew()
    for (const one of kinds(0, 1)) log.add(one)
    expect(log.take()).toEqual([...kinds(3, 1), ...kinds(0, 1)])
  })

  test('the limit applies to all processes of a pass together', () => {
    let merged: readonly Surprise[] = []
    for (let from = 0; from < 1000; from += 50) merged = mergeSurprises(merged, kinds(from, 50))
    expect(merged).toHaveLength(101)
    expect(merged.at(-1)).toMatchObject({ leftOut: 900 })
  })

  test('a response with 100,000 undocumented fields reports a thousand of them', () => {
    const fields = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`f${index}`, 1]))
    expect(readQueue({ queue: fields }).surprises).toHaveLength(1000)
  })
})

function readQueue(parts: QueueAnswerParts) {
  const { value, surprises } = collect((context) => parseQueueAnswer(queueAnswer(parts), 1, context))
  return { answer: value, surprises }
}

function collect<T>(parse: (context: Parameters<typeof parseAccount>[1]) => T) {
  const surprises: Surprise[] = []
  const onSurprise = (surprise: Surprise) => void surprises.push(surprise)
  const value = parse({
    asked: 'queue of usr-1, page 1',
    requestId: 'req_1',
    naiveTimeZone: 'UTC',
    onSurprise,
  })
  return { value, surprises }
}

function failing(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof Error) return error.message
  }
  throw new Error('it threw nothing')
}
