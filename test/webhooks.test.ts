/** Webhooks of Allo over real HTTP, with a real Postgres and a list of the looks that were asked for. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { signWebhook } from '../src/simulation/webhooks.ts'
import { keyFingerprint } from '../src/store/pass/read-budget.ts'
import type { LookRequests } from '../src/worker/look-requests.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { findAnywhere } from './support/everything.ts'
import { databaseAt, type Reply, startTestServer, type TestServer } from './support/http.ts'
import { apiKey } from './support/pass.ts'
import { until } from './support/worker.ts'

const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
const otherSecret = `whsec_${Buffer.alloc(32, 2).toString('base64')}`
const number = '+12125550123'

let database: TestDatabase
let server: TestServer
let requested: string[]
let looks: LookRequests
const servers: TestServer[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  await database.pool.query(teamWithQueue)
  await database.pool.query('insert into allo.api_keys (key_fingerprint, team_id) values ($1, $2)', [
    keyFingerprint(apiKey),
    'team-1',
  ])
})
afterAll(() => database.drop())
beforeEach(async () => {
  requested = []
  looks = {
    lookNow: async (userId, rank) => void requested.push(`look ${userId} ${rank}`),
    readNow: async (userId, reason) => void requested.push(`read ${userId}: ${reason}`),
  }
  server = await start()
})
afterEach(async () => {
  for (const { http, state } of servers.splice(0)) {
    await http.stop()
    await state.database?.pool.end()
  }
})

async function start(env: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  const started = await startTestServer(
    { ALLO_WEBHOOK_SECRET: secret, LOG_LEVEL: 'debug', ...env },
    { database: databaseAt(database.url), looks },
  )
  servers.push(started)
  return started
}

interface Sent {
  readonly topic?: string
  readonly id?: string
  readonly at?: number
  readonly with?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  readonly to?: TestServer
}

let sentSoFar = 0

function send(data: Readonly<Record<string, unknown>>, sent: Sent = {}): Promise<Reply> {
  sentSoFar += 1
  const { topic = 'call.triggered', id = `msg_${sentSoFar}`, at = Date.now(), to = server } = sent
  const body =
    sent.body ?? JSON.stringify({ topic, version: '2.0', timestamp: new Date(at).toISOString(), data })
  const signed = signWebhook(sent.with ?? secret, { id, at, body })
  const headers = { 'content-type': 'application/json', ...signed, ...sent.headers }
  return to.get('/hooks/allo', { method: 'POST', headers, body })
}

async function outcomes(of = server): Promise<Record<string, number>> {
  const { text } = await of.get('/metrics')
  const counts = [...text.matchAll(/^allo_queue_mirror_webhooks_total\{outcome="(\w+)"\} (\d+)$/gm)]
  return Object.fromEntries(
    counts.flatMap(([, outcome = '', count]) => (count === '0' ? [] : [[outcome, Number(count)]])),
  )
}

const alex = { user_email: 'Alex@Example.com', to_number: number }

describe('a webhook', () => {
  test.each(['call.triggered', 'call.answered'])(
    '%s makes the worker look where its teammate dials',
    async (topic) => {
      expect(await send(alex, { topic })).toMatchObject({ status: 200, text: 'accepted\n' })
      expect(requested).toEqual(['look usr-alex null'])
      expect(await outcomes()).toEqual({ accepted: 1 })
    },
  )

  test.each([
    ['user_email', { user_email: 'ALEX@example.COM ' }],
    ['user_id', { user_id: 'usr-alex' }],
    ['user.id', { user: { id: 'usr-alex' } }],
    ['user.email', { user: { email: 'alex@example.com' } }],
    ['an id beside an unknown e-mail', { user_id: 'usr-alex', user_email: 'x@example.com' }],
    ['an id beside the e-mail of another teammate', { user_id: 'usr-alex', user_email: 'kim@example.com' }],
  ])('names its teammate by %s', async (_, data) => {
    expect((await send(data)).text).toBe('accepted\n')
    expect(requested).toEqual(['look usr-alex null'])
  })

  test.each([
    [number, 1],
    ['+1 (212) 555-0123', 1],
    ['0012125550123', 1],
    ['+12125550124', 3],
  ])(
    'call.completed makes the worker look at the place of its number %s, the last of several',
    async (to, rank) => {
      for (const data of [{ to_number: to }, { to }])
        await send({ ...alex, to_number: undefined, ...data }, { topic: 'call.completed' })
      expect(requested).toEqual([`look usr-alex ${rank}`, `look usr-alex ${rank}`])
    },
  )

  test('call.completed of a number that is not in the queue makes the worker read the queue', async () => {
    await send({ ...alex, to_number: '+12125550199' }, { topic: 'call.completed' })
    expect(requested).toEqual(['read usr-alex: a call was completed to a number that is not in the queue'])
  })

  test('call.completed without a number makes the worker look where dialling stands', async () => {
    await send({ ...alex, to_number: null }, { topic: 'call.completed' })
    expect(requested).toEqual(['look usr-alex null'])
  })

  test.each([
    ['of another topic', { topic: 'contact.updated' }, alex],
    ['without a topic', { topic: '' }, alex],
    ['of an inbound call', { topic: 'call.completed' }, { ...alex, direction: 'inbound' }],
    ['of an inbound call by its type', { topic: 'call.completed' }, { ...alex, type: 'INBOUND' }],
    ['of a teammate without a queue', {}, { user_id: 'usr-noqueue' }],
    [
      'of a number of a queue that ended',
      { topic: 'call.completed' },
      { user_id: 'usr-noqueue', to: number },
    ],
  ])('%s is accepted, and nothing happens', async (_, sent, data) => {
    expect(await send(data, sent)).toMatchObject({ status: 200, text: 'ignored\n' })
    expect(requested).toEqual([])
  })

  test.each([
    ['is unknown', { user_email: 'stranger@example.com' }],
    ['is of another team', { user_email: 'other@example.com' }],
    ['is of another team, by id', { user_id: 'usr-other' }],
    ['left the team', { user_id: 'usr-left' }],
    ['is not named', {}],
    ['is named by nonsense', { user_email: 7, user_id: 'a\0b', user: 'usr-alex' }],
    ['is named by a long text', { user_id: `usr-alex${' '.repeat(400)}x` }],
  ])('of a teammate who %s is accepted, counted, and nothing happens', async (_, data) => {
    expect(await send(data)).toMatchObject({ status: 200, text: 'unknown_teammate\n' })
    expect(requested).toEqual([])
    expect(await outcomes()).toEqual({ unknown_teammate: 1 })
  })

  test('does nothing while looks are off', async () => {
    const off = await start({ LIVE_BUDGET_SHARE: '0' })
    expect(await send(alex, { to: off })).toMatchObject({ status: 200, text: 'ignored\n' })
    expect(requested).toEqual([])
  })
})

describe('a webhook that is delivered again', () => {
  test('with the same id does nothing, whoever sends it', async () => {
    const id = 'msg_twice'
    await send(alex, { id })
    expect(await send(alex, { id })).toMatchObject({ status: 200, text: 'repeated\n' })
    expect(await send({ user_id: 'usr-kim' }, { id })).toMatchObject({ text: 'repeated\n' })
    expect(await send(alex, { id, to: await start() })).toMatchObject({ text: 'repeated\n' })
    expect(requested).toEqual(['look usr-alex null'])
    expect(await outcomes()).toEqual({ accepted: 1, repeated: 2 })
  })

  test('at the same time asks once', async () => {
    const other = await start()
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        send(alex, { id: 'msg_burst', to: index % 2 ? server : other }),
      ),
    )
    expect(replies.map(({ text }) => text).sort()).toEqual(['accepted\n', ...Array(19).fill('repeated\n')])
    expect(requested).toEqual(['look usr-alex null'])
  })

  test('after the job backend failed is not a repetition', async () => {
    const { lookNow } = looks
    looks.lookNow = () => Promise.reject(new Error(`Redis is gone, ${number}`))
    const failed = await send(alex, { id: 'msg_again' })
    expect(failed).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
    expect(failed.text).toBe('the worker is not ready: send it again\n')
    looks.lookNow = lookNow
    expect(await send(alex, { id: 'msg_again' })).toMatchObject({ status: 200, text: 'accepted\n' })
  })

  test('is known for a quarter of an hour, and then its id is deleted', async () => {
    await send(alex, { id: 'msg_old' })
    await send(alex, { id: 'msg_young' })
    const age = (id: string, minutes: number) =>
      database.pool.query(
        `update allo.webhook_deliveries set received_at = received_at - make_interval(mins => $2) where webhook_id = $1`,
        [id, minutes],
      )
    await age('msg_old', 16)
    await age('msg_young', 14)
    // A process deletes at its first webhook, and then once a minute.
    await send(alex, { to: await start() })
    const { rows } = await database.pool.query<{ id: string }>(
      `select webhook_id as id from allo.webhook_deliveries where webhook_id in ('msg_old', 'msg_young')`,
    )
    expect(rows).toEqual([{ id: 'msg_young' }])
  })
})

describe('a request that Allo did not send', () => {
  test('is refused if it is signed with another secret', async () => {
    const reply = await send(alex, { with: otherSecret })
    expect(reply).toMatchObject({ status: 401, text: 'the signature is not made with ALLO_WEBHOOK_SECRET\n' })
    expect(await outcomes()).toEqual({ refused_signature: 1 })
    expect(requested).toEqual([])
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
    const to = await start({ ALLO_WEBHOOK_SECRET: '', ALLO_WEBHOOK_SECRET_FILE: file })
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
    ['that is no JSON', `{"topic":"call.triggered","data":{"to_number":"${number}"`],
    ['that is a list', '[]'],
    ['that is null', 'null'],
    ['that is empty', ''],
    ['that is compressed', Buffer.from('1f8b0800000000000003', 'hex')],
  ])('%s is malformed, and the answer does not quote it', async (_, body) => {
    expect(await send({}, { body })).toMatchObject({ status: 400, text: 'the body is not a JSON object\n' })
    expect(await outcomes()).toEqual({ malformed: 1 })
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
    expect(await outcomes()).toEqual({ accepted: 1, refused_size: 1 })
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
      expect(await outcomes()).toEqual({ refused_size: 1 })
    },
  )
})

describe('the path', () => {
  test('needs neither the password nor a name of ours, and opens nothing else', async () => {
    const guarded = await start({ HTTP_BASIC_AUTH: 'ops:password', HTTP_HOST: '0.0.0.0' })
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
    const without = await start({ ALLO_WEBHOOK_SECRET: '' })
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
    expect((await outcomes()).too_many).toBe(1)
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
    expect(await outcomes()).toEqual({ unavailable: 1 })
    server.state.database = opened
  })

  test('if Postgres is gone', async () => {
    await server.state.database?.pool.end()
    server.state.database = databaseAt('postgresql://nobody@127.0.0.1:1/nothing')
    expect((await send(alex)).status).toBe(503)
  })

  test('within a second, if Postgres or the job backend does not answer', async () => {
    const stuck = Promise.withResolvers<void>()
    looks.lookNow = () => stuck.promise
    expect((await send(alex, { id: 'msg_slow' })).status).toBe(503)
    stuck.resolve()
    const client = await database.pool.connect()
    await client.query('begin; lock table allo.webhook_deliveries')
    expect((await send(alex)).status).toBe(503)
    await client.query('rollback')
    client.release()
  })
})

test('no log, table or answer holds what a webhook says', async () => {
  const told = { ...alex, summary: 'Talked about the yellow tractor', recording_url: 'https://rec.example/1' }
  const replies = [
    await send(told, { topic: 'call.completed' }),
    await send(told, { topic: 'call.completed', with: otherSecret }),
    await send({ ...told, to_number: '+12125550199' }, { topic: 'call.completed' }),
    await send({ ...told, user_email: 'stranger@example.com' }),
    await send({}, { body: JSON.stringify(told).slice(0, -1) }),
  ]
  expect(replies.map(({ status }) => status)).toEqual([200, 401, 200, 200, 400])
  const said = [
    ...server.lines,
    ...replies.map(({ text }) => text),
    (await server.get('/metrics')).text,
  ].join('\n')
  const texts = ['yellow tractor', 'rec.example', '2125550199', 'stranger@', secret.slice(6)]
  for (const text of [...texts, '2125550123', 'Alex@', 'usr-alex'])
    expect([text, said.includes(text)]).toEqual([text, false])
  expect(await findAnywhere(database.pool, texts)).toEqual([])
  const lines = server.lines.filter((line) => line.includes('"allo_webhook"')).map((line) => JSON.parse(line))
  expect(lines.map(({ topic, outcome }) => [topic, outcome])).toEqual([
    ['call.completed', 'accepted'],
    [undefined, 'refused_signature'],
    ['call.completed', 'accepted'],
    ['call.triggered', 'unknown_teammate'],
    [undefined, 'malformed'],
  ])
})

const teamWithQueue = `
  insert into allo.teams (team_id, name, first_seen_at, last_seen_at)
    select id, id, now(), now() from unnest(array['team-1', 'team-2']) id;
  insert into allo.teammates (user_id, team_id, email, is_listed, first_seen_at, last_seen_at)
    values ('usr-alex', 'team-1', 'alex@example.com', true, now(), now()),
           ('usr-kim', 'team-1', 'kim@example.com', true, now(), now()),
           ('usr-noqueue', 'team-1', null, true, now(), now()),
           ('usr-left', 'team-1', 'left@example.com', false, now(), now()),
           ('usr-other', 'team-2', 'other@example.com', true, now(), now());
  insert into allo.queues (queue_id, team_id, user_id, is_current, first_seen_at, numbers, last_read_started_at,
      last_observed_at, membership_digest, content_digest, ended_at, end_reason)
    values ('pdl-alex', 'team-1', 'usr-alex', true, now(), 4, now(), now(), '', '', null, null),
           ('pdl-ended', 'team-1', 'usr-noqueue', false, now(), 1, now(), now(), '', '', now(), 'deleted');
  insert into allo.queue_numbers (queue_id, position, entry_id, number_to, row_digest)
    values ('pdl-alex', 0, 1, '+12125550122', 0), ('pdl-alex', 7, 2, '+12125550123', 0),
           ('pdl-alex', 8, 3, '+12125550124', 0), ('pdl-alex', 12, 4, '+1 212 555 0124', 0),
           ('pdl-ended', 0, 5, '+12125550123', 0);
`
