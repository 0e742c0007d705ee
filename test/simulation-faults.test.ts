import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { BODY_FAULTS } from '../src/simulation/fault-bodies.ts'
import { REFUSALS } from '../src/simulation/fault-refusals.ts'
import type { Fault, FaultKind } from '../src/simulation/faults.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'

const world = createWorld({ seed: 4, teammates: 3, withoutQueue: 1, numbersPerQueue: 25 })
const [owner = '', rep = '', without = ''] = world.teammates().map(({ id }) => id)
let allo: SimulatedAllo

beforeAll(async () => {
  const scopes = ['USERS_READ', 'DIALING_QUEUE_READ_WRITE', 'CONVERSATIONS_READ']
  allo = await startSimulatedAllo({ world, apiKey: 'ak', readsPerSecond: null, scopes })
})
afterEach(() => allo.faults.clear())
afterAll(() => allo.close())

async function ask(path: string): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(`${allo.url}/v2/api${path}`, { headers: { authorization: 'ak' } })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const page = (userId: string, number = 1) =>
  ask(`/dialing-queues/current?user_id=${userId}&page=${number}&size=10`)
const json = async (asking: Promise<{ text: string }>) => JSON.parse((await asking).text)

describe('a fault instead of the response', () => {
  test.each([
    ['server_error', 500, '"retryable":true'],
    ['bad_gateway_html', 502, '<html>'],
    ['unavailable_empty', 503, ''],
    ['conflict', 409, 'OTHER_TRANSACTION_IN_PROGRESS'],
    ['key_invalid', 401, 'API_KEY_INVALID'],
    ['key_revoked', 401, 'API_KEY_REVOKED'],
    ['missing_scope', 403, 'DIALING_QUEUE_READ_WRITE'],
    ['assignee_not_found', 404, 'ASSIGNEE_NOT_FOUND'],
    ['queue_not_found', 404, 'DIALING_QUEUE_NOT_FOUND'],
    ['not_found_html', 404, '<html>'],
    ['quota_exceeded', 429, 'reset_in=3600'],
  ] as const)('%s', async (kind, status, text) => {
    allo.faults.add({ kind, times: 1 })
    const answer = await page(rep)
    expect(answer.status).toBe(status)
    expect(answer.text).toContain(text)
    expect((await page(rep)).status).toBe(200)
  })

  test.each([
    [{ retryAfterSeconds: 7 }, 7, /^7$/],
    [{ retryAfterSeconds: 0, retryAfterHeader: 'none' }, 0, null],
    [{ retryAfterSeconds: null }, null, /^1$/],
    [{ retryAfterSeconds: 'missing', retryAfterHeader: 'date' }, undefined, /GMT$/],
  ] as const)('a 429 gives its wait in many ways: %j', async (details, body, header) => {
    allo.faults.add({ kind: 'rate_limited', ...details })
    const answer = await page(rep)
    expect(answer.status).toBe(429)
    expect(JSON.parse(answer.text).error.retry_after_seconds).toBe(body)
    if (header) expect(answer.headers.get('retry-after')).toMatch(header)
    else expect(answer.headers.get('retry-after')).toBeNull()
  })

  test.each(['connection_reset', 'cut_off'] as const)('%s breaks the connection', async (kind) => {
    allo.faults.add(kind)
    await expect(page(rep)).rejects.toThrow(Error)
  })

  test('no response keeps the client waiting until its timeout', async () => {
    allo.faults.add('no_answer')
    const impatient = fetch(`${allo.url}/v2/api/me`, {
      headers: { authorization: 'ak' },
      signal: AbortSignal.timeout(100),
    })
    await expect(impatient).rejects.toThrow('timeout')
  })

  test.each(['truncated_json', 'invalid_json', 'empty_body'] as const)('%s has status 200', async (kind) => {
    allo.faults.add(kind)
    const answer = await page(rep)
    expect(answer.status).toBe(200)
    expect(() => JSON.parse(answer.text)).toThrow(SyntaxError)
  })
})

describe('a fault in the response', () => {
  const spoilt = async (
    fault: Fault | FaultKind,
    path = `/dialing-queues/current?user_id=${rep}&size=10`,
  ) => {
    allo.faults.add(fault)
    return json(ask(path))
  }

  test('can be a wrong queue: that of the owner, none, the page before, the older form', async () => {
    expect((await spoilt({ kind: 'wrong_owner', times: 1 })).queue.assignee_id).toBe(owner)
    expect((await spoilt({ kind: 'odd_no_queue', times: 1 })).queue).toBeUndefined()
    const first = await json(page(rep, 1))
    allo.faults.add({ kind: 'repeated_page', page: 2, times: 1 })
    expect((await json(page(rep, 2))).data).toEqual(first.data)
    expect((await json(page(rep, 2))).data).not.toEqual(first.data)
    const { data } = await spoilt('older_form')
    expect([data.id, data.numbers.length]).toEqual([first.queue.id, 25])
  })

  test('can be endless pages, empty ones or the last one again', async () => {
    allo.faults.add({ kind: 'endless_pages', times: 1 })
    expect(await json(page(rep, 9))).toMatchObject({ data: [], pagination: { has_more: true } })
    allo.faults.add({ kind: 'endless_pages', show: 'same' })
    const beyond = await json(page(rep, 9))
    expect(beyond.pagination.has_more).toBe(true)
    expect(beyond.data).toEqual((await json(page(rep, 3))).data)
  })

  test('can be a missing or wrong pagination field', async () => {
    const healthy = await json(page(rep))
    allo.faults.add('has_more_missing')
    allo.faults.add('queue_missing')
    allo.faults.add('total_count_wrong')
    const answer = await json(page(rep))
    expect(answer.pagination).not.toHaveProperty('has_more')
    expect(answer).not.toHaveProperty('queue')
    expect(answer.pagination.total_count).toBe(healthy.pagination.total_count + 1)
    expect(answer.data).toEqual(healthy.data)
  })

  test('can be rows that are doubled, lost or separated', async () => {
    const positions = async (kind: FaultKind) =>
      (await spoilt({ kind, times: 1 })).data.map(({ position }: { position: number }) => position)
    expect(await positions('duplicate_positions')).toEqual([0, 0, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(await positions('position_gaps')).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90])
    expect(await positions('duplicated_row')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9])
    expect(await positions('lost_row')).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9])
  })

  test('can be a field that is unknown, missing, null or of another type', async () => {
    expect((await spoilt({ kind: 'unknown_fields', times: 1 })).data[0].call_status).toBe('QUEUED')
    expect((await spoilt({ kind: 'unknown_values', times: 1 })).data[0].sync_status).toBe('DEFERRED')
    expect((await spoilt({ kind: 'missing_fields', times: 1 })).data[0]).toEqual({ position: 0 })
    expect((await spoilt({ kind: 'null_assignee', times: 1 })).queue.assignee_id).toBeNull()
    expect((await spoilt({ kind: 'null_number', times: 1 })).data[0].number_to).toBeNull()
    expect((await spoilt({ kind: 'wrong_types', times: 1 })).data[3].position).toBe('3')
    expect((await spoilt({ kind: 'underscore_ids', times: 1 })).queue.assignee_id).toBe(rep.replace('-', '_'))
    expect(Date.parse((await spoilt('absurd_timestamps')).data[0].created_at)).toBeNaN()
  })

  test('can be text that Postgres can’t store', async () => {
    allo.faults.add({ kind: 'nul_in_text', times: 1 })
    expect((await page(rep)).text).toContain('\\u0000')
    allo.faults.add('lone_surrogate')
    expect((await page(rep)).text).toContain('\\ud800')
  })

  test('can be an empty list of users, a teammate twice, or an unknown team', async () => {
    expect((await spoilt({ kind: 'empty_users', times: 1 }, '/users')).data).toEqual([])
    const users = (await spoilt('duplicate_user', '/users')).data
    expect([users.length, users.at(-1)]).toEqual([4, users[0]])
    expect((await spoilt('no_team', '/me')).data.team).toBeNull()
  })
})

describe('the scope of a fault', () => {
  test('can be an endpoint, a teammate, a page and a number of times', async () => {
    allo.faults.add({ kind: 'server_error', endpoint: 'me' })
    allo.faults.add({ kind: 'conflict', userId: rep, page: 2, times: 2 })
    expect((await ask('/me')).status).toBe(500)
    expect((await ask('/users')).status).toBe(200)
    const statuses = []
    for (const [userId, number] of [
      [rep, 1],
      [owner, 2],
      [rep, 2],
      [rep, 2],
      [rep, 2],
    ] as const) {
      statuses.push((await page(userId, number)).status)
    }
    expect(statuses).toEqual([200, 200, 409, 409, 200])
  })

  test('does not count requests in which there was nothing to change', async () => {
    const active = allo.faults.add('duplicate_positions')
    await page(without)
    await ask('/users')
    expect(active.injected()).toBe(0)
    await page(rep)
    expect(active.injected()).toBe(1)
    active.remove()
    await page(rep)
    expect(active.injected()).toBe(1)
  })

  test('in chaos is drawn at random, as often as configured', async () => {
    const before = allo.faults.injected()
    const chaos = allo.faults.chaos({
      seed: 1,
      probability: 0.3,
      kinds: ['server_error', 'conflict', 'truncated_json'],
    })
    let failed = 0
    for (let asked = 0; asked < 200; asked += 1) {
      const { status, text } = await page(rep)
      if (status !== 200 || !text.endsWith('}')) failed += 1
    }
    expect(chaos.injected()).toBe(failed)
    expect(failed).toBeGreaterThan(30)
    expect(failed).toBeLessThan(95)
    const grown = ['server_error', 'conflict', 'truncated_json'] as const
    for (const kind of grown) expect(allo.faults.injected()[kind]).toBeGreaterThan(before[kind] ?? 0)
  })

  test('never stops the server, whatever the kind of fault', async () => {
    const kinds = [...Object.keys(REFUSALS), ...Object.keys(BODY_FAULTS)] as FaultKind[]
    const { callId } = world.apply({ type: 'dial', userId: rep, position: 0 })
    world.apply({ type: 'result', userId: rep, position: 0, result: { routing_result: 'ANSWERED' } })
    const paths = [
      '/me',
      '/users',
      `/dialing-queues/current?user_id=${rep}`,
      `/conversations/items/${callId}`,
    ]
    for (const kind of kinds.filter((name) => name !== 'no_answer')) {
      const active = allo.faults.add(kind)
      for (const path of paths) await ask(path).catch(() => null)
      expect(active.injected(), kind).toBeGreaterThan(0)
      active.remove()
    }
    expect((await page(rep)).status).toBe(200)
  })
})
