import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { type AlloClientSettings, createAlloClient } from '../src/allo/client.ts'
import {
  AlloError,
  AlloRefusedError,
  AlloSurprisedError,
  AlloThrottledError,
  AlloUnreachableError,
} from '../src/allo/errors.ts'
import { createPacer } from '../src/allo/pacer.ts'
import { createPrivateReadBudget } from '../src/allo/private-read-budget.ts'
import { createTransport } from '../src/allo/transport.ts'
import type { Pacer, Surprise } from '../src/allo/types.ts'

const key = 'ak_live_this-must-never-be-seen'

describe('requests', () => {
  test('every request is a GET without a body', async () => {
    const { server, allo } = await start(
      json(page([])),
      json({ data: [] }),
      json({ data: {} }),
      status(500),
      json({ data: {} }),
    )
    await allo.readQueuePage('usr-1', 1)
    await allo.listTeammates('ACTIVE')
    await allo.me()
    await allo.me()
    expect(server.seen.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET', 'GET', 'GET'])
    expect(server.seen.every(({ headers }) => headers['content-length'] === undefined)).toBe(true)
    const transport = createTransport(settings(server.url))
    expect(Object.keys(transport).sort()).toEqual(['close', 'counted', 'counts', 'get', 'once'])
    const smuggled = { what: 'x', scope: null, method: 'DELETE' }
    await transport.get('/v2/api/me', { method: 'DELETE' }, smuggled).catch(() => {})
    expect(server.seen.at(-1)?.method).toBe('GET')
    await transport.close()
  })

  test('a queue is requested by user id, in pages of 100', async () => {
    const { server, allo } = await start(json(page([])))
    await allo.readQueuePage('usr 1/&', 3)
    expect(server.seen[0]?.url).toBe('/v2/api/dialing-queues/current?user_id=usr+1%2F%26&page=3&size=100')
  })

  test('each attempt sends the key, our version and its own request id', async () => {
    const { server, allo } = await start(status(500), json({ data: {} }))
    await allo.me()
    const [first, second] = server.seen.map(({ headers }) => headers)
    expect(first?.authorization).toBe(`Api-Key ${key}`)
    expect(first?.['user-agent']).toBe('allo-queue-mirror/0.0.0')
    expect(first?.['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(second?.['x-request-id']).not.toBe(first?.['x-request-id'])
  })

  test('with the scheme none the key is sent alone', async () => {
    const { server, allo } = await start({ authScheme: 'none' }, json({ data: {} }))
    await allo.me()
    expect(server.seen[0]?.headers.authorization).toBe(key)
  })

  test('a base URL keeps its path', async () => {
    const { server } = await start(json({ data: {} }))
    const allo = open(settings(`${server.url}/gateway/`))
    await allo.me()
    expect(server.seen[0]?.url).toBe('/gateway/v2/api/me')
  })

  test('a redirect is not followed', async () => {
    const { server, allo } = await start((_, response) => {
      response.writeHead(302, { location: '/elsewhere' }).end()
    })
    const error = await rejection(allo.me())
    expect(error).toBeInstanceOf(AlloSurprisedError)
    expect(error.message).toContain('redirect')
    expect(server.seen).toHaveLength(1)
  })

  test('the configured proxy is used, except for hosts in NO_PROXY and for this machine', async () => {
    const { server } = await start(json({ data: {} }), json({ data: {} }))
    const proxy = await startProxy(server.url)
    const proxied = { httpProxy: proxy.url, httpsProxy: '', noProxy: '' }
    await open({ ...settings('http://allo.invalid'), proxy: proxied }).me()
    expect(proxy.passed()).toBe(1)
    await open({ ...settings(server.url), proxy: proxied }).me()
    await open({
      ...settings('http://allo.invalid'),
      proxy: { ...proxied, noProxy: 'allo.invalid' },
      retry: { ...quick, retries: 0 },
    })
      .me()
      .catch(() => undefined)
    expect(proxy.passed()).toBe(1)
    expect(server.seen).toHaveLength(2)
  })
})

describe('HTTP 429', () => {
  test('the wait comes from the body and uses up no retry', async () => {
    const limited = status(
      429,
      envelope('rate_limit_error', 'RATE_LIMIT_EXCEEDED', { retry_after_seconds: 7 }),
      { 'retry-after': '3' },
    )
    const { allo, pauses } = await start(
      { retry: { ...quick, retries: 0 } },
      limited,
      limited,
      json({ data: {} }),
    )
    await allo.me()
    expect(pauses).toEqual([7000, 7000])
    expect(allo.counts).toMatchObject({ requests: 3, throttled: 2 })
  })

  test('a request that is sent once is not sent again, after a 429 or an HTTP 500', async () => {
    const limited = status(
      429,
      envelope('rate_limit_error', 'RATE_LIMIT_EXCEEDED', { retry_after_seconds: 7 }),
    )
    const { allo, pauses } = await start(limited, status(500), json({ data: {} }))
    const once = allo.once()
    await expect(once.me()).rejects.toMatchObject({ code: 'rate_limited' })
    await expect(once.me()).rejects.toMatchObject({ status: 500 })
    expect(pauses).toEqual([7000])
    expect(once.counts).toMatchObject({ requests: 2, throttled: 1 })
  })

  test.each([
    ['Retry-After in seconds', null, { 'retry-after': '2' }, 2000],
    ['an unreadable body and Retry-After', '<html>', { 'retry-after': '1' }, 1000],
    [
      'a null in the body and Retry-After',
      envelope('', 'X', { retry_after_seconds: null }),
      { 'retry-after': '4' },
      4000,
    ],
    [
      'the reset of an older quota',
      {
        code: 'API_KEY_QUOTA_EXCEEDED',
        details: [{ message: 'limit=1000;type=DAILY;reset_in=3', field: 'DAILY' }],
      },
      {},
      3000,
    ],
    ['a daily quota', envelope('', 'X', { retry_after_seconds: 86_400 }), {}, 86_400_000],
    [
      'the header where the body says decades',
      envelope('', 'X', { retry_after_seconds: 1_000_000_000 }),
      { 'retry-after': '5' },
      5000,
    ],
    [
      'a date on the clock of the API, which may be another than ours',
      null,
      { date: 'Wed, 01 Jan 2020 00:00:00 GMT', 'retry-after': 'Wed, 01 Jan 2020 00:00:07 GMT' },
      7000,
    ],
  ])('the wait is read from %s', async (_, body, headers, expected) => {
    const { allo, pauses } = await start(status(429, body, headers), json({ data: {} }))
    await allo.me()
    expect(pauses).toEqual([expected])
  })

  test('if Retry-After is a date, the wait lasts until then', async () => {
    const until = new Date(Date.now() + 30_000).toUTCString()
    const { allo, pauses } = await start(status(429, null, { 'retry-after': until }), json({ data: {} }))
    await allo.me()
    expect(pauses[0]).toBeGreaterThan(25_000)
    expect(pauses[0]).toBeLessThanOrEqual(30_000)
  })

  test.each([
    ['decades', envelope('', 'X', { retry_after_seconds: 1_000_000_000 }), {}],
    ['a negative time', envelope('', 'X', { retry_after_seconds: -5 }), { 'retry-after': '-5' }],
    ['a date in the next century', null, { 'retry-after': 'Wed, 01 Jan 2110 00:00:00 GMT' }],
    ['a reset in decades', null, { 'x-ratelimit-reset': '9999999999' }],
  ])('a wait of %s is not believed: a short backoff is used instead', async (_, body, headers) => {
    const { allo, pauses } = await start(status(429, body, headers), json({ data: {} }))
    await allo.me()
    expect(pauses).toHaveLength(1)
    expect(pauses[0]).toBeGreaterThan(0)
    expect(pauses[0]).toBeLessThan(1000)
  })

  test('a wait of 0 is replaced by a short backoff that grows', async () => {
    const now = status(429, envelope('', 'X', { retry_after_seconds: 0 }))
    const { allo, pauses } = await start(now, now, now, json({ data: {} }))
    await allo.me()
    const [first = 0, second = 0, third = 0] = pauses
    expect(first).toBeGreaterThan(0)
    expect(second).toBeGreaterThan(first)
    expect(third).toBeGreaterThan(second)
  })

  test('one request is not paused without limit, and its last pause is still recorded', async () => {
    const budget = createPrivateReadBudget()
    const { server, allo } = await start(
      { pacer: createPacer({ budget, readsPerSecond: null, maxThrottledMs: 1500 }) },
      always(status(429, envelope('', 'RATE_LIMIT_EXCEEDED', { retry_after_seconds: 1 }))),
    )
    const error = await rejection(allo.me())
    expect(error).toBeInstanceOf(AlloThrottledError)
    expect(error).toMatchObject({
      retryable: true,
      asked: 'account of this key',
      code: 'rate_limited',
      givenCode: 'RATE_LIMIT_EXCEEDED',
      requestId: expect.any(String),
    })
    expect(server.seen).toHaveLength(2)
    expect(await budget.pausedMs()).toBeGreaterThan(0)
  })

  test('an error of the pacer is passed on unchanged, without a retry', async () => {
    const tooLong = new Error('this pass has waited enough')
    const pacer: Pacer = { turn: () => Promise.reject(tooLong), pause: async () => {} }
    const { server } = await start()
    const allo = open({ ...settings(server.url), pacer })
    expect(await rejection(allo.me())).toBe(tooLong)
    expect(server.seen).toHaveLength(0)
  })
})

describe('retries', () => {
  test.each([
    ['a 500', status(500, envelope('server_error', 'INTERNAL_SERVER_ERROR'))],
    ['a 502 of a proxy', status(502, '<html>bad gateway</html>')],
    ['a 409', status(409, envelope('conflict_error', 'OTHER_TRANSACTION_IN_PROGRESS'))],
    ['any refusal that says retryable', status(422, envelope('x', 'ODD', { retryable: true }))],
    ['an empty 200', status(200, '')],
    ['a 200 that is not JSON', status(200, '<html>')],
    ['a body that is cut off', cutOff],
    ['a connection that is dropped', (request: IncomingMessage) => void request.socket.destroy()],
  ])('%s is retried', async (_, broken) => {
    const { server, allo } = await start(broken, broken, json({ data: { api_key_id: 'k' } }))
    expect(await allo.me()).toMatchObject({ apiKeyId: 'k' })
    expect(server.seen).toHaveLength(3)
    expect(allo.counts.requests).toBe(3)
  })

  test.each([400, 401, 403, 404])('HTTP %i is not retried, even if the body says retryable', async (code) => {
    const { server, allo } = await start(always(status(code, envelope('x', 'NO', { retryable: true }))))
    expect(await rejection(allo.me())).toMatchObject({ status: code, retryable: false })
    expect(server.seen).toHaveLength(1)
  })

  test('after the last retry the error says what was requested, what was answered, and the request id', async () => {
    const { server, allo } = await start(
      always(status(500, envelope('server_error', 'INTERNAL_SERVER_ERROR'))),
    )
    const error = await rejection(allo.readQueuePage('usr-1', 3))
    expect(error).toBeInstanceOf(AlloRefusedError)
    expect(error).toMatchObject({
      kind: 'refused',
      retryable: true,
      status: 500,
      requestId: 'req_a1b2',
      asked: 'queue of usr-1, page 3',
    })
    expect(error.message).toContain('queue of usr-1, page 3')
    expect(error.message).toContain('req_a1b2')
    expect(server.seen).toHaveLength(1 + quick.retries)
  })

  test('an error of a refused connection contains its code', async () => {
    const { server } = await start()
    await server.close()
    const error = await rejection(open(settings(server.url)).me())
    expect(error).toBeInstanceOf(AlloUnreachableError)
    expect(error).toMatchObject({ code: 'ECONNREFUSED', retryable: true })
    expect(error.cause).toBeInstanceOf(Error)
  })

  test('the timeout includes the body', async () => {
    const drip = (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(200).write('{"data":')
    }
    const { allo } = await start({ timeoutMs: 50 }, always(drip))
    const error = await rejection(allo.me())
    expect(error).toBeInstanceOf(AlloUnreachableError)
    expect(error.message).toContain('50 ms')
  })

  test('a body without an end is not read completely', async () => {
    const endless = (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(200)
      const chunk = Buffer.alloc(1024 * 1024, ' ')
      const more = () => void (response.destroyed || response.write(chunk, more))
      more()
    }
    const { allo } = await start({ timeoutMs: 20_000 }, always(endless))
    const error = await rejection(allo.me())
    expect(error).toBeInstanceOf(AlloSurprisedError)
    expect(error.message).toContain('33554432 bytes')
  })
})

describe('an abort', () => {
  const reason = new Error('SIGTERM')

  test('ends an open request at once, with its reason', async () => {
    const stop = new AbortController()
    const { allo } = await start(always(() => stop.abort(reason)))
    expect(await rejection(allo.me(stop.signal))).toBe(reason)
  })

  test('ends a backoff at once', async () => {
    const stop = new AbortController()
    const { allo } = await start(
      { retry: { retries: 3, minMs: 60_000, maxMs: 60_000 } },
      always((_, response) => {
        response.writeHead(500).end(() => setTimeout(() => stop.abort(reason), 20))
      }),
    )
    expect(await rejection(allo.me(stop.signal))).toBe(reason)
  })

  test('before the start sends no request', async () => {
    const { server, allo } = await start()
    expect(await rejection(allo.me(AbortSignal.abort(reason)))).toBe(reason)
    expect(server.seen).toHaveLength(0)
  })

  test('leaves no listener on the signal', async () => {
    const stop = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = stop.signal
    stop.signal.addEventListener = (...all: Parameters<typeof addEventListener>) => {
      listeners++
      addEventListener.apply(stop.signal, all)
    }
    stop.signal.removeEventListener = (...all: Parameters<typeof removeEventListener>) => {
      listeners--
      removeEventListener.apply(stop.signal, all)
    }
    const { allo } = await start(json({ data: {} }))
    await allo.me(stop.signal)
    expect(listeners).toBe(0)
  })
})

describe('the key', () => {
  test('a 403 names the scope that the endpoint needs', async () => {
    const { allo } = await start(
      always(status(403, envelope('permission_error', 'API_KEY_INSUFFICIENT_SCOPE'))),
    )
    const users = await rejection(allo.listTeammates('ACTIVE'))
    expect(users).toMatchObject({ kind: 'credentials', retryable: false })
    expect(users.message).toContain('scope USERS_READ')
    expect((await rejection(allo.readQueuePage('usr-1', 1))).message).toContain(
      'scope DIALING_QUEUE_READ_WRITE',
    )
  })

  test('a scope named in the 403 has priority over the scope that we would name', async () => {
    const body = envelope('permission_error', 'API_KEY_INSUFFICIENT_SCOPE', {
      message: 'Missing scope CONTACTS_READ',
    })
    const { allo } = await start(always(status(403, body)))
    expect((await rejection(allo.listTeammates('ACTIVE'))).message).toContain(
      'the scope CONTACTS_READ in Allo',
    )
  })

  test('after a 401 the key is read again, and the request is sent once more with the new key', async () => {
    let current = 'old'
    const needsNew = (request: IncomingMessage, response: ServerResponse) =>
      request.headers.authorization === 'Api-Key new'
        ? json({ data: { api_key_id: 'k' } })(request, response)
        : status(401, envelope('authentication_error', 'API_KEY_REVOKED'))(request, response)
    const { server } = await start(always(needsNew))
    let reads = 0
    const rotating = { ...settings(server.url), apiKey: () => current }
    const rereadKey = async () => {
      reads++
      const changed = current !== 'new'
      current = 'new'
      return changed
    }
    const allo = open({ ...rotating, rereadKey })
    // Several at once: all of them meet the 401, and all come through.
    const accounts = await Promise.all([allo.me(), allo.me(), allo.me()])
    expect(accounts.map(({ apiKeyId }) => apiKeyId)).toEqual(['k', 'k', 'k'])
    expect(reads).toBeGreaterThan(0)
  })

  test('if the key has not changed, it is refused after one request', async () => {
    const { server } = await start(always(status(401, envelope('authentication_error', 'API_KEY_INVALID'))))
    const allo = open({ ...settings(server.url), rereadKey: async () => false })
    expect(await rejection(allo.me())).toMatchObject({ kind: 'credentials', code: 'API_KEY_INVALID' })
    expect(server.seen).toHaveLength(1)
  })

  test('no error contains the key, a phone number or a body', async () => {
    const echo = envelope(key, key, {
      message: `Key ${key} may not see +12125550010 or (212) 555-0010`,
      request_id: key,
    })
    const answers = [
      status(400, echo),
      status(401, echo),
      status(403, echo, { 'x-request-id': key }),
      status(404, echo),
      status(500, echo),
      status(418, `<p>${key} +12125550010</p>`),
      status(200, `{"data": [{"number_to": "+12125550010" ${key}`),
      json({
        data: [{ number_to: '+12125550010', position: '+12125550010', [key]: 1 }],
        queue: { id: 'q' },
        pagination: { has_more: false },
      }),
      json({ data: '+12125550010' }),
      cutOff,
      (request: IncomingMessage) => void request.socket.destroy(),
    ]
    for (const answer of answers) {
      const { allo } = await start(always(answer))
      const error = await rejection(allo.readQueuePage('usr-1', 1))
      expect(error).toBeInstanceOf(AlloError)
      expect(everythingIn(error)).not.toMatch(/must-never|2125550010|555-0010/)
    }
    const bad = open({ ...settings('http://127.0.0.1:9'), apiKey: () => `${key}\n` })
    expect(everythingIn(await rejection(bad.me()))).not.toContain('must-never')
  })
})

describe('a response that repeats the key', () => {
  const escaped = [...key]
    .map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
  const row = (more: object) => page([{ number_to: '+12125550010', position: 0, ...more }])

  test.each([
    ['as a number', row({ number_to: key })],
    ['inside a name', { ...page([]), queue: { id: 'q', name: `My ${key}!` } }],
    ['as an id', { ...page([]), queue: { id: key } }],
    ['in an undocumented field', row({ debug: { headers: [`Api-Key ${key}`] } })],
    ['as the name of a field', row({ [key]: 1 })],
    ['percent-encoded', row({ link: `https://x/?key=${encodeURIComponent(key)}` })],
    ['in base64', row({ trace: Buffer.from(key).toString('base64') })],
  ])('is refused: %s', async (_, body) => {
    const { allo, server, surprises } = await start(always(json(body)))
    const error = await rejection(allo.readQueuePage('usr-1', 1))
    expect(error).toBeInstanceOf(AlloSurprisedError)
    expect(error.message).toContain('repeats the API key')
    expect(everythingIn([error, surprises])).not.toContain('must-never')
    expect(server.seen).toHaveLength(1)
  })

  test('is refused also if the key is escaped, and an error does not repeat it', async () => {
    const name = `{"data": [], "queue": {"id": "q", "name": "${escaped}"}, "pagination": {"has_more": false}}`
    const { allo } = await start(always(status(200, name)))
    expect((await rejection(allo.readQueuePage('usr-1', 1))).message).toContain('repeats the API key')
    const refusal = `{"error": {"code": "${escaped}", "message": "no ${escaped}", "request_id": "${escaped}"}}`
    for (const code of [401, 404, 422, 500]) {
      const { allo: other } = await start({ retry: { ...quick, retries: 0 } }, always(status(code, refusal)))
      expect(everythingIn(await rejection(other.me()))).not.toContain('must-never')
    }
  })
})

test('requests of one reading are counted for this reading and in the total', async () => {
  const limited = status(429, envelope('', 'X', { retry_after_seconds: 1 }))
  const { allo } = await start(json({ data: {} }), limited, json(page([])), json({ data: {} }))
  await allo.me()
  const reading = allo.counted()
  await reading.readQueuePage('usr-1', 1)
  await allo.me()
  expect(reading.counts).toMatchObject({ requests: 2, throttled: 1 })
  expect(allo.counts).toMatchObject({ requests: 4, throttled: 1 })
  expect(reading.counts.exchangeMs).toBeGreaterThan(0)
  expect(allo.counts.exchangeMs).toBeGreaterThan(reading.counts.exchangeMs)
})

test('a closed client rejects at once, open requests too', async () => {
  const { server } = await start(always(() => void allo.close()))
  const allo = open({ ...settings(server.url), retry: { ...quick, minMs: 60_000, maxMs: 60_000 } })
  expect(await rejection(allo.me())).toMatchObject({ name: 'AlloUnreachableError', retryable: false })
  expect(await rejection(allo.me())).toMatchObject({ name: 'AlloUnreachableError', retryable: false })
  await allo.close()
})

describe('HTTP 404', () => {
  test('ASSIGNEE_NOT_FOUND means not on this team, DIALING_QUEUE_NOT_FOUND means no queue', async () => {
    const { allo } = await start(
      status(404, envelope('not_found_error', 'ASSIGNEE_NOT_FOUND')),
      status(404, envelope('not_found_error', 'DIALING_QUEUE_NOT_FOUND')),
    )
    expect(await allo.readQueuePage('usr-1', 1)).toEqual({ kind: 'not_found', requestId: 'req_a1b2' })
    expect(await allo.readQueuePage('usr-1', 1)).toEqual({ kind: 'no_queue', requestId: 'req_a1b2' })
  })

  test('with any other code says nothing about a teammate', async () => {
    const { allo } = await start(
      status(404, '<h1>Not Found</h1>'),
      status(404, envelope('not_found_error', 'ROUTE_NOT_FOUND')),
      status(404, envelope('not_found_error', 'ASSIGNEE_NOT_FOUND')),
    )
    for (const asked of [
      allo.readQueuePage('u', 1),
      allo.readQueuePage('u', 1),
      allo.listTeammates('ACTIVE'),
    ]) {
      const error = await rejection(asked)
      expect(error).toBeInstanceOf(AlloSurprisedError)
      expect(error.message).toContain('ALLO_API_URL')
    }
  })
})

describe('lists of teammates', () => {
  const rows = (...ids: string[]) => ids.map((id) => ({ id, status: 'ACTIVE' }))

  test('one page needs no pagination and requests none', async () => {
    const { server, allo } = await start(json({ data: rows('a', 'b') }))
    expect((await allo.listTeammates('BLOCKED')).teammates.map(({ userId }) => userId)).toEqual(['a', 'b'])
    expect(server.seen[0]?.url).toBe('/v2/api/users?status=BLOCKED')
  })

  test('pages are followed if the API announces them, and the first row of an id is used', async () => {
    const { server, allo, surprises } = await start(
      json({ data: rows('a', 'b'), pagination: { has_more: true } }),
      json({ data: rows('b', 'c'), pagination: { has_more: false } }),
    )
    expect((await allo.listTeammates('ACTIVE')).teammates.map(({ userId }) => userId)).toEqual([
      'a',
      'b',
      'c',
    ])
    expect(server.seen[1]?.url).toBe('/v2/api/users?status=ACTIVE&page=2')
    expect(surprises).toEqual([
      { where: 'teammate.id', what: 'the same teammate twice, the first one was taken' },
    ])
  })

  test('if the API repeats the same page without end, that is an error', async () => {
    const { server, allo } = await start(always(json({ data: rows('a'), pagination: { has_more: true } })))
    expect(await rejection(allo.listTeammates('ACTIVE'))).toBeInstanceOf(AlloSurprisedError)
    expect(server.seen).toHaveLength(2)
  })
})

// ---- the server: each test brings the script of its answers ----

type Answer = (request: IncomingMessage, response: ServerResponse) => void
const quick = { retries: 2, minMs: 1, maxMs: 2, throttled: { minMs: 20, maxMs: 30_000 } }
const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

function settings(apiUrl: string): AlloClientSettings {
  return {
    apiUrl,
    apiKey: () => key,
    authScheme: 'Api-Key',
    timeoutMs: 5000,
    naiveTimeZone: 'UTC',
    pacer: { turn: async () => {}, pause: async () => {} },
    userAgent: 'allo-queue-mirror/0.0.0',
    retry: quick,
    onSurprise: () => {},
  }
}

async function start(...script: (Partial<AlloClientSettings> | Answer | { always: Answer })[]) {
  const pauses: number[] = []
  const surprises: Surprise[] = []
  const own: Partial<AlloClientSettings>[] = []
  const answers: Answer[] = []
  let usual: Answer | null = null
  for (const part of script) {
    if (typeof part === 'function') answers.push(part)
    else if ('always' in part) usual = part.always
    else own.push(part)
  }
  const seen: IncomingMessage[] = []
  const http = createServer((request, response) => {
    seen.push(request)
    const answer = answers.shift() ?? usual
    if (answer) answer(request, response)
    else response.writeHead(501).end('the script of this test has ended')
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const close = async () => {
    http.closeAllConnections()
    if (http.listening) await new Promise((done) => http.close(done))
  }
  cleanUps.push(close)
  const server = { url: `http://127.0.0.1:${portOf(http)}`, seen, close }
  const pacer: Pacer = { turn: async () => {}, pause: async (forMs) => void pauses.push(forMs) }
  const onSurprise = (surprise: Surprise) => void surprises.push(surprise)
  const allo = open(Object.assign(settings(server.url), { pacer, onSurprise }, ...own))
  return { server, allo, pauses, surprises }
}

function open(all: AlloClientSettings) {
  const allo = createAlloClient(all)
  cleanUps.push(() => allo.close())
  return allo
}

/** Passes on what it gets to `target`, as a tunnel or as a forwarded request. */
async function startProxy(target: string) {
  let passed = 0
  const { hostname, port } = new URL(target)
  const http = createServer(async (request, response) => {
    passed++
    const { pathname } = new URL(request.url ?? '')
    const answer = await fetch(target + pathname, { headers: { 'user-agent': 'proxy' } })
    response.writeHead(answer.status).end(await answer.text())
  })
  http.on('connect', (_, socket) => {
    passed++
    const upstream = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(upstream).pipe(socket)
    })
    for (const end of [socket, upstream]) end.on('error', () => {})
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  cleanUps.push(async () => {
    http.closeAllConnections()
    await new Promise((done) => http.close(done))
  })
  return { url: `http://127.0.0.1:${portOf(http)}`, passed: () => passed }
}

function portOf(http: ReturnType<typeof createServer>): number {
  const address = http.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen')
  return address.port
}

function json(body: unknown): Answer {
  return status(200, body)
}

function status(code: number, body: unknown = null, headers: Record<string, string> = {}): Answer {
  return (_, response) => {
    response.writeHead(code, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}

function always(answer: Answer): { always: Answer } {
  return { always: answer }
}

function cutOff(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-length': '1000' })
  response.write('{"data":[{"number_to":"+12125550010"', () => response.destroy())
}

function envelope(type: string, code: string, more: Record<string, unknown> = {}) {
  return { error: { type, code, message: 'Some words', retryable: false, request_id: 'req_a1b2', ...more } }
}

function page(data: unknown[]) {
  return { data, pagination: { has_more: false, total_count: data.length }, queue: { id: 'pdl_1' } }
}

async function rejection(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.then(
    () => new Error('it resolved'),
    (error: unknown) => error,
  )
  if (!(outcome instanceof Error)) throw new Error('it rejected with something else than an error')
  return outcome
}

/** As a logger would see it, with hidden properties and every cause below. */
function everythingIn(error: unknown): string {
  const shown = inspect(error, { depth: 20, showHidden: true, getters: true })
  return error instanceof Error ? `${shown}\n${error.stack}\n${everythingIn(error.cause)}` : shown
}
