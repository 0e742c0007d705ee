/** Answers that are too long, too many, too deep or not what they seem: taken exactly, bounded, or refused by name. */
import { once } from 'node:events'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { createAlloClient } from '../src/allo/client.ts'
import { AlloError } from '../src/allo/errors.ts'
import { parseJson } from '../src/allo/json.ts'
import { largestBody, largestExtra, largestWalk, textLimits } from '../src/allo/limits.ts'
import { parseAccount, parseQueueAnswer, parseTeammates } from '../src/allo/parse.ts'
import { createSurpriseLog, mergeSurprises } from '../src/allo/surprises.ts'
import type { Surprise } from '../src/allo/types.ts'
import { walkQueue } from '../src/snapshot/walk-queue.ts'

const long = 'x'.repeat(8192)

describe('a value that can not be stored as it came', () => {
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
  ])('is an error that names row and field, when it says what the row is: %s', (_, fields, expected) => {
    expect(failing(() => readQueue({ numbers: [fields] }))).toContain(expected)
  })

  test.each([
    ['id', 'queue.id: longer than 256 bytes'],
    ['assignee_id', 'queue.assignee_id: longer than 256 bytes'],
  ])('is an error when it is %s of the queue', (field, expected) => {
    expect(failing(() => readQueue({ queue: { [field]: long } }))).toContain(expected)
  })

  test('an identifier as long as allowed is kept whole', () => {
    const id = 'é'.repeat(textLimits.id.bytes / 2)
    const { answer } = readQueue({ numbers: [{ call_id: id }], queue: { id } })
    expect(answer).toMatchObject({ queue: { id }, numbers: [{ callId: id }] })
  })

  test('an empty identifier is none, and told', () => {
    const { answer, surprises } = readQueue({ numbers: [{ call_id: '' }] })
    expect(answer).toMatchObject({ numbers: [{ callId: null }] })
    expect(surprises).toEqual([{ where: 'queue number.call_id', what: 'an empty identifier, taken as none' }])
  })

  test('a name of megabytes is left out and told, and so are undocumented fields of 16 kB', () => {
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
    'a time that can not be is kept and told: %s',
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

  test('more numbers than a queue can have are refused, announced or sent', () => {
    const numbers = Array.from({ length: largestWalk.numbers + 1 }, () => ({}))
    expect(failing(() => readQueue({ numbers }))).toContain('data: more than 100000 numbers in one answer')
    expect(failing(() => readQueue({ total: largestWalk.numbers + 1 }))).toContain(
      'pagination.total_count: more than 100000 numbers are announced',
    )
  })
})

describe('the lists of teammates', () => {
  test('a row that names nobody costs that teammate alone, and is told with its place', () => {
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

  test('the team of a key is named exactly, or the answer is refused', () => {
    const account = (team: object) => collect((context) => parseAccount({ data: { team } }, context)).value
    expect(account({ id: 'team-1', name: long }).team).toEqual({ id: 'team-1', name: null })
    expect(failing(() => account({ id: long }))).toContain('data.team.id: longer than 256 bytes')
  })
})

describe('JSON', () => {
  test('digits beyond 2^53 are text, exactly as they came', () => {
    expect(
      parseJson('{"a":[9007199254740993, -9007199254740993, 9007199254740991, 1.5, 12345678901234567890]}'),
    ).toEqual({
      a: ['9007199254740993', '-9007199254740993', 9007199254740991, 1.5, '12345678901234567890'],
    })
  })

  test.each([
    ['{"position":1,"id":"a","position":2}', 'the field position is there twice in one object'],
    ['{"a":{"b":[{"x":1,"\\u0078":2}]}}', 'the field x is there twice in one object'],
    ['{"+12125550010":1,"+12125550010":2}', 'a field is there twice in one object'],
    ['{"a":1,"a" :2}', 'the field a is there twice in one object'],
    ['{"a":1,"b":"\\":","a"\n:2}', 'the field a is there twice in one object'],
    ['{"__proto__":1,"__proto__":2}', 'the field __proto__ is there twice in one object'],
  ])('that says two things at once is refused: %s', (text, expected) => {
    expect(failing(() => parseJson(text))).toBe(expected)
  })

  test('nested deeper than any answer is refused', () => {
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
  ])('that says one thing is taken: %s', (text) => {
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
])('%s by the million are refused before they take memory', (_, textOf) => {
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

  test('a hundred kinds are listed and the others counted, however many', () => {
    const log = createSurpriseLog()
    for (const one of [...kinds(0, 5000), ...kinds(0, 5000)]) log.add(one)
    expect(log.all()).toHaveLength(101)
    expect(log.all().at(-1)).toMatchObject({ what: '4900 more, which are not listed', leftOut: 4900 })
  })

  test('what was taken comes again only in another pass', () => {
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

  test('what several processes noticed in one pass is bounded as what one noticed is', () => {
    let merged: readonly Surprise[] = []
    for (let from = 0; from < 1000; from += 50) merged = mergeSurprises(merged, kinds(from, 50))
    expect(merged).toHaveLength(101)
    expect(merged.at(-1)).toMatchObject({ leftOut: 900 })
  })

  test('an answer with a hundred thousand undocumented fields tells a thousand', () => {
    const fields = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`f${index}`, 1]))
    expect(readQueue({ queue: fields }).surprises).toHaveLength(1000)
  })
})

describe('on the wire', () => {
  const body = JSON.stringify(queueAnswer({}))
  const head = (status: string, more = '', length = Buffer.byteLength(body)) =>
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n${more}content-length: ${length}\r\nconnection: close\r\n\r\n`

  test.each([
    ['206 Partial Content', head('206 Partial Content') + body, 'status 206, and only 200 is an answer'],
    ['204 No Content', 'HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n', 'status 204, and only 200'],
    ['203 of a proxy', head('203 Non-Authoritative Information') + body, 'status 203, and only 200'],
    [
      '304 Not Modified',
      'HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n',
      'status 304, and only 200',
    ],
    [
      'an unasked 100 Continue',
      `HTTP/1.1 100 Continue\r\n\r\n${head('200 OK')}${body}`,
      'such as 100 Continue',
    ],
    ['a field that is there twice', twice(body), 'the field queue is there twice in one object'],
    ['HTML', `${head('200 OK', '', 6).replace('application/json', 'text/html')}<html>`, 'not JSON but HTML'],
  ])('%s is refused by name', async (_, answer, expected) => {
    const { allo } = await start(() => answer)
    expect(await refusal(allo.readQueuePage('usr-1', 1))).toContain(expected)
  })

  test.each([
    ['a byte order mark', () => `${head('200 OK', '', Buffer.byteLength(body) + 3)}\ufeff${body}`],
    [
      'early hints before the answer',
      () => `HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n${head('200 OK')}${body}`,
    ],
  ])('%s is no hindrance', async (_, answer) => {
    const { allo } = await start(answer)
    expect(await allo.readQueuePage('usr-1', 1)).toMatchObject({ kind: 'page', queue: { id: 'q' } })
  })

  test('a compressed body is refused, and never unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, ' '))
    const { allo } = await start((socket) => {
      socket.write(head('200 OK', 'content-encoding: gzip\r\n', bomb.length))
      socket.write(bomb)
      return ''
    })
    expect(await refusal(allo.readQueuePage('usr-1', 1))).toContain(
      'a compressed body, which was not asked for',
    )
  })

  test('a body without end costs no more memory than the largest one', async () => {
    let sent = 0
    const chunk = Buffer.alloc(1 << 20, ' ')
    const { allo } = await start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n')
      const pour = () => {
        while (!socket.destroyed && socket.write(chunk)) sent += chunk.length
      }
      socket.on('drain', pour)
      pour()
      return null
    })
    expect(await refusal(allo.readQueuePage('usr-1', 1))).toContain(
      `a body of more than ${largestBody} bytes`,
    )
    expect(sent).toBeLessThan(2 * largestBody)
  })

  test('a queue whose pages never end is given up: many rows a page, or few', async () => {
    const endless = (rows: number) => {
      let page = 0
      return () => {
        page += 1
        const first = page * rows
        const numbers = Array.from({ length: rows }, (_, index) => ({ position: first + index }))
        const text = JSON.stringify(queueAnswer({ numbers, total: null, hasMore: true }))
        return head('200 OK', '', text.length) + text
      }
    }
    const many = await start(endless(10_000))
    await expect(walkQueue(many.allo, 'usr-1')).rejects.toMatchObject({
      code: 'queue_too_large',
      message: 'its queue has more than 100000 numbers',
    })
    expect(many.requests()).toBe(11)
    const few = await start(endless(1))
    await expect(walkQueue(few.allo, 'usr-1')).rejects.toMatchObject({ code: 'endless_queue' })
    expect(few.requests()).toBe(largestWalk.pages)
  })

  test('a queue that goes on beyond its own count is given up at once', async () => {
    const { allo, requests } = await start(() => {
      const text = JSON.stringify(queueAnswer({ numbers: [{}, { position: 1 }], total: 1, hasMore: true }))
      return head('200 OK', '', text.length) + text
    })
    expect(await walkQueue(allo, 'usr-1')).toMatchObject({
      kind: 'broken',
      why: 'more rows came than total_count announced',
    })
    expect(requests()).toBe(1)
  })

  function twice(text: string) {
    const doubled = `${text.slice(0, -1)},"queue":{"id":"other"}}`
    return head('200 OK', '', doubled.length) + doubled
  }
})

interface Parts {
  readonly numbers?: readonly object[]
  readonly queue?: object
  readonly total?: number | null
  readonly hasMore?: boolean
}

function queueAnswer({ numbers = [{}], queue = {}, total = numbers.length, hasMore = false }: Parts) {
  return {
    data: numbers.map((fields, position) => ({ position, ...fields })),
    queue: { id: 'q', ...queue },
    pagination: { has_more: hasMore, total_count: total },
  }
}

function readQueue(parts: Parts) {
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

async function refusal(asked: Promise<unknown>): Promise<string> {
  const error: unknown = await asked.catch((reason: unknown) => reason)
  if (error instanceof AlloError) return error.message
  throw new Error(`it was not refused: ${String(error)}`)
}

const cleanUps: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

/** A server that says exactly these bytes to each request, and then hangs up unless it gives null. */
async function start(answer: (socket: Socket) => string | null) {
  let requests = 0
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    socket.once('data', () => {
      requests += 1
      const text = answer(socket)
      if (text !== null) socket.end(text)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const allo = createAlloClient({
    apiUrl: `http://127.0.0.1:${port}`,
    apiKey: () => 'ak_live_of_a_test',
    authScheme: 'Api-Key',
    timeoutMs: 20_000,
    naiveTimeZone: 'UTC',
    pacer: { turn: async () => undefined, pause: async () => undefined },
    userAgent: 'allo-queue-mirror/test',
    retry: { retries: 1, minMs: 1, maxMs: 2 },
    onSurprise: () => undefined,
  })
  cleanUps.push(async () => {
    await allo.close()
    for (const socket of sockets) socket.destroy()
    await new Promise((done) => server.close(done))
  })
  return { allo, requests: () => requests }
}
