/** What is refused at /hooks/allo, and when Allo is asked to send it again. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { signWebhook } from '../src/simulation/webhooks.ts'
import { databaseAt, type Reply, type TestServer } from './support/http.ts'
import {
  alex,
  numberInQueue,
  openWebhookScene,
  otherSecret,
  outcomes,
  type Sent,
  secret,
  send as sendWebhook,
  type WebhookScene,
} from './support/webhooks.ts'
import { until } from './support/worker.ts'

let scene: WebhookScene
let server: TestServer

beforeAll(async () => {
  scene = await openWebhookScene()
})
beforeEach(async () => {
  server = await scene.start()
})
afterEach(() => scene.reset())
afterAll(() => scene.close())

function send(data: Readonly<Record<string, unknown>>, sent: Sent & { readonly to?: TestServer } = {}) {
  return sendWebhook(sent.to ?? server, data, sent)
}

describe('a request that Allo did not send', () => {
  test('is refused if it is signed with another secret', async () => {
    const reply = await send(alex, { with: otherSecret })
    expect(reply).toMatchObject({ status: 401, text: 'the signature is not made with ALLO_WEBHOOK_SECRET\n' })
    expect(await outcomes(server)).toEqual({ refused_signature: 1 })
    expect(scene.requested).toEqual([])
  })

  test('is refused if it is not signed', async () => {
    const reply = await server.get('/hooks/allo', { method: 'POST', body: '{}' })
    expect([reply.status, reply.text]).toEqual([401, expect.stringContaining('the request is not signed')])
  })

  test('is refused if its body was changed', async () => {
    const headers = signWebhook(secret, { id: 'msg_changed', at: Date.now(), body: '{}' })
    expect((await send(alex, { headers })).status).toBe(401)
  })

  test.each([
    [-600, 'behind'],
    [600, 'ahead of'],
  ])('is refused if its time is %i s from our clock, and the answer says so', async (seconds, words) => {
    const { status, text } = await send(alex, { at: Date.now() + seconds * 1000 })
    expect(status).toBe(401)
    expect(text).toMatch(
      new RegExp(`^the timestamp is \\d{3} s ${words} the worker's clock, and 300 s are allowed\n$`),
    )
    expect((await send(alex, { at: Date.now() + Math.sign(seconds) * 280_000 })).status).toBe(200)
  })

  test('causes one line in the log, however often it comes', async () => {
    for (let count = 0; count < 5; count += 1) await send(alex, { with: otherSecret })
    expect(server.events.filter((event) => event === 'allo_webhook_refused')).toHaveLength(1)
  })
})

test('while Allo rotates the secret, the signature of either is accepted', async () => {
  const body = JSON.stringify({ topic: 'call.triggered', data: alex })
  const at = Date.now()
  const [old, next] = [otherSecret, secret].map((one) => signWebhook(one, { id: 'msg_both', at, body }))
  const headers = {
    ...next,
    'webhook-signature': `${old?.['webhook-signature']} ${next?.['webhook-signature']}`,
  }
  expect((await send(alex, { body, headers: headers as Record<string, string> })).text).toBe('accepted\n')
})

test('a secret in a file is read again after a wrong signature', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'webhook-secret-'))
  const file = join(folder, 'secret')
  try {
    writeFileSync(file, otherSecret)
    const to = await scene.start({ ALLO_WEBHOOK_SECRET: '', ALLO_WEBHOOK_SECRET_FILE: file })
    expect((await send(alex, { to, with: otherSecret })).status).toBe(200)
    writeFileSync(file, `${secret}\n`)
    expect((await send(alex, { to })).status).toBe(200)
    expect((await send(alex, { to, with: otherSecret })).status).toBe(401)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe('a body', () => {
  test.each([
    ['that is no JSON', `{"topic":"call.triggered","data":{"to_number":"${numberInQueue}"`],
    ['that is a list', '[]'],
    ['that is null', 'null'],
    ['that is empty', ''],
    ['that is compressed', Buffer.from('1f8b0800000000000003', 'hex')],
  ])('%s is malformed, and the answer does not quote it', async (_, body) => {
    expect(await send({}, { body })).toMatchObject({ status: 400, text: 'the body is not a JSON object\n' })
    expect(await outcomes(server)).toEqual({ malformed: 1 })
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-16'])(
    'of the type %s is read as JSON',
    async (type) => {
      expect((await send(alex, { headers: { 'content-type': type } })).text).toBe('accepted\n')
    },
  )

  test('of 64 kB is accepted, and one byte more is not', async () => {
    const filled = (size: number) =>
      JSON.stringify({ topic: 'call.triggered', data: { ...alex, summary: '' } }).replace(
        /"summary":""/,
        (summary) => `${summary.slice(0, -1)}${'x'.repeat(size)}"`,
      )
    const room = 65_536 - filled(0).length
    expect((await send({}, { body: filled(room) })).status).toBe(200)
    expect((await send({}, { body: filled(room + 1) })).status).toBe(413)
    expect(await outcomes(server)).toEqual({ accepted: 1, refused_size: 1 })
  })

  test.each([
    ['announced', `content-length: ${10_000_000}\r\n`, ''],
    ['sent in chunks', 'transfer-encoding: chunked\r\n', `11000\r\n${'x'.repeat(0x11000)}\r\n`],
  ])(
    'of 10 MB that is %s is refused before it is there, and the connection closed',
    async (_, header, sent) => {
      const socket = connect(server.port, '127.0.0.1')
      const { 'webhook-id': id, 'webhook-timestamp': at } = signWebhook(secret, {
        id: 'msg',
        at: Date.now(),
        body: '',
      })
      let answer = ''
      socket.setEncoding('utf8').on('data', (text: string) => {
        answer += text
      })
      socket.on('error', () => undefined)
      socket.write(
        `POST /hooks/allo HTTP/1.1\r\nhost: x\r\nwebhook-id: ${id}\r\nwebhook-timestamp: ${at}\r\n${header}\r\n${sent}`,
      )
      await once(socket, 'close')
      expect(answer).toMatch(/^HTTP\/1\.1 413 /)
      expect(answer).toContain('connection: close')
      expect(await outcomes(server)).toEqual({ refused_size: 1 })
    },
  )
})

describe('the path', () => {
  test('needs neither the password nor a name of ours, and opens nothing else', async () => {
    const guarded = await scene.start({ HTTP_BASIC_AUTH: 'ops:password', HTTP_HOST: '0.0.0.0' })
    const headers = { host: 'hooks.customer.example' }
    expect((await send(alex, { to: guarded, headers })).text).toBe('accepted\n')
    for (const path of [
      '/',
      '/status',
      '/hooks/allo/',
      '/hooks',
      '/hooks/allo/x',
      '/%68ooks/allo',
      '//hooks/allo',
    ]) {
      expect([path, (await guarded.get(path)).status]).toEqual([path, 401])
      expect([path, (await guarded.get(path, { method: 'POST', body: '{}' })).status]).toEqual([path, 405])
    }
    expect((await guarded.get('/status', { headers })).status).toBe(421)
  })

  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('does not answer to %s', async (method) => {
    const { status, headers } = await server.get('/hooks/allo', { method })
    expect([status, headers.allow]).toEqual([405, 'POST'])
  })

  test('refuses pages of other websites', async () => {
    const browser = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }
    expect((await send(alex, { headers: browser })).status).toBe(403)
    // As fetch of Node does, which is no browser.
    expect((await send(alex, { headers: { 'sec-fetch-mode': 'cors' } })).status).toBe(200)
  })

  test('is like any other unknown one without a secret', async () => {
    const without = await scene.start({ ALLO_WEBHOOK_SECRET: '' })
    expect((await without.get('/hooks/allo')).status).toBe(404)
    expect((await send(alex, { to: without })).status).toBe(405)
    expect((await without.get('/nowhere', { method: 'POST' })).status).toBe(405)
  })

  test('is open to a hundred requests at once, and says to the next when to try again', async () => {
    const head = 'POST /hooks/allo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n'
    const waiting = Array.from({ length: 100 }, () =>
      connect(server.port, '127.0.0.1', function connected(this: Socket) {
        this.write(head)
      }).on('error', () => undefined),
    )
    let refused: Reply | null = null
    await until('one more is refused', async () => {
      refused = await send(alex)
      return refused.status === 429
    })
    expect(refused).toMatchObject({
      text: 'too many webhooks: try again in a moment\n',
      headers: { 'retry-after': '1' },
    })
    expect((await outcomes(server)).too_many).toBe(1)
    expect((await server.get('/healthz')).status).toBe(200)
    for (const socket of waiting) socket.destroy()
    await until('they are closed', async () => (await send(alex)).status === 200)
  })
})

describe('Allo is asked to send it again', () => {
  test.each([
    ['before Postgres is open', { database: null }],
    ['before the job backend is open', { looks: null }],
  ])('%s', async (_, state) => {
    const { database: opened } = server.state
    Object.assign(server.state, state)
    expect(await send(alex)).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
    expect(await outcomes(server)).toEqual({ unavailable: 1 })
    server.state.database = opened
  })

  test('if Postgres is gone', async () => {
    await server.state.database?.pool.end()
    server.state.database = databaseAt('postgresql://nobody@127.0.0.1:1/nothing')
    expect((await send(alex)).status).toBe(503)
  })

  test('if Postgres or the job backend does not answer in time', async () => {
    const hurried = await scene.start({}, 300)
    const stuck = Promise.withResolvers<void>()
    scene.askBy(() => stuck.promise)
    expect((await send(alex, { to: hurried })).status).toBe(503)
    stuck.resolve()
    const client = await scene.database.pool.connect()
    await client.query('begin; lock table allo.webhook_deliveries')
    expect((await send(alex, { to: hurried })).status).toBe(503)
    await client.query('rollback')
    client.release()
  })
})
