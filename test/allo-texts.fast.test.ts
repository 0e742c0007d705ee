/** JSON and texts of answers, before their fields are read. */
import { describe, expect, test } from 'vitest'
import { parseJson, UnusableJson } from '../src/allo/json.ts'
import { deepestJson, mostValues } from '../src/allo/limits.ts'
import {
  isIntact,
  isPlainWord,
  isStorable,
  toQuotable,
  toStorableJson,
  toStorableText,
  withoutNumbers,
} from '../src/allo/text.ts'

describe('JSON', () => {
  test.each<[text: string, value: unknown]>([
    ['1', 1],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', '9007199254740992'],
    ['-9007199254740993', '-9007199254740993'],
    ['[12345678901234567890]', ['12345678901234567890']],
    ['{"a":12345678901234567890}', { a: '12345678901234567890' }],
    ['{"a": 12345678901234567890}', { a: '12345678901234567890' }],
    ['[1,12345678901234567890]', [1, '12345678901234567890']],
    ['"12345678901234567890"', '12345678901234567890'],
    // Not an integer as written: a rounded value is what it means.
    ['[1234567890123456789e1]', [Number('12345678901234567890')]],
    ['[0.1234567890123456789]', [Number('0.1234567890123456789')]],
    ['[12345678901234567890,"x",null,1.5]', ['12345678901234567890', 'x', null, 1.5]],
  ])('%s is read with exactly its digits', (text, value) => {
    expect(parseJson(text)).toEqual(value)
  })

  test.each([
    ['{"a":1,"a":2}', 'the field a occurs twice in one object'],
    ['{"a" :1,"a":2}', 'the field a occurs twice in one object'],
    ['{"a"\n\t :1,"b":3,"a":2}', 'the field a occurs twice in one object'],
    ['[{"b":{"a_b":1,"a_b":2}}]', 'the field a_b occurs twice in one object'],
    ['{"A":[{}],"x":{},"A":2}', 'the field A occurs twice in one object'],
    ['{"a":1,"\\u0061":2}', 'the field a occurs twice in one object'],
    ['{"a\\"b":1,"a\\"b":2}', 'a field occurs twice in one object'],
    ['{"\\\\":1,"\\\\":2}', 'a field occurs twice in one object'],
    ['{"+33612345678":1,"+33612345678":2}', 'a field occurs twice in one object'],
    [`{"${'a'.repeat(40)}":1,"${'a'.repeat(40)}":2}`, `the field ${'a'.repeat(40)} occurs`],
    [`{"${'a'.repeat(41)}":1,"${'a'.repeat(41)}":2}`, 'a field occurs twice'],
    ['{"":1,"":2}', 'a field occurs twice'],
  ])('%s is refused: %s', (text, issue) => {
    expect(() => parseJson(text)).toThrow(UnusableJson)
    expect(() => parseJson(text)).toThrow(issue)
  })

  test.each([
    '{"a":{"a":1},"b":{"a":1}}',
    '[{"a":1},{"a":2}]',
    '{"a":"b","c":"b"}',
    '{"a":["b","b"],"b":1}',
    '{"a":"x\\":y","x":"z"}',
    '{"a":"\\\\","b":"\\\\\\"","c" : "}{][" }',
    '{"a" : [ "a" , {} ] , "b" : "a" }',
  ])('%s has no name twice', (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text))
  })

  test('that is not JSON is a SyntaxError', () => {
    expect(() => parseJson('{')).toThrow(SyntaxError)
  })

  test.each(['[', '{"a":'])('is refused if it is nested too deeply: %s', (open) => {
    const close = open === '[' ? ']' : '}'
    const nested = (depth: number) => `${open.repeat(depth)}${open === '[' ? '' : '1'}${close.repeat(depth)}`
    expect(parseJson(nested(deepestJson))).toEqual(JSON.parse(nested(deepestJson)))
    expect(() => parseJson(nested(deepestJson + 1))).toThrow(`nested deeper than ${deepestJson} levels`)
  })

  test('is refused if it has too many values, before it is parsed', () => {
    const list = (count: number) => `[${'1,'.repeat(count - 1)}1]`
    expect(parseJson(list(mostValues))).toHaveLength(mostValues)
    for (const text of [list(mostValues + 1), '[]'.repeat(mostValues + 1), '{}'.repeat(mostValues + 1)]) {
      expect(() => parseJson(text)).toThrow(`more than ${mostValues} values`)
    }
    expect(parseJson(`"${'a'.repeat(2 * mostValues)}"`)).toHaveLength(2 * mostValues)
  })

  test('has an error of its own', () => {
    expect(new UnusableJson('x')).toMatchObject({ name: 'UnusableJson', message: 'x' })
  })
})

describe('a text that Postgres can store', () => {
  test('has no NUL and no half of a surrogate pair', () => {
    const texts = ['', 'a', '\u{1f600}', 'a\0', '\ud83d', 'a\ude00b', '\ufffd']
    expect(texts.map(isStorable)).toEqual([true, true, true, false, false, false, true])
    expect(texts.map(isIntact)).toEqual([true, true, true, false, false, false, false])
    expect(toStorableText('\0a\ud83d\ude00\ude00\0')).toBe('\ufffda\u{1f600}\ufffd\ufffd')
    expect(toStorableText('\u{1f600}')).toBe('\u{1f600}')
  })

  test('is every text in JSON, names included, and each replacement is reported', () => {
    const changes: string[] = []
    const value = JSON.parse('{"a":["b\\u0000",1,null,true,{"c\\u0000":"d","__proto__":"e\\u0000"}]}')
    const stored = toStorableJson(value, (what) => void changes.push(what))
    expect(JSON.stringify(stored)).toBe('{"a":["b\ufffd",1,null,true,{"c\ufffd":"d","__proto__":"e\ufffd"}]}')
    expect(changes).toEqual(Array(3).fill('characters that Postgres cannot store were replaced'))
  })

  test('is not nested deeper than 64 levels', () => {
    const changes: string[] = []
    const nested = (depth: number): unknown =>
      depth === 0 ? 'x' : depth % 2 ? [nested(depth - 1)] : { a: nested(depth - 1) }
    const store = (depth: number) => toStorableJson(nested(depth), (what) => void changes.push(what))
    expect(store(64)).toEqual(nested(64))
    expect(changes).toEqual([])
    expect(JSON.stringify(store(65))).not.toContain('x')
    expect(changes).toEqual(['nested deeper than 64 levels, the rest was dropped'])
  })
})

test('a plain word has letters, underscores and few digits', () => {
  const words = ['A', 'call_status', 'a123', 'a'.repeat(40)]
  expect(words.map(isPlainWord)).toEqual(words.map(() => true))
  const others = ['', 'a1234', 'a1b2c3d4', 'a b', 'é', 'a'.repeat(41), 'a-b', ' a', 'a\n']
  expect(others.map(isPlainWord)).toEqual(others.map(() => false))
})

describe('a sentence of the server', () => {
  test.each([
    ['  two\n\tlines\u200b here ', 'two lines here'],
    ['key ak_live_ABC-12 is bad', 'key [key] is bad'],
    ['AK_x', '[key]'],
    ['mak_x', 'mak_x'],
    ['ask alex.kim@acme.example now', 'ask [email] now'],
    ['call 212555', 'call [number]'],
    ['call 21255', 'call 21255'],
    ['call (212) 555-0010!', 'call ([number]!'],
    ['٢١٢ ٥٥٥', '[number]'],
    ['1-800-FLOWERS', '[number]'],
    ['a\0', 'a\ufffd'],
    ['a\ud83d', 'a\ufffd'],
  ])('%j is quoted as %j', (text, quoted) => {
    expect(toQuotable(text)).toBe(quoted)
  })

  test('is cut to 200 characters, and read no further than 2,000', () => {
    expect(toQuotable('x'.repeat(200))).toBe('x'.repeat(200))
    expect(toQuotable('x'.repeat(201))).toBe(`${'x'.repeat(199)}…`)
    expect(toQuotable('\u{1f600}'.repeat(201))).toBe(`${'\u{1f600}'.repeat(199)}…`)
    expect(toQuotable(`${' '.repeat(1999)}abc`)).toBe('a')
  })
})

describe('a text of ours, without numbers', () => {
  test.each([
    ['1234567', '[number]'],
    ['123456', '123456'],
    ['q +33 6 12 34 56 78.', 'q [number].'],
    ['＋33612345678', '[number]'],
    ['(212) 555·0010', '([number]'],
    ['2125550010;ext=12 x', '[number] x'],
    ['2125550010 ext. 12 x', '[number] x'],
    ['2125550010x12', '[number]'],
    ['2125550010 12', '[number]'],
    ['٢١٢٥٥٥٠٠١٠', '[number]'],
    ['1 800 FLOWERS', '[number]'],
    ['0800 FLOWERS', '[number]'],
    ['(900) ABC', '[number]'],
    ['+1.877-GET4CASH!', '[number]!'],
    ['800 ab', '800 ab'],
  ])('%s becomes %s', (text, without) => {
    expect(withoutNumbers(text)).toBe(without)
  })

  test.each([
    '2026-04-30',
    '1999-12-31T23:59',
    '2026-04-30 10:00:00Z',
    '2026-04-30T10:00:00.123456+01:30',
    '2026-04-30T10:00:00-0130',
    '01234567-89ab-cdef-0123-456789abcdef',
    '01234567-89AB-CDEF-0123-456789ABCDEF',
    '192.168.100.254',
    '255.255.255.255',
    'at 2026-04-30, from 10.11.12.13:443',
  ])('%s stays', (text) => {
    expect(withoutNumbers(text)).toBe(text)
  })

  test.each([
    '3026-04-30',
    '2026-24-30',
    '2026-04-40',
    '2026-04-30-12',
    '2026-04-30.12',
    '12026-04-30',
    '256.100.100.100',
    '1.192.168.100.254',
    '192.168.100.254.1',
    '+192.168.100.254',
    '01234567-8901-2345-6789-012345678901234',
  ])('%s does not stay', (text) => {
    expect(withoutNumbers(text)).not.toBe(text)
  })
})
