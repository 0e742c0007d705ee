import { afterEach, describe, expect, test } from 'vitest'
import { ConfigError } from '../src/config.ts'
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

describe('before anything else is there', () => {
  test('it is alive, not ready, and every answer says what is waited for', async () => {
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

describe('who is let in', () => {
  test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'evil.example:80'])(
    'a browser that was led here as %j gets nothing at all',
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
  ])('the name %s is one of ours, with any port', async (name) => {
    const server = await start({ HTTP_ALLOWED_HOSTS: 'Mirror.example.com' })
    for (const host of [name, `${name}:8443`]) {
      expect((await server.get('/healthz', { headers: { host } })).status).toBe(200)
    }
  })

  test('with a password set, everything asks for it', async () => {
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

  test('HTTP_OPEN_PROBES opens probes and metrics to all, under any name, and nothing else', async () => {
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
    expect((await server.get('/metrics/../status')).status).toBe(401)
    expect((await server.get('/healthz?x=/status')).status).toBe(200)
  })

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s is refused everywhere', async (method) => {
    const server = await start()
    for (const path of paths) {
      const { status, headers } = await server.get(path, { method })
      expect([path, status, headers['access-control-allow-origin']]).toEqual([path, 405, undefined])
    }
  })

  test('no answer may be kept, framed or guessed about', async () => {
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

describe('where it listens', () => {
  test('a port that is taken is said, and taken over when it is free', async () => {
    const first = await start()
    const second = await start({ HTTP_PORT: String(first.port) })
    expect(second.events).toEqual(['http_port_taken'])
    await first.http.stop()
    await until('the second answers', 5000, () => second.events.includes('http_listening'))
    expect((await ask(`http://127.0.0.1:${first.port}/healthz`)).status).toBe(200)
    expect(second.events).toEqual(['http_port_taken', 'http_listening'])
  })

  test('one that waits for its port can be stopped', async () => {
    const first = await start()
    const second = await start({ HTTP_PORT: String(first.port) })
    await second.http.stop()
    await first.http.stop()
    await expect(ask(`http://127.0.0.1:${first.port}/healthz`)).rejects.toThrow(/ECONNREFUSED/)
  })

  test('an address this machine does not have is a mistake in the configuration', async () => {
    const started = start({ HTTP_HOST: '203.0.113.7', HTTP_BASIC_AUTH: 'ops:password' })
    await expect(started).rejects.toThrow(ConfigError)
    await expect(started).rejects.toThrow(/HTTP_HOST: this machine can't listen on 203.0.113.7/)
  })
})
