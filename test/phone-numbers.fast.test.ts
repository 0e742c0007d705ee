/** Spellings of phone numbers, without a database. What `forget` makes of them: test/personal-data-forget.test.ts. */
import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { QueueNumber } from '../src/allo/types.ts'
import { conceal, concealedCallId, suppressionKeys } from '../src/snapshot/conceal.ts'
import { comparableNumber, createNumberKeys, NumberKeyError } from '../src/snapshot/number-key.ts'
import {
  compare,
  hasCountryCode,
  likelySpellings,
  oneSpelling,
  type PhoneNumber,
  readPhoneNumber,
  toPlainText,
} from '../src/snapshot/phone-number.ts'
import { createRedactor } from '../src/snapshot/redact-number.ts'

const numberKeys = createNumberKeys(Buffer.alloc(32, 7))
const hmacOf = (text: string) => createHmac('sha256', Buffer.alloc(32, 7)).update(text).digest('hex')

function phone(text: string): PhoneNumber {
  const read = readPhoneNumber(text)
  if (read === null) throw new Error(`${text} is not a phone number`)
  return read
}

describe('a spelling of a phone number', () => {
  test.each<[text: string, digits: string]>([
    ['+33612345678', '33612345678'],
    ['33612345678', '33612345678'],
    ['+33 (0)6 12 34 56 78', '33612345678'],
    ['+39 (0)6 1234 5678', '390612345678'],
    ['(+33) 6 12 34 56 78', '33612345678'],
    ['0033 6 12 34 56 78', '33612345678'],
    ['011 33 6 12 34 56 78', '33612345678'],
    // Too short and too long to be an international number, and no country code begins with 0.
    ['00 123456', '00123456'],
    ['00 1234567', '1234567'],
    ['00 123456789012345', '123456789012345'],
    ['00 1234567890123456', '001234567890123456'],
    ['00 0123456789', '000123456789'],
    ['500 33612345678', '50033612345678'],
    ['0612345678', '0612345678'],
    ['112', '112'],
    ['1-800-FLOWERS', '18003569377'],
    ['+1-800-flowers', '18003569377'],
    ['(800) ADGJMPTW', '80023456789'],
    ['800 CFILOSVZ', '80023456789'],
    ['tel:+33-6-12-34-56-78', '33612345678'],
    ['TEL:+33612345678', '33612345678'],
    ['callto://+33612345678', '33612345678'],
    ['sms:+33612345678', '33612345678'],
    ['fax:0612345678', '0612345678'],
    ['tel:612345678;phone-context=+33', '33612345678'],
    ['tel:612345678;PHONE-CONTEXT=+3.3-', '33612345678'],
    ['tel:0612345678;phone-context=pbx.example', '0612345678'],
    ['<tel:+33612345678>', '33612345678'],
    ['sip:%2B33612345678@pbx.example', '33612345678'],
    ['sip:%2b33612345678', '33612345678'],
    ['sips:+33.6.12.34.56.78@pbx.example;user=phone', '33612345678'],
    ['SIP:33612345678;transport=udp', '33612345678'],
    ['sip:33612345678?subject=5', '33612345678'],
    ['+33612345678@pbx.example', '33612345678'],
    ['sip:(212) 555-0123@pbx.example', '2125550123'],
    ['sip:555@pbx.example', '555'],
    ['sip:+1 212-555-0123;isub=1@pbx.example', '12125550123'],
    ['+12125550123;rn=+12125550199', '12125550123'],
    ['+1+2125550123', '12125550123'],
    // No extension: something follows it, so the letters are those of the keypad.
    ['+12125550123 x4 5', '12125550123945'],
    ['+12125550123 x45z', '121255501239459'],
    ['＋３３６１２３４５６７８', '33612345678'],
    ['+٣٣٦١٢٣٤٥٦٧٨', '33612345678'],
    ['+۳۳۶۱۲۳۴۵۶۷۸', '33612345678'],
    ['+३३६१२३४५६७८', '33612345678'],
    ['\u200e+33\u00a06.12.34.56.78\u202c', '33612345678'],
  ])('%s has the digits %s', (text, digits) => {
    expect(phone(text).digits).toBe(digits)
  })

  test.each<[text: string, extension: string]>([
    ['+12125550123', ''],
    ['+12125550123x45', '45'],
    ['+12125550123 X 45', '45'],
    ['+12125550123 ext 45', '45'],
    ['+12125550123 ext. 45', '45'],
    ['+12125550123 extn 45', '45'],
    ['+12125550123 extension 45', '45'],
    ['+12125550123 ext.:45', '45'],
    ['+12125550123, ext 45 ', '45'],
    ['+12125550123;ext=45', '45'],
    ['+12125550123; ext=45', '45'],
    ['+12125550123;isub=45', '45'],
    ['+12125550123#45', '45'],
    ['+12125550123 #  45', '45'],
    ['+12125550123 #123456789', '123456789'],
    ['tel:5550123;ext=45;phone-context=+1212', '45'],
    ['+12125550123;phone-context=+1;ext=45', '45'],
  ])('%s has the extension "%s"', (text, extension) => {
    expect(phone(text)).toMatchObject({ digits: '12125550123', extension })
  })

  test.each([
    '',
    '12',
    'Alex Kim',
    'Kim 2125550123',
    'sip:alex@pbx.example',
    'alex@pbx.example',
    'sip:12@pbx.example',
    'sip:212555x@pbx.example',
    'sip:x2125550123@pbx.example',
    'sip:++2125550123@pbx.example',
    'sip:alex',
    'xsip:5551234',
    'xtel:5551234',
    '2125550123é',
    '電話',
  ])('is none: %s', (text) => {
    expect(readPhoneNumber(text)).toBeNull()
  })

  test('has a national part and says whether it begins with a country code', () => {
    expect(phone('+33612345678')).toEqual({
      digits: '33612345678',
      national: '612345678',
      extension: '',
      isInternational: true,
    })
    expect(phone('sip:%2B33612345678@pbx.example')).toMatchObject({ isInternational: true })
    expect(phone('0012125550123')).toMatchObject({ national: '2125550123', isInternational: true })
    expect(phone('00612345678')).toMatchObject({ isInternational: true })
    expect(phone('0612345678')).toMatchObject({ national: '612345678', isInternational: false })
    expect(phone('000612')).toMatchObject({ national: '612', isInternational: false })
    expect(phone('10203')).toMatchObject({ national: '10203' })
    // No country has this code.
    expect(phone('+99901234567')).toMatchObject({ digits: '99901234567', national: '99901234567' })
  })

  test('has one normalised spelling', () => {
    expect(oneSpelling(phone('+33 6 12 34 56 78'))).toBe('33612345678')
    expect(oneSpelling(phone('+1 212 555 0123 ext. 45'))).toBe('12125550123x45')
  })

  test('is known to have a country code if it begins with + or one', () => {
    expect(
      ['+999123', '33612345678', '0612345678', '612'].map((text) => hasCountryCode(phone(text))),
    ).toEqual([true, true, false, false])
  })

  test('may have been written in these ways', () => {
    const others = (text: string) =>
      [0x0660, 0x06f0, 0x0966, 0xff10].map((zero) =>
        text.replace(/\d/g, (digit) => String.fromCodePoint(zero + Number(digit))),
      )
    const written = (...texts: string[]) => texts.flatMap((text) => [text, ...others(text)])
    expect(likelySpellings(phone('+33612345678'))).toEqual(
      written('33612345678', '330612345678', '0033612345678', '01133612345678'),
    )
    expect(likelySpellings(phone('0612345678'))).toEqual(written('0612345678'))
    expect(likelySpellings(phone('0612345678x9'))).toEqual(written('0612345678x9', '0612345678ext9'))
    const isInternational = true
    expect(likelySpellings({ digits: '123', national: '999', extension: '', isInternational })[0]).toBe('123')
    expect(likelySpellings({ digits: '123', national: '999', extension: '', isInternational })[5]).toBe(
      '0999',
    )
  })
})

test('plain text has ASCII digits and spaces, and no invisible characters', () => {
  expect(toPlainText(' a\u200b\u0007\u2028\u2029\u034f\u115f\u1160\u3164b ')).toBe('ab')
  expect(toPlainText('é\u2003x\u00a0٠٩۰۹०९')).toBe('é x 090909')
  // Digits of the mathematical alphabets follow each other without a gap.
  expect(toPlainText('\u{1d7ce}\u{1d7d7}')).toBe('09')
  expect(toPlainText('𑁦𑁯𞥐𞥙')).toBe('0909')
  expect(toPlainText('a\tb')).toBe('ab')
})

describe('two phone numbers', () => {
  test.each<[one: string, other: string, likeness: ReturnType<typeof compare>]>([
    ['+33612345678', '0033612345678', 'same'],
    ['+12125550123x45', '+1 212 555 0123 ext 45', 'same'],
    ['+12125550123x45', '+12125550123', 'similar'],
    ['0612345678', '+33612345678', 'similar'],
    ['612345', '+33612345', 'similar'],
    ['12345', '+33612345', 'other'],
    ['0612345678', '+33612345679', 'other'],
    ['+3361234567', '+33612345678', 'other'],
    // Both begin with a country code.
    ['+12125550123', '+4412125550123', 'other'],
    // A country code of one digit is as long as the zero that it replaces.
    ['02125550123', '+12125550123', 'similar'],
  ])('%s and %s are %s', (one, other, likeness) => {
    expect(compare(phone(one), phone(other))).toBe(likeness)
    expect(compare(phone(other), phone(one))).toBe(likeness)
  })
})

describe('redaction', () => {
  test.each<[number: string, text: string, redacted: string]>([
    ['+33612345678', 'call +33612345678 now', 'call [number] now'],
    ['+33612345678', 'call 06 12 34 56 78.', 'call [number].'],
    ['+33612345678', '612-345-678', '[number]'],
    ['+33612345678', '1612345678', '[number]'],
    ['+33612345678', '2612345678', '2612345678'],
    ['+33612345678', 'cll-99933612345678111', 'cll-999[number]111'],
    ['+33612345678', '99 933 612 345 678 111', '99 9[number]111'],
    ['+33612345678', '0033 6 12 34 56 78', '[number]'],
    ['+33612345678', '+33 (0)6 12 34 56 78', '[number]'],
    ['+33612345678', '3361234567', '3361234567'],
    ['+33612345678', '+٣٣٦١٢٣٤٥٦٧٨', '[number]'],
    ['+33612345678', '３３６_１２/３４:５６·７８', '[number]'],
    ['+33612345678', '33612345678 and 33612345678', '[number] and [number]'],
    ['+33612345678', 'call 33612345678111', 'call [number]111'],
    ['5550123', 'at 5550123', 'at [number]'],
    ['5550123', 'at 05550123', 'at [number]'],
    ['+377123456', 'at 0123456', 'at 0123456'],
    ['5550123', 'at 95550123', 'at 9[number]'],
    ['+1-800-FLOWERS', 'dial 1 800 flowers today', '[number]'],
    ['+1-800-FLOWERS', 'dial 18003569377 today', 'dial [number] today'],
    ['alexander@pbx.example', 'Alexander @ PBX example', '[number]'],
  ])('of %s from "%s" leaves "%s"', (number, text, redacted) => {
    expect(createRedactor([number])?.redact(text)).toBe(redacted)
  })

  test('returns a text without the number exactly as it is', () => {
    for (const text of ['\u200eKim\u202c', '12345678', ' ']) {
      expect(createRedactor(['+33612345678'])?.redact(text)).toBe(text)
    }
  })

  test('of several spellings finds each', () => {
    const redactor = createRedactor(['+33612345678', '+12125550123', 'Alexander'])
    expect(redactor?.redact('33612345678, 12125550123')).not.toMatch(/\d/)
    expect(redactor?.cores).toEqual(['612345678', '2125550123', 'ALEXANDER'])
  })

  test('has the digits that every text with the number contains, each once', () => {
    expect(createRedactor(['+33612345678', '0033612345678'])?.cores).toEqual(['612345678'])
    // The national part is too short to be searched for.
    expect(createRedactor(['+377123456'])?.cores).toEqual(['377123456'])
    expect(createRedactor(['05550123'])?.cores).toEqual(['5550123'])
    expect(createRedactor(['0555012'])?.cores).toEqual(['0555012'])
  })

  test('is not possible for a number of fewer than seven digits or letters', () => {
    for (const short of ['555012', 'Kim', 'abcdef', '']) expect(createRedactor([short])).toBeNull()
    for (const long of ['5550123', 'abcdefg']) expect(createRedactor([long])).not.toBeNull()
    expect(createRedactor(['Kim', '5550123'])?.cores).toEqual(['5550123'])
    expect(createRedactor(['112', '5550123'])?.cores).toEqual(['5550123'])
  })
})

describe('a number key', () => {
  test('is the first half of the HMAC of the letters and digits', () => {
    expect(numberKeys.keyOf('+1 (212) 555-0010é')).toBe(hmacOf('12125550010é').slice(0, 32))
    for (const none of [null, '', ' +']) expect(numberKeys.keyOf(none)).toBeNull()
    expect(comparableNumber('+1 — ٣ x\u0301')).toBe('1٣x')
  })

  test('has a fingerprint of its secret, which is not the key of a number', () => {
    expect(numberKeys.fingerprint).toBe(hmacOf('fingerprint of this key').slice(0, 16))
  })

  test('that is missing or wrong is an error with a code of its own', () => {
    expect(new NumberKeyError('no key')).toMatchObject({ code: 'number_key', message: 'no key' })
  })
})

describe('suppression', () => {
  const keyOf = (text: string) => numberKeys.keyOf(text) ?? ''

  test.each<[number: string, spellings: readonly string[]]>([
    ['+33612345678', ['33612345678']],
    ['+33 612345678', ['33612345678']],
    ['+330612345678', ['330612345678', '33612345678']],
    ['+33 (0)6 12 34 56 78', ['330612345678', '33612345678']],
    ['+1212555', ['1212555']],
    ['+3530861234567', ['3530861234567', '353861234567']],
    ['tel:+33612345678', ['tel33612345678', '33612345678']],
    ['+12125550123 ext. 45', ['12125550123ext45', '12125550123x45']],
    ['Alex', ['Alex']],
    ['+', []],
  ])('of %s uses the keys of %s', (number, spellings) => {
    expect(suppressionKeys(number, numberKeys)).toEqual(spellings.map(keyOf))
  })

  test('removes a number from its row, and from the id of its call', () => {
    const rows = [
      row({ position: 0, numberTo: '+33612345678', callId: 'cll-33612345678', extra: { note: 'x' } }),
      row({ position: 1, numberTo: '+33 (0)6 12 34 56 78', callId: 'cll-1' }),
      row({ position: 2, numberTo: '+33612345678', callId: null }),
      row({ position: 3, numberTo: '+12125550123', callId: 'cll-12125550123', extra: { note: 'x' } }),
      row({ position: 4, numberTo: null, callId: 'cll-33612345678' }),
    ]
    const [first, second, third, fourth, fifth] = rows
    const concealed = concealedCallId('cll-33612345678', numberKeys)
    expect(concealed).toBe(`concealed-${keyOf(Buffer.from('cll-33612345678').toString('hex'))}`)
    expect(conceal(rows, new Set([keyOf('33612345678')]), numberKeys)).toEqual([
      { ...first, numberTo: null, callId: concealed, extra: null },
      { ...second, numberTo: null },
      { ...third, numberTo: null },
      fourth,
      fifth,
    ])
  })

  test('replaces each id of a call of a number that is too short to be searched for in it', () => {
    const short = row({ numberTo: '112', callId: 'cll-1' })
    const callId = concealedCallId('cll-1', numberKeys)
    expect(conceal([short], new Set([keyOf('112')]), numberKeys)).toEqual([
      { ...short, numberTo: null, callId },
    ])
  })

  test('returns the same array if there is nothing to remove', () => {
    const rows = [row({ numberTo: '+33612345678' })]
    expect(conceal(rows, new Set(), numberKeys)).toBe(rows)
    expect(conceal(rows, new Set([keyOf('+12125550123')]), numberKeys)).toBe(rows)
  })
})

function row(fields: Partial<QueueNumber>): QueueNumber {
  return {
    position: 0,
    numberTo: null,
    createdAt: '2026-04-30T10:00:00Z',
    updatedAt: null,
    callStartDate: null,
    callId: null,
    routingResult: null,
    syncStatus: null,
    detectedOutboundVoicemail: null,
    notReachedDestinationReason: null,
    voicemailLeft: null,
    extra: null,
    ...fields,
  }
}
