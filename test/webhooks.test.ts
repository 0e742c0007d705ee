/** Webhooks of Allo over real HTTP, with a real Postgres and a list of the looks that were asked for. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startWebhooks } from '../src/simulation/webhooks.ts'
import { createWorld } from '../src/simulation/world.ts'
import { findAnywhere } from './support/everything.ts'
import type { TestServer } from './support/http.ts'
import {
  alex,
  numberElsewhere,
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

describe('a webhook', () => {
  test.each(['call.triggered', 'call.answered'])(
    '%s makes the worker look where its teammate dials',
    async (topic) => {
      expect(await send(alex, { topic })).toMatchObject({ status: 200, text: 'accepted\n' })
      expect(scene.requested).toEqual(['look usr-alex null'])
      expect(await outcomes(server)).toEqual({ accepted: 1 })
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
    expect(scene.requested).toEqual(['look usr-alex null'])
  })

  test.each([
    [numberInQueue, 1],
    ['+1 (212) 555-0123', 1],
    ['0012125550123', 1],
    ['+12125550124', 3],
  ])(
    'call.completed makes the worker look at the place of its number %s, the last of several',
    async (to, rank) => {
      for (const data of [{ to_number: to }, { to }])
        await send({ ...alex, to_number: undefined, ...data }, { topic: 'call.completed' })
      expect(scene.requested).toEqual([`look usr-alex ${rank}`, `look usr-alex ${rank}`])
    },
  )

  test('call.completed of a number that is not in the queue makes the worker read the queue', async () => {
    await send({ ...alex, to_number: numberElsewhere }, { topic: 'call.completed' })
    expect(scene.requested).toEqual(['read usr-alex: a completed call of an unknown number'])
  })

  test('call.completed without a number makes the worker look where dialling stands', async () => {
    await send({ ...alex, to_number: null }, { topic: 'call.completed' })
    expect(scene.requested).toEqual(['look usr-alex null'])
  })

  test.each([
    ['of another topic', { topic: 'contact.updated' }, alex],
    ['without a topic', { topic: '' }, alex],
    ['of an inbound call', { topic: 'call.completed' }, { ...alex, direction: 'inbound' }],
    ['of an inbound call by its type', { topic: 'call.completed' }, { ...alex, type: 'INBOUND' }],
    ['of a teammate without a queue', {}, { user_id: 'usr-noqueue' }],
    ['of a teammate whom passes leave out', {}, { user_id: 'usr-skipped' }],
    [
      'of a number of a queue that ended',
      { topic: 'call.completed' },
      { user_id: 'usr-noqueue', to: numberInQueue },
    ],
  ])('%s is accepted, and nothing happens', async (_, sent, data) => {
    expect(await send(data, sent)).toMatchObject({ status: 200, text: 'ignored\n' })
    expect(scene.requested).toEqual([])
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
    expect(scene.requested).toEqual([])
    expect(await outcomes(server)).toEqual({ unknown_teammate: 1 })
  })

  test('does nothing while looks are off', async () => {
    const off = await scene.start({ LIVE_BUDGET_SHARE: '0' })
    expect(await send(alex, { to: off })).toMatchObject({ status: 200, text: 'ignored\n' })
    expect(scene.requested).toEqual([])
  })
})

describe('a webhook that is delivered again', () => {
  test('with the same id does nothing, also at another process', async () => {
    const id = 'msg_twice'
    await send(alex, { id })
    expect(await send(alex, { id })).toMatchObject({ status: 200, text: 'repeated\n' })
    expect(await send({ user_id: 'usr-kim' }, { id })).toMatchObject({ text: 'repeated\n' })
    expect(await send(alex, { id, to: await scene.start() })).toMatchObject({ text: 'repeated\n' })
    expect(scene.requested).toEqual(['look usr-alex null'])
    expect(await outcomes(server)).toEqual({ accepted: 1, repeated: 2 })
  })

  test('at the same time asks once', async () => {
    const other = await scene.start()
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        send(alex, { id: 'msg_burst', to: index % 2 ? server : other }),
      ),
    )
    expect(replies.map(({ text }) => text).sort()).toEqual(['accepted\n', ...Array(19).fill('repeated\n')])
    expect(scene.requested).toEqual(['look usr-alex null'])
  })

  test('after the job backend failed is not a repetition', async () => {
    scene.askBy(() => Promise.reject(new Error(`Redis is gone, ${numberInQueue}`)))
    const failed = await send(alex, { id: 'msg_again' })
    expect(failed).toMatchObject({ status: 503, headers: { 'retry-after': '5' } })
    expect(failed.text).toBe('the worker is not ready: send it again\n')
    expect(server.lines.at(-1)).toContain('"outcome":"unavailable","because":"Error"')
    scene.askBy(async () => undefined)
    expect(await send(alex, { id: 'msg_again' })).toMatchObject({ status: 200, text: 'accepted\n' })
  })

  test('is known for a quarter of an hour, and then its id is deleted', async () => {
    await send(alex, { id: 'msg_old' })
    await send(alex, { id: 'msg_young' })
    const age = (id: string, minutes: number) =>
      scene.database.pool.query(
        `update allo.webhook_deliveries set received_at = received_at - make_interval(mins => $2) where webhook_id = $1`,
        [id, minutes],
      )
    await age('msg_old', 16)
    await age('msg_young', 14)
    // A process deletes at its first webhook, and then once a minute.
    await send(alex, { to: await scene.start() })
    const { rows } = await scene.database.pool.query<{ id: string }>(
      `select webhook_id as id from allo.webhook_deliveries where webhook_id in ('msg_old', 'msg_young')`,
    )
    expect(rows).toEqual([{ id: 'msg_young' }])
  })
})

test('the webhooks of the simulated Allo name its dials, and forged, repeated, late and lost ones do no harm', async () => {
  const world = createWorld({ seed: 9, teammates: 1, numbersPerQueue: 40 })
  const [rep] = world.teammates()
  const userId = rep?.id ?? ''
  await scene.database.pool.query('update allo.teammates set email = $1 where user_id = $2', [
    rep?.email,
    'usr-kim',
  ])
  const faults = { lost: 0.1, doubled: 0.3, late: 0.3, lateMs: 300, forged: 0.3 }
  const webhooks = startWebhooks(world, {
    url: `${server.url}/hooks/allo`,
    secret,
    delayMs: [0, 200],
    faults,
  })
  for (let position = 0; position < 20; position += 1) {
    world.apply({ type: 'dial', userId, position, callId: true })
    world.apply({ type: 'result', userId, position, result: { routing_result: 'ANSWERED' } })
  }
  await until('most of 60 webhooks arrived', async () => ((await outcomes(server)).accepted ?? 0) >= 30)
  await until('each fault happened', async () => {
    const { repeated = 0, refused_signature: forged = 0 } = await outcomes(server)
    return repeated > 0 && forged > 0
  })
  await webhooks.stop()
  expect(webhooks.answers.get(401)).toBeGreaterThan(0)
  expect(scene.requested.length).toBeLessThanOrEqual(60)
  expect(new Set(scene.requested.map((asked) => asked.replace(/:.*/, '')))).toEqual(
    new Set(['look usr-kim null', 'read usr-kim']),
  )
})

test('no log, table or answer holds what a webhook says', async () => {
  const told = { ...alex, summary: 'Talked about the yellow tractor', recording_url: 'https://rec.example/1' }
  const replies = [
    await send(told, { topic: 'call.completed' }),
    await send(told, { topic: 'call.completed', with: otherSecret }),
    await send({ ...told, to_number: numberElsewhere }, { topic: 'call.completed' }),
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
  expect(await findAnywhere(scene.database.pool, texts)).toEqual([])
  const lines = server.lines.filter((line) => line.includes('"allo_webhook"')).map((line) => JSON.parse(line))
  expect(lines.map(({ topic, outcome }) => [topic, outcome])).toEqual([
    ['call.completed', 'accepted'],
    [undefined, 'refused_signature'],
    ['call.completed', 'accepted'],
    ['call.triggered', 'unknown_teammate'],
    [undefined, 'malformed'],
  ])
})
