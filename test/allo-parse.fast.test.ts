import { describe, expect, test } from 'vitest'
import { AlloSurprisedError } from '../src/allo/errors.ts'
import { parseQueueAnswer } from '../src/allo/parse-queue.ts'
import { parseAccount, parseTeammates } from '../src/allo/parse-team.ts'
import { isStorable, toQuotable, toStorableText, withoutNumbers } from '../src/allo/text.ts'
import { toTimestamp } from '../src/allo/timestamp.ts'
import type { QueueAnswer, Surprise } from '../src/allo/types.ts'

const documented = {
  data: [
    {
      number_to: '+12125550010',
      position: 0,
      created_at: '2026-04-30T10:00:00',
      updated_at: '2026-04-30T10:00:00',
      call_start_date: null,
      call_id: null,
      routing_result: null,
      sync_status: 'NOT_SYNCED',
    },
  ],
  pagination: { page: 1, size: 100, total_count: 137, total_pages: 2, has_more: true },
  queue: {
    id: 'pdl_2xGh7kLmNpQr',
    name: 'My Queue',
    creator_id: 'usr_abc123',
    assignee_id: null,
    voicemail_handling: 'NO_SKIP',
    do_not_disturb: 'DISABLED',
    created_at: '2026-04-30T10:00:00',
    updated_at: '2026-04-30T10:00:00',
  },
}

describe('a response with a queue', () => {
  test('is converted to values without a surprise if it is as documented', () => {
    const { answer, surprises } = read(documented)
    expect(answer).toEqual({
      kind: 'page',
      queue: {
        id: 'pdl_2xGh7kLmNpQr',
        name: 'My Queue',
        creatorId: 'usr_abc123',
        assigneeId: null,
        voicemailHandling: 'NO_SKIP',
        doNotDisturb: 'DISABLED',
        createdAt: '2026-04-30T10:00:00Z',
        updatedAt: '2026-04-30T10:00:00Z',
        extra: null,
      },
      numbers: [
        {
          position: 0,
          numberTo: '+12125550010',
          createdAt: '2026-04-30T10:00:00Z',
          updatedAt: '2026-04-30T10:00:00Z',
          callStartDate: null,
          callId: null,
          routingResult: null,
          syncStatus: 'NOT_SYNCED',
          detectedOutboundVoicemail: null,
          notReachedDestinationReason: null,
          voicemailLeft: null,
          extra: null,
        },
      ],
      totalCount: 137,
      hasMore: true,
      requestId: 'req_1',
    })
    expect(surprises).toEqual([])
  })

  test('needs only a queue id, positions and has_more', () => {
    const { answer, surprises } = read({
      data: [{ position: 4 }],
      pagination: { has_more: false },
      queue: { id: 'q' },
    })
    expect(answer).toMatchObject({
      kind: 'page',
      totalCount: null,
      hasMore: false,
      numbers: [{ position: 4, numberTo: null }],
    })
    expect(surprises).toEqual([])
  })

  test.each([
    [
      'zeroed pagination',
      { data: [], pagination: { page: 1, size: 100, total_count: 0, total_pages: 0, has_more: false } },
    ],
    ['no pagination', { data: [] }],
    ['null instead of a queue', { data: [], queue: null, pagination: null }],
  ])('says that a teammate has no queue: %s', (_, body) => {
    expect(read(body).answer).toEqual({ kind: 'no_queue', requestId: 'req_1' })
  })

  test('can contain an empty queue, which is a queue', () => {
    const { answer } = read({ data: [], pagination: { has_more: false, total_count: 0 }, queue: { id: 'q' } })
    expect(answer).toMatchObject({ kind: 'page', queue: { id: 'q' }, numbers: [], totalCount: 0 })
  })

  test('in the older form is one complete page', () => {
    const { answer, surprises } = read({
      data: { id: 'q', name: 'Old', numbers: [{ position: 0 }, { position: 1 }] },
    })
    expect(answer).toMatchObject({
      kind: 'page',
      queue: { id: 'q', extra: null },
      totalCount: null,
      hasMore: false,
    })
    expect(answer.kind === 'page' && answer.numbers).toHaveLength(2)
    expect(surprises).toEqual([])
  })

  const queue = { id: 'q' }
  const pagination = { has_more: false }
  test.each([
    ['not an object', [], ''],
    ['null', null, ''],
    ['no data', { pagination, queue }, 'data'],
    ['null data', { data: null }, 'data'],
    ['an error with status 200', { error: { code: 'X' } }, 'data'],
    ['numbers without a queue', { data: [{ position: 0 }], pagination }, 'queue'],
    ['no queue, but more', { data: [], pagination: { has_more: true } }, 'pagination.has_more'],
    [
      'no queue, but a count',
      { data: [], pagination: { has_more: false, total_count: 9 } },
      'pagination.total_count',
    ],
    ['a queue of text', { data: [], pagination, queue: 'q' }, 'queue'],
    ['a queue without id', { data: [], pagination, queue: { name: 'x' } }, 'queue.id'],
    ['a queue with an empty id', { data: [], pagination, queue: { id: '' } }, 'queue.id'],
    ['no pagination', { data: [], queue }, 'pagination'],
    ['no has_more', { data: [], queue, pagination: {} }, 'pagination.has_more'],
    ['has_more as text', { data: [], queue, pagination: { has_more: 'false' } }, 'pagination.has_more'],
    ['a row that is null', { data: [{ position: 0 }, null], queue, pagination }, 'data[1]'],
    ['a row that is a list', { data: [[]], queue, pagination }, 'data[0]'],
    ['older form without a list', { data: { id: 'q', numbers: {} } }, 'data.numbers'],
  ])('is refused if an indispensable part is not as documented: %s', (_, body, path) => {
    expect(() => read(body)).toThrow(AlloSurprisedError)
    expect(catching(() => read(body))).toMatchObject({ path, retryable: false, requestId: 'req_1' })
  })

  test.each([undefined, null, -1, 1.5, 2_147_483_648, '3', true, Number.NaN])(
    'with the position %s is refused, and the error names page and row',
    (position) => {
      const error = catching(() => read({ data: [{ position: 0 }, { position }], queue, pagination }, 7))
      expect(error).toMatchObject({ path: 'data[1].position' })
      expect(error.message).toContain('row 1 of page 7')
    },
  )

  test('may contain the largest position that the column can store', () => {
    expect(number({ position: 2_147_483_647 }).position).toBe(2_147_483_647)
    expect(Object.is(number({ position: -0 }).position, 0)).toBe(true)
  })

  test('may contain undocumented fields: they are stored, and reported once, not once per row', () => {
    const rows = Array.from({ length: 50 }, (_, position) => ({ position, call_status: 'QUEUED' }))
    const { answer, surprises } = read({
      data: rows,
      queue: { id: 'q', colour: 'red' },
      pagination,
      trace: 1,
    })
    expect(answer).toMatchObject({
      queue: { extra: { colour: 'red' } },
      numbers: expect.arrayContaining([expect.objectContaining({ extra: { call_status: 'QUEUED' } })]),
    })
    expect(surprises).toEqual([
      { where: 'queue answer.trace', what: 'unknown field' },
      { where: 'queue.colour', what: 'unknown field' },
      { where: 'queue number.call_status', what: 'unknown field' },
    ])
  })

  test('may contain undocumented words: they are stored and reported, but a value that is not a word is not stored', () => {
    const { answer, surprises } = read(
      row({
        routing_result: 'PARKED',
        sync_status: '+12125550010',
        not_reached_destination_reason: 'call 2125550010',
      }),
    )
    expect(answer).toMatchObject({
      numbers: [
        {
          routingResult: 'PARKED',
          syncStatus: '[not a word]',
          notReachedDestinationReason: '[not a word]',
        },
      ],
    })
    expect(surprises.map(({ what }) => what)).toEqual([
      'unknown value PARKED',
      'unknown value',
      'unknown value',
    ])
  })

  test('may contain a field name that could be a phone number: it is not reported by name', () => {
    const { surprises } = read(row({ '+12125550010': 1 }))
    expect(JSON.stringify(surprises)).not.toContain('2125550010')
  })

  test('may contain numbers instead of text: they become text', () => {
    expect(number({ call_id: 12, number_to: 12125550010 })).toMatchObject({
      callId: '12',
      numberTo: '12125550010',
      extra: null,
    })
  })

  test('may contain values of an undocumented type: they are stored in extra, not in the column', () => {
    const { answer, surprises } = read(
      row({
        number_to: { value: '+1' },
        voicemail_left: 'yes',
        detected_outbound_voicemail: 1,
        created_at: 17,
        call_id: ['x'],
      }),
    )
    expect(answer).toMatchObject({
      numbers: [
        {
          numberTo: null,
          voicemailLeft: null,
          detectedOutboundVoicemail: null,
          createdAt: null,
          callId: null,
          extra: {
            number_to: { value: '(text)' },
            voicemail_left: 'yes',
            detected_outbound_voicemail: 1,
            created_at: 17,
            call_id: ['x'],
          },
        },
      ],
    })
    expect(surprises).toContainEqual({
      where: 'queue number.number_to',
      what: 'text is documented, an object came',
    })
    expect(surprises).toHaveLength(5)
  })

  test('may contain an unreadable timestamp: the column is null, and extra keeps its text', () => {
    expect(number({ created_at: '2026-02-30T10:00:00' })).toMatchObject({
      createdAt: null,
      extra: { created_at: '2026-02-30T10:00:00' },
    })
  })

  test('may contain undocumented fields: values that can’t contain a phone number are stored, of others only the type', () => {
    const digits = '2125550010'
    const hiding: Record<string, unknown>[] = [
      { phone: `+1${digits}` },
      { phone: 12125550010 },
      { phone: 2125.55001 },
      { [`+1${digits}`]: true },
      { parts: ['212', '555', '0010'] },
      { parts: [212, 555, 10, 0] },
      { country: 1, area: 212, exchange: 555, line: 10 },
      { a_212: true, b_555: true, c_00: true, d_10: true },
      { phone: '٢١٢٥٥٥٠٠١٠' },
      { phone: '２１２５５５００１０' },
      { phone: '1-800-FLOWERS' },
      { phone: '1800FLOWERS' },
      { phone: 'sip:alex@pbx.example' },
      { contact: { deep: [{ tel: `tel:+1-${digits}` }] } },
    ]
    for (const field of hiding) {
      const extra = JSON.stringify(number(field).extra)
      expect(extra).not.toMatch(/\p{Nd}{3}|FLOWERS|alex/u)
    }
    const kept = {
      call_status: 'QUEUED',
      attempts: 3,
      score: 0.95,
      is_hot: true,
      nothing: null,
      at: '2026-04-30T10:00:00.123456Z',
      scoring: { model: 'v3', tags: ['hot', 'emea'] },
    }
    expect(number(kept).extra).toEqual(kept)
  })

  test('may have a number in an id: messages mask it, but keep instants, UUIDs and addresses', () => {
    for (const number of [
      '+12125550010',
      '2125550010',
      '+33 (0)6 12 34 56 78',
      '06.12.34.56.78',
      '212-555-0010',
      '+1 212 555 0010',
      '٢١٢٥٥٥٠٠١٠',
      '２１２５５５００１０',
      '2\u200e125550010',
      '1-800-FLOWERS',
    ])
      expect(withoutNumbers(`queue of ${number}, asked twice`)).toBe('queue of [number], asked twice')
    for (const text of [
      'at 2026-04-30T10:00:00.123456Z, on 2026-04-30',
      'request 123e4567-e89b-12d3-a456-426614174000',
      'connect ECONNREFUSED 192.168.100.200:5432',
      'queue pdl_2xGh7kLmNpQr8890 of usr-abc123',
    ])
      expect(withoutNumbers(text)).toBe(text)
  })

  test('may contain text that Postgres cannot store: it is changed, and no row is lost', () => {
    const { answer, surprises } = read(row({ number_to: 'a\0b\ud800c', odd: [null, { deep: '\udfff' }] }))
    expect(answer).toMatchObject({
      numbers: [{ numberTo: 'a\ufffdb\ufffdc', extra: { odd: [null, { deep: '(text)' }] } }],
    })
    expect(surprises.filter(({ what }) => what.includes('replaced')).map(({ where }) => where)).toEqual([
      'queue number.number_to',
      'queue number.odd',
    ])
  })

  test('may contain a field named __proto__, which is an ordinary field', () => {
    const body: unknown = JSON.parse(
      '{"data":[{"position":0,"__proto__":{"call_id":"x"},"odd":{"__proto__":{"polluted":1}}}],"queue":{"id":"q"},"pagination":{"has_more":false}}',
    )
    const { answer } = read(body)
    const first = answer.kind === 'page' ? answer.numbers[0] : undefined
    expect(first?.callId).toBeNull()
    expect(JSON.stringify(first?.extra)).toBe(
      '{"__proto__":{"call_id":"x"},"odd":{"__proto__":{"polluted":1}}}',
    )
    expect('polluted' in {}).toBe(false)
  })

  test('may be nested without limit: it is cut and causes no crash', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`)
    const { surprises } = read(row({ deep }))
    expect(surprises).toContainEqual({
      where: 'queue number.deep',
      what: expect.stringContaining('nested deeper'),
    })
  })

  test('with 25,000 rows is parsed in the time of a few requests', () => {
    const rows = Array.from({ length: 25_000 }, (_, position) => ({
      ...documented.data[0],
      position,
      call_status: 'QUEUED',
    }))
    const body = { ...documented, data: rows }
    read(body)
    const before = process.cpuUsage()
    read(body)
    const { user, system } = process.cpuUsage(before)
    // Some 60 ms of CPU; the bound is for an accident, such as a schema check per row.
    expect((user + system) / 1000).toBeLessThan(1000)
  })
})

describe('a timestamp', () => {
  test.each([
    ['2026-04-30T10:00:00', '2026-04-30T10:00:00Z'],
    ['2026-04-30 10:00:00', '2026-04-30T10:00:00Z'],
    ['2026-04-30T10:00:00Z', '2026-04-30T10:00:00Z'],
    ['2026-04-30T10:00:00.123456Z', '2026-04-30T10:00:00.123456Z'],
    ['2026-04-30T10:00:00.123456', '2026-04-30T10:00:00.123456Z'],
    ['2026-04-30T10:00:00.9999999', '2026-04-30T10:00:00.999999Z'],
    ['2026-04-30T10:00:00+02:00', '2026-04-30T10:00:00+02:00'],
    ['2026-04-30T10:00:00-0330', '2026-04-30T10:00:00-03:30'],
    ['2026-04-30 10:00:00+00', '2026-04-30T10:00:00+00:00'],
    ['2026-04-30T10:00:00+15:59', '2026-04-30T10:00:00+15:59'],
    ['2026-04-30 10:00:00 UTC', '2026-04-30T10:00:00Z'],
    ['2026-04-30T10:00', '2026-04-30T10:00:00Z'],
    ['2024-02-29T23:59:59', '2024-02-29T23:59:59Z'],
    ['0001-01-01T00:00:00', '0001-01-01T00:00:00Z'],
  ])('%s is read as %s', (text, expected) => {
    expect(toTimestamp(text, 'UTC')).toBe(expected)
  })

  test.each([
    '',
    'now',
    'infinity',
    '2026-04-30',
    '1777543200',
    '2026-13-01T00:00:00',
    '2026-00-01T00:00:00',
    '2026-04-31T00:00:00',
    '2026-02-29T00:00:00',
    '1900-02-29T00:00:00',
    '2026-04-30T24:00:00',
    '2026-04-30T10:60:00',
    '2026-04-30T10:00:60',
    '0000-01-01T00:00:00',
    '12026-04-30T10:00:00',
    '2026-04-30T10:00:00+16:00',
    '2026-04-30T10:00:00+02:60',
    '2026-04-30T10:00:00 Europe/Paris',
    '2026-04-30T10:00:00Z\n',
    '2026-04-30T10:00:00.Z',
  ])('%j is not a timestamp', (text) => {
    expect(toTimestamp(text, 'UTC')).toBeNull()
  })

  test('without a time zone uses the configured one; with a time zone it does not', () => {
    expect(toTimestamp('2026-04-30T10:00:00.5', 'Europe/Paris')).toBe('2026-04-30T10:00:00.5 Europe/Paris')
    expect(toTimestamp('2026-04-30T10:00:00Z', 'Europe/Paris')).toBe('2026-04-30T10:00:00Z')
    expect(toTimestamp('2026-04-30T10:00:00', 'Etc/UTC')).toBe('2026-04-30T10:00:00Z')
  })
})

describe('teammates and the account', () => {
  test('a teammate needs only an id', () => {
    const full = {
      id: 'usr-1',
      name: 'Alex',
      email: 'a@b.c',
      role: 'ADMIN',
      status: 'ACTIVE',
      image_url: null,
    }
    const { value, surprises } = collect((context) =>
      parseTeammates({ data: [full, { id: 'usr-2' }] }, context),
    )
    expect(value.hasMore).toBe(false)
    expect(value.teammates).toEqual([
      {
        userId: 'usr-1',
        name: 'Alex',
        email: 'a@b.c',
        role: 'ADMIN',
        status: 'ACTIVE',
        imageUrl: null,
        extra: null,
      },
      { userId: 'usr-2', name: null, email: null, role: null, status: null, imageUrl: null, extra: null },
    ])
    expect(surprises).toEqual([])
  })

  test.each([
    [{}],
    [{ data: [{}] }],
    [{ data: [{ id: '' }] }],
    [{ data: ['usr-1'] }],
    [{ data: [], pagination: { has_more: 1 } }],
  ])('a list that could hide a teammate is refused: %j', (body) => {
    expect(() => collect((context) => parseTeammates(body, context))).toThrow(AlloSurprisedError)
  })

  test('missing fields of the account are null', () => {
    const whole = {
      data: {
        api_key_id: 'key_1',
        scopes: ['USERS_READ'],
        endpoints: [],
        team: { id: 'team-1', name: 'Acme' },
        rate_limits: { read_per_second: 20, write_per_second: 5 },
      },
    }
    expect(collect((context) => parseAccount(whole, context)).value).toEqual({
      apiKeyId: 'key_1',
      team: { id: 'team-1', name: 'Acme' },
      scopes: ['USERS_READ'],
      readsPerSecond: 20,
    })
    const odd = { data: { team: null, scopes: 'ALL', rate_limits: { read_per_second: 0 } } }
    const { value, surprises } = collect((context) => parseAccount(odd, context))
    expect(value).toEqual({ apiKeyId: null, team: null, scopes: null, readsPerSecond: null })
    expect(surprises).toEqual([
      { where: 'account.scopes', what: 'a list is documented, text came' },
      { where: 'account.rate_limits', what: 'a number above 0 is documented as read_per_second, 0 came' },
    ])
  })

  test.each([
    [0.001, 1],
    [1e-300, 1],
    [1e9, 1000],
    [-5, null],
    ['20', null],
    [{}, null],
  ])('a limit of %j reads per second becomes %j and is reported', (came, used) => {
    const body = { data: { rate_limits: { read_per_second: came } } }
    const { value, surprises } = collect((context) => parseAccount(body, context))
    expect(value.readsPerSecond).toBe(used)
    expect(surprises).toEqual([
      { where: 'account.rate_limits', what: expect.stringContaining('read_per_second') },
    ])
  })
})

describe('text', () => {
  test('a surrogate pair is one character and is kept', () => {
    expect(isStorable('\u{1f600}')).toBe(true)
    expect(toStorableText('\ud83d')).toBe('\ufffd')
  })

  test('a quotation from a server is one line without numbers, keys and addresses', () => {
    const quoted = toQuotable(`No +1 212 555 0010,\n key ak_live_abc for a@b.c ${'x'.repeat(300)}`)
    expect(quoted).toMatch(/^No \+\[number\], key \[key\] for \[email\] x+…$/)
    expect(quoted).toHaveLength(200)
    expect(toQuotable('page size must be 1-100')).toBe('page size must be 1-100')
  })
})

function collect<T>(parse: (context: Parameters<typeof parseAccount>[1]) => T): {
  value: T
  surprises: Surprise[]
} {
  const surprises: Surprise[] = []
  const value = parse({
    asked: 'queue of usr-1, page 1',
    requestId: 'req_1',
    naiveTimeZone: 'UTC',
    onSurprise: (surprise) => surprises.push(surprise),
  })
  return { value, surprises }
}

function read(body: unknown, page = 1): { answer: QueueAnswer; surprises: Surprise[] } {
  const { value, surprises } = collect((context) => parseQueueAnswer(body, page, context))
  return { answer: value, surprises }
}

function row(fields: Record<string, unknown>) {
  return { data: [{ position: 0, ...fields }], queue: { id: 'q' }, pagination: { has_more: false } }
}

function number(fields: Record<string, unknown>) {
  const { answer } = read(row(fields))
  const first = answer.kind === 'page' ? answer.numbers[0] : undefined
  if (!first) throw new Error('the answer has no number')
  return first
}

function catching(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('it threw nothing')
}
