import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { ConfigError } from '../src/config/config.ts'
import { countPasswordGuesses } from '../src/http/password-guesses.ts'
import { createLogger } from '../src/logger.ts'
import { ask, startTestServer, type TestServer } from './support/http.ts'
import { until } from './support/worker.ts'

const servers: TestServer[] = []
afterEach(async () => {
  for (const { http } of servers.splice(0)) await http.stop()
})

async function start(...options: Parameters<typeof startTestServer>): Promise<TestServer> {
  const server = await startTestServer(...options)
  servers.push(server)
  return server
}

const paths = ['/', '/status', '/healthz', '/readyz', '/metrics', '/queues', '/queues/api/queues', '/nowhere']
const login = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })

describe('before the worker is ready', () => {
  test('it is alive and not ready, and every response says what it waits for', async () => {
    const server = await start()
    expect(JSON.parse((await server.get('/healthz')).text)).toEqual({ alive: true, version: '1.2.3' })
    const ready = await server.get('/readyz')
    expect(ready.status).toBe(503)
    const { checks } = JSON.parse(ready.text)
    expect(Object.keys(checks)).toEqual(['postgres', 'migrations', 'jobs', 'credentials'])
    for (const name of Object.keys(checks)) {
      expect(checks[name]).toMatchObject({ ok: false, detail: 'waiting for Postgres' })
    }
    const page = await server.get('/')
    expect([page.status, page.text.includes('<h1>Waiting for Postgres.</h1>')]).toEqual([503, true])
    expect(await server.get('/status')).toMatchObject({ status: 503, text: '{"waitingFor":"Postgres"}' })
    const metrics = await server.get('/metrics')
    expect(metrics.text).toContain('allo_queue_mirror_dependency_up{dependency="postgres"} 0')
    expect(metrics.text).not.toMatch(/^allo_queue_mirror_data_age_max_seconds /m)
  })
})

describe('access', () => {
  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'evil.example:80'])(
    'a browser that requests the host %j is refused on every path',
    async (host) => {
      const server = await start()
      for (const path of paths) {
        expect([path, (await server.get(path, { headers: { host } })).status]).toEqual([path, 421])
      }
    },
  )

  test.each([
    'localhost',
    '127.0.0.1',
    '[::1]',
    '10.1.2.3',
    'LOCALHOST',
    'mirror.example.com',
    'mirror.example.com.',
  ])('the name %s is accepted, with any port', async (name) => {
    const server = await start({ HTTP_ALLOWED_HOSTS: 'Mirror.example.com' })
    for (const host of [name, `${name}:8443`]) {
      expect((await server.get('/healthz', { headers: { host } })).status).toBe(200)
    }
  })

  test('with a password set, every path requires it', async () => {
    const server = await start({ HTTP_BASIC_AUTH: 'ops:pass:word1' })
    for (const path of paths) {
      for (const headers of [
        {},
        login('ops:pass:word2'),
        login('ops'),
        login(''),
        { authorization: 'Bearer x' },
      ]) {
        const { status, headers: sent, text } = await server.get(path, { headers })
        expect([path, status]).toEqual([path, 401])
        expect(sent['www-authenticate']).toMatch(/^Basic /)
        expect(text).not.toContain('pass:')
      }
      expect((await server.get(path, { headers: login('ops:pass:word1') })).status).not.toBe(401)
    }
  })

  test('HTTP_OPEN_PROBES opens probes and metrics, with any host name, and nothing else', async () => {
    const server = await start({
      HTTP_BASIC_AUTH: 'ops:password',
      HTTP_OPEN_PROBES: 'true',
      HTTP_HOST: '0.0.0.0',
    })
    for (const path of paths) {
      const isOpen = ['/healthz', '/readyz', '/metrics'].includes(path)
      const { status } = await server.get(path, { headers: { host: 'worker:8080' } })
      expect([path, status === 401 || status === 421]).toEqual([path, !isOpen])
    }
    // Whether it is ready, and not why: that takes the password.
    const ready = async (headers: Record<string, string>) =>
      JSON.parse((await server.get('/readyz', { headers })).text).checks.postgres.detail
    expect(await ready({})).toBe('not ready')
    expect(await ready(login('ops:wrong-one'))).toBe('not ready')
    expect(await ready({ ...login('ops:password'), host: 'worker:8080' })).toBe('not ready')
    expect(await ready(login('ops:password'))).toBe('waiting for Postgres')
    expect((await server.get('/metrics/../status')).status).toBe(401)
    expect((await server.get('/healthz?x=/status')).status).toBe(200)
  })

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s is refused on every path', async (method) => {
    const server = await start()
    for (const path of paths) {
      const { status, headers } = await server.get(path, { method })
      expect([path, status, headers['access-control-allow-origin']]).toEqual([path, 405, undefined])
    }
  })

  test('no response may be cached, framed or interpreted as another type', async () => {
    const server = await start()
    for (const path of paths) {
      const { headers } = await server.get(path)
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      })
      expect(headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
    }
  })
})

describe('requests that no router accepts', () => {
  /** One request as written here, and the whole answer. */
  async function send(port: number, request: string): Promise<string> {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text
    })
    socket.on('error', () => undefined)
    socket.end(request)
    await once(socket, 'close')
    return answer
  }
  const password = `Authorization: Basic ${Buffer.from('ops:password').toString('base64')}\r\n`
  const host = 'Host: 127.0.0.1\r\n'

  test.each([
    ['a malformed URL', 'GET /%zz HTTP/1.1', host, 401, 400],
    ['a malformed URL under a prefix', 'GET /queues/%zz HTTP/1.1', host, 401, 400],
    ['an overlong parameter', `GET /report/${'x'.repeat(5000)}.csv HTTP/1.1`, host, 401, 400],
    ['a URL in absolute form', 'GET http://127.0.0.1/status HTTP/1.1', host, 401, 503],
    ['a URL in absolute form of another host', 'GET http://evil.example/status HTTP/1.1', host, 421, 421],
    ['HTTP/1.0 without a host', 'GET /status HTTP/1.0', '', 421, 421],
    ['a method of WebDAV', 'PROPFIND / HTTP/1.1', host, 405, 405],
    ['OPTIONS of everything', 'OPTIONS * HTTP/1.1', host, 405, 405],
    ['a tab in the URL', 'GET /status%09 HTTP/1.1', host, 401, 404],
    ['twice a slash', 'GET //status HTTP/1.1', host, 401, 404],
  ])('%s is answered by the guard only', async (_, line, host, withoutPassword, withPassword) => {
    const server = await start({ HTTP_BASIC_AUTH: 'ops:password', HTTP_OPEN_PROBES: 'true' })
    const refused = await send(server.port, `${line}\r\n${host}Connection: close\r\n\r\n`)
    expect(refused).toMatch(new RegExp(`^HTTP/1.1 ${withoutPassword} `))
    expect(refused.toLowerCase()).toContain("content-security-policy: default-src 'none'")
    const admitted = await send(server.port, `${line}\r\n${host}${password}Connection: close\r\n\r\n`)
    expect(admitted).toMatch(new RegExp(`^HTTP/1.1 ${withPassword} `))
  })

  test.each([
    ['no HTTP', 'hello there\r\n\r\n', 400],
    ['a URL beyond all bounds', `GET /${'x'.repeat(40_000)} HTTP/1.1\r\n${host}\r\n`, 431],
    ['HTTP/1.1 without a host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
  ])('%s gets a response with an empty body', async (_, request, status) => {
    const server = await start({ HTTP_BASIC_AUTH: 'ops:password' })
    const answer = await send(server.port, request)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*\r\n\r\n$`))
  })
})

describe('a page of another website', () => {
  test('may link to the pages, and can load no part of them', async () => {
    const server = await start({ HTTP_OPEN_PROBES: 'true' })
    for (const path of paths) {
      for (const site of ['cross-site', 'same-site', 'something-new']) {
        for (const [mode, dest] of [
          ['no-cors', 'image'],
          ['cors', 'empty'],
          ['navigate', 'iframe'],
        ] as const) {
          const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest }
          expect([path, headers, (await server.get(path, { headers })).status]).toEqual([path, headers, 403])
        }
      }
      for (const headers of [
        { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
        { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'style' },
        { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      ]) {
        expect((await server.get(path, { headers })).status).not.toBe(403)
      }
    }
  })
})

describe('an attacker who guesses passwords', () => {
  test('is slowed down, causes one line in the log, and locks the right user out for seconds only', async () => {
    const server = await start({ HTTP_BASIC_AUTH: 'ops:password1', HTTP_OPEN_PROBES: 'true' })
    const guess = async (index: number) => {
      const { status } = await server.get('/status', { headers: login(`ops:guess-${index}`) })
      return status
    }
    const startedAt = performance.now()
    const statuses = await Promise.all(Array.from({ length: 300 }, (_, index) => guess(index)))
    const seconds = (performance.now() - startedAt) / 1000
    const compared = statuses.filter((status) => status === 401).length
    expect(compared).toBeLessThanOrEqual(30 + Math.ceil(seconds / 2))
    expect(statuses.filter((status) => status === 429)).toHaveLength(300 - compared)
    const refused = await server.get('/status', { headers: login('ops:password1') })
    if (refused.status === 429) expect(Number(refused.headers['retry-after'])).toBeLessThan(5)

    // Neither probes nor the first question of a browser cost a guess.
    expect((await server.get('/healthz')).status).toBe(200)
    expect((await server.get('/')).status).toBe(401)
    await until('the right user is let in', async () => {
      const { status } = await server.get('/status', { headers: login('ops:password1') })
      return status === 503
    })
    expect(server.events.filter((event) => event === 'http_wrong_password')).toHaveLength(1)
    expect(server.lines.join('')).toContain('a wrong password for the pages, from 127.0.0.1')
    expect(server.lines.join('')).not.toMatch(/guess-\d|password1/)
  })

  test('from many addresses is slowed down too, but not the address of the right user', () => {
    let now = 0
    const guesses = countPasswordGuesses(
      createLogger('silent', { write: () => undefined }, () => []),
      () => now,
    )
    guesses.right('192.0.2.1')
    let compared = 0
    for (let index = 0; index < 5000; index += 1) {
      now += 10
      const address = `2001:db8:${(index % 4000).toString(16)}::1`
      if (guesses.secondsToWait(address) > 0) continue
      guesses.wrong(address)
      compared += 1
      expect(guesses.secondsToWait('192.0.2.1')).toBe(0)
    }
    // 100 at once, then 5 a second for 50 seconds.
    expect(compared).toBeLessThanOrEqual(351)
    expect(guesses.secondsToWait('192.0.2.99')).toBe(1)
    now += 1000
    expect(guesses.secondsToWait('192.0.2.99')).toBe(0)
    guesses.stop()
  })

  test("can't use the addresses of one IPv6 network, or IPv4 written as IPv6, as different addresses", () => {
    const guesses = countPasswordGuesses(
      createLogger('silent', { write: () => undefined }, () => []),
      () => 0,
    )
    for (let index = 0; index < 30; index += 1) guesses.wrong(`2001:db8:1:2:${index}::${index}`)
    expect(guesses.secondsToWait('2001:db8:1:2:ffff:ffff:ffff:ffff')).toBeGreaterThan(0)
    expect(guesses.secondsToWait('2001:db8:1:3::1')).toBe(0)
    for (let index = 0; index < 30; index += 1) guesses.wrong('::ffff:192.0.2.7')
    expect(guesses.secondsToWait('192.0.2.7')).toBeGreaterThan(0)
    guesses.stop()
  })
})

describe('the address to listen on', () => {
  test('if the port is taken, that is logged, and it is used as soon as it is free', async () => {
    const first = await start()
    const second = await start({ HTTP_PORT: String(first.port) })
    expect(second.events).toEqual(['http_port_taken'])
    await first.http.stop()
    await until('the second answers', () => second.events.includes('http_listening'))
    expect((await ask(`http://127.0.0.1:${first.port}/healthz`)).status).toBe(200)
    expect(second.events).toEqual(['http_port_taken', 'http_listening'])
  })

  test('a worker that waits for its port can be stopped', async () => {
    const first = await start()
    const second = await start({ HTTP_PORT: String(first.port) })
    await second.http.stop()
    await first.http.stop()
    await expect(ask(`http://127.0.0.1:${first.port}/healthz`)).rejects.toThrow(/ECONNREFUSED/)
  })

  test('an address that this machine does not have is a configuration error', async () => {
    const started = start({ HTTP_HOST: '203.0.113.7', HTTP_BASIC_AUTH: 'ops:password' })
    await expect(started).rejects.toThrow(ConfigError)
    await expect(started).rejects.toThrow(/HTTP_HOST: this machine can't listen on 203.0.113.7/)
  })
})
