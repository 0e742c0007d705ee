/** What is said of an answer that is not as documented, exactly: errors by path, and surprises. */
import { describe, expect, test } from 'vitest'
import { AlloSurprisedError } from '../src/allo/errors.ts'
import { largestTeam, largestWalk } from '../src/allo/limits.ts'
import { parseQueueAnswer } from '../src/allo/parse-queue.ts'
import { parseAccount, parseTeammates } from '../src/allo/parse-team.ts'
import type { Surprise } from '../src/allo/types.ts'

const asked = 'queue of usr-1'

/** What it returns or why it is refused, and the surprises. */
function read<T>(parse: (context: Parameters<typeof parseAccount>[1]) => T) {
  const surprises: string[] = []
  const onSurprise = ({ where, what }: Surprise) => void surprises.push(`${where}: ${what}`)
  try {
    return { value: parse({ asked, requestId: 'req-1', naiveTimeZone: 'UTC', onSurprise }), surprises }
  } catch (error) {
    if (!(error instanceof AlloSurprisedError)) throw error
    expect(error).toMatchObject({ asked, requestId: 'req-1' })
    return { refused: `${error.path}: ${error.issue}`, surprises }
  }
}

const readQueue = (body: unknown) => read((context) => parseQueueAnswer(body, 2, context))
const readTeam = (body: unknown) => read((context) => parseTeammates(body, context))
const readAccount = (body: unknown) => read((context) => parseAccount(body, context))

const queue = { id: 'q' }
const pagination = { has_more: false }
const page = (fields: object) => ({ data: [], queue, pagination: { ...pagination, ...fields } })

describe('an answer about a queue is refused', () => {
  test.each<[body: unknown, refused: string]>([
    [[], ': an object is documented, a list came'],
    [{ data: {} }, 'data: a list is documented, an object came'],
    [{ data: null, queue }, 'data: a list is documented, null came'],
    [{ data: [], queue: 7 }, 'queue: an object is documented, a number came'],
    [{ data: [], queue: {}, pagination }, 'queue.id: a queue without a usable id'],
    [{ data: [], queue }, 'pagination: an object is documented, nothing came'],
    [page({ has_more: 'no' }), 'pagination.has_more: true or false is documented, text came'],
    [
      page({ total_count: largestWalk.numbers + 1 }),
      `pagination.total_count: more than ${largestWalk.numbers} numbers are announced`,
    ],
    [{ data: ['x'], queue, pagination }, 'data[0]: row 0 of page 2 is not an object but text'],
    [
      { data: [{ position: 0 }, {}], queue, pagination },
      'data[1].position: row 1 of page 2 has no position from 0 to 2147483647',
    ],
    [{ data: [{ position: 0 }] }, 'queue: numbers came without the queue they belong to'],
    [
      { data: [], pagination: { has_more: true } },
      'pagination.has_more: no queue and no numbers, but more are announced',
    ],
    [
      { data: [], pagination: { total_count: 1 } },
      'pagination.total_count: no queue and no numbers, but numbers are counted',
    ],
    [{ data: [], pagination: 'x' }, 'pagination: an object is documented, text came'],
    [{ data: { numbers: 'x' } }, 'data.numbers: a list is expected, text came'],
    [{ data: { numbers: [] } }, 'data.id: a queue without a usable id'],
    [
      { data: { id: 'q', numbers: [{}] } },
      'data.numbers[0].position: row 0 of page 2 has no position from 0 to 2147483647',
    ],
    [{ data: { id: 'q', numbers: [] }, pagination: {} }, expect.stringContaining('pagination.has_more')],
  ])('%j: %s', (body, refused) => {
    expect(readQueue(body)).toMatchObject({ refused })
  })

  test('with more rows than a queue may have', () => {
    const rows = (count: number) => Array.from({ length: count }, (_, position) => ({ position }))
    const refused = `more than ${largestWalk.numbers} numbers in one answer`
    const body = (count: number) => ({ data: rows(count), queue, pagination })
    expect(readQueue(body(largestWalk.numbers + 1))).toMatchObject({ refused: `data: ${refused}` })
    expect(readQueue(body(largestWalk.numbers))).toHaveProperty('value')
  })
})

describe('an answer about a queue is read', () => {
  test.each<[body: unknown, surprises: readonly string[]]>([
    [page({ page: 2 }), []],
    [page({ page: 1 }), ['pagination.page: not the page that was asked for']],
    [page({ page: '1' }), []],
    [page({ more: 1 }), ['pagination.more: unknown field']],
    [{ ...page({}), extra: 1 }, ['queue answer.extra: unknown field']],
    [page({ total_count: null }), []],
    [page({ total_count: 1.5 }), ['pagination.total_count: not a whole number']],
    [page({ total_count: -1 }), ['pagination.total_count: not a whole number']],
    [page({ total_count: '3' }), ['pagination.total_count: not a whole number']],
    [page({ total_count: `${largestWalk.numbers + 1}` }), ['pagination.total_count: not a whole number']],
  ])('%j, with these surprises: %j', (body, surprises) => {
    expect(readQueue(body)).toMatchObject({ value: { kind: 'page' }, surprises })
  })

  test('with the total that it announces, if it is a whole number', () => {
    const totals = [0, 7, largestWalk.numbers, 1.5, -1, '3', null].map((total_count) => {
      const { value } = readQueue(page({ total_count }))
      return value?.kind === 'page' ? value.totalCount : 'refused'
    })
    expect(totals).toEqual([0, 7, largestWalk.numbers, null, null, null, null])
  })

  test('in the older form as a whole, unless it has pages', () => {
    const older = (pagination: unknown) => readQueue({ data: { id: 'q', numbers: [] }, pagination }).value
    expect(older(undefined)).toMatchObject({ totalCount: null, hasMore: false })
    expect(older(null)).toMatchObject({ totalCount: null, hasMore: false })
    expect(older({ has_more: true, total_count: 9 })).toMatchObject({ totalCount: 9, hasMore: true })
  })

  test('as none if nothing in it speaks of a queue', () => {
    const none = { kind: 'no_queue', requestId: 'req-1' }
    for (const pagination of [
      undefined,
      null,
      {},
      { has_more: false, total_count: 0 },
      { total_count: null },
    ]) {
      expect(readQueue({ data: [], pagination }).value).toEqual(none)
      expect(readQueue({ data: [], queue: null, pagination }).value).toEqual(none)
    }
  })
})

test('a time after the day after tomorrow is implausible, and so is one before 2000', () => {
  const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
  const surprisesOf = (created_at: string) =>
    readQueue({ data: [{ position: 0, created_at }], queue, pagination }).surprises
  // At midnight, the day may change between the two.
  const tomorrow = day(1)
  const inThreeDays = day(3)
  const implausible = ['queue number.created_at: an implausible time, before 2000 or in the future']
  expect(surprisesOf(`${tomorrow}T23:59:59Z`)).toEqual([])
  expect(surprisesOf(`${day(2)}T00:00:00Z`)).toEqual([])
  expect(surprisesOf(`${inThreeDays}T23:59:59Z`)).toEqual(implausible)
  expect(surprisesOf('2000-01-01T00:00:00Z')).toEqual([])
  expect(surprisesOf('1999-12-31T23:59:59Z')).toEqual(implausible)
})

describe('a list of teammates', () => {
  test.each<[body: unknown, refused: string]>([
    [null, ': an object is documented, null came'],
    [{ data: 'x' }, 'data: a list is documented, text came'],
    [{ data: [{}] }, 'data[0].id: a teammate without a usable id'],
    [{ data: [1, {}] }, 'data[0]: an object is documented, a number came'],
    [
      { data: [], pagination: { has_more: 1 } },
      'pagination.has_more: true or false is documented, a number came',
    ],
  ])('is refused, %j: %s', (body, refused) => {
    expect(readTeam(body)).toMatchObject({ refused })
  })

  test('may have as many as the limit', () => {
    const rows = (count: number) => Array.from({ length: count }, () => ({ id: 'usr-1' }))
    expect(readTeam({ data: rows(largestTeam.teammates) })).toHaveProperty('value')
    expect(readTeam({ data: rows(largestTeam.teammates + 1) })).toMatchObject({
      refused: `data: more than ${largestTeam.teammates} teammates`,
    })
  })

  test('takes the first of two rows of one teammate, and leaves out rows without an id', () => {
    const data = [{ id: 'usr-1', name: 'first' }, {}, { id: 'usr-1', name: 'second' }, { id: 'usr-2' }, 7]
    const { value, surprises } = readTeam({ data })
    expect(value?.teammates.map(({ userId, name }) => [userId, name])).toEqual([
      ['usr-1', 'first'],
      ['usr-2', null],
    ])
    expect(value?.unusable).toEqual({ count: 2, first: 'data[1].id: a teammate without a usable id' })
    expect(surprises).toEqual(['teammate.id: the same teammate twice, the first one was taken'])
  })

  test('has more pages only if it says so', () => {
    const paginations = [undefined, null, 7, {}, { has_more: null }, { has_more: false }, { has_more: true }]
    const more = paginations.map((pagination) => readTeam({ data: [], pagination }).value?.hasMore)
    expect(more).toEqual([false, false, false, false, false, false, true])
  })
})

describe('an account', () => {
  test.each<[body: unknown, refused: string]>([
    [7, ': an object is documented, a number came'],
    [{}, 'data: an object is documented, nothing came'],
    [{ data: { api_key_id: 'x'.repeat(257) } }, 'data.api_key_id: longer than 256 bytes'],
    [{ data: { team: { id: 'x'.repeat(257) } } }, 'data.team.id: longer than 256 bytes'],
  ])('is refused, %j: %s', (body, refused) => {
    expect(readAccount(body)).toMatchObject({ refused })
  })

  test.each<[data: object, value: object, surprises: readonly string[]]>([
    [{}, { apiKeyId: null, team: null, scopes: null, readsPerSecond: null }, []],
    [{ team: null, scopes: null, rate_limits: { read_per_second: null } }, { readsPerSecond: null }, []],
    [{ api_key_id: [] }, { apiKeyId: null }, ['account.api_key_id: text is documented, a list came']],
    [{ team: 7 }, { team: null }, ['account.team: no usable id']],
    [{ team: { name: 'Acme' } }, { team: null }, ['account.team: no usable id']],
    [
      { team: { id: 't', name: 'x'.repeat(3000) } },
      { team: { id: 't', name: null } },
      ['account.team.name: longer than 2048 bytes, left out'],
    ],
    [{ scopes: ['A', 7, 'B'] }, { scopes: ['A', 'B'] }, []],
    [{ scopes: 'A' }, { scopes: null }, ['account.scopes: a list is documented, text came']],
    [{ rate_limits: 7 }, { readsPerSecond: null }, []],
    [{ rate_limits: { read_per_second: 20 } }, { readsPerSecond: 20 }, []],
    [
      { rate_limits: { read_per_second: 0 } },
      { readsPerSecond: null },
      ['account.rate_limits: a number above 0 is documented as read_per_second, 0 came'],
    ],
    [
      { rate_limits: { read_per_second: 'x' } },
      { readsPerSecond: null },
      ['account.rate_limits: a number above 0 is documented as read_per_second, text came'],
    ],
    [
      { rate_limits: { read_per_second: 0.5 } },
      { readsPerSecond: 1 },
      ['account.rate_limits: read_per_second is 0.5, 1 is used: ALLO_READS_PER_SECOND sets another'],
    ],
    [
      { rate_limits: { read_per_second: 1001 } },
      { readsPerSecond: 1000 },
      ['account.rate_limits: read_per_second is 1001, 1000 is used: ALLO_READS_PER_SECOND sets another'],
    ],
  ])('is read, %j', (data, value, surprises) => {
    const read = readAccount({ data })
    expect(read).toMatchObject({ value })
    expect(read.surprises).toEqual(surprises)
  })
})
