import { afterEach, describe, expect, test } from 'vitest'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import type { NumberRow, QueueRow } from '../src/simulation/shapes.ts'
import { createWorld, type World } from '../src/simulation/world.ts'

const _noon = Date.UTC(2026, 3, 30, 12)

interface Page {
  data: NumberRow[]
  pagination: { page: number; size: number; total_count: number; total_pages: number; has_more: boolean }
  queue?: QueueRow
}

function portrait(world: World) {
  return world.teammates().map((user) => {
    const current = world.currentQueue(user.id)
    return { user, queue: current?.queue, numbers: current?.rows() }
  })
}

function idsOf(world: World): string[] {
  return world.teammates().map(({ id }) => id)
}

describe('the simulated Allo', () => {
  const running: SimulatedAllo[] = []

  afterEach(async () => {
    await Promise.all(running.splice(0).map((allo) => allo.close()))
  })

  async function start(
    options: Partial<Parameters<typeof startSimulatedAllo>[0]> = {},
    world = createWorld({ seed: 2, teammates: 4, blocked: 1, withoutQueue: 1, numbersPerQueue: 45 }),
  ) {
    const allo = await startSimulatedAllo({ world, apiKey: 'ak_test', readsPerSecond: null, ...options })
    running.push(allo)
    const get = (path: string, headers: Record<string, string> = {}) =>
      fetch(`${allo.url}/v2/api${path}`, { headers: { authorization: 'Api-Key ak_test', ...headers } })
    const page = async (userId: string, number = 1, size = 20): Promise<Page> => {
      const response = await get(`/dialing-queues/current?user_id=${userId}&page=${number}&size=${size}`)
      return JSON.parse(await response.text())
    }
    return { allo, world, get, page, ids: idsOf(world) }
  }

  const bodyOf = async (response: Response) => JSON.parse(await response.text())

  test('returns a queue in pages, with the queue on each page', async () => {
    const { page, world, ids } = await start()
    const [owner = ''] = ids
    const pages = [await page(owner, 1), await page(owner, 2), await page(owner, 3), await page(owner, 4)]
    expect(pages.map(({ data }) => data.length)).toEqual([20, 20, 5, 0])
    expect(pages[0]?.pagination).toEqual({
      page: 1,
      size: 20,
      total_count: 45,
      total_pages: 3,
      has_more: true,
    })
    expect(pages.map(({ pagination }) => pagination.has_more)).toEqual([true, true, false, false])
    expect(pages.flatMap(({ data }) => data)).toEqual(world.currentQueue(owner)?.rows())
    for (const { queue } of pages) expect(queue).toEqual(world.currentQueue(owner)?.queue)
  })

  test('distinguishes no queue, an empty queue and an unknown teammate', async () => {
    const { get, page, world, ids } = await start()
    const [owner = ''] = ids
    const without = ids.at(-1) ?? ''
    expect(await page(without)).toEqual({
      data: [],
      pagination: { page: 0, size: 0, total_count: 0, total_pages: 0, has_more: false },
    })
    world.apply({ type: 'reset', userId: owner })
    expect(await page(owner)).toMatchObject({ data: [], queue: { assignee_id: owner } })
    const unknown = await get('/dialing-queues/current?user_id=usr-nobody')
    expect(unknown.status).toBe(404)
    expect(await bodyOf(unknown)).toMatchObject({
      error: { type: 'not_found_error', code: 'ASSIGNEE_NOT_FOUND' },
    })
  })

  test('prefers user_id to email, and without either returns the queue of the key owner', async () => {
    const { get, world, ids } = await start()
    const [owner, second] = world.teammates()
    const assignee = async (query: string) =>
      (await bodyOf(await get(`/dialing-queues/current${query}`))).queue.assignee_id
    expect(await assignee('')).toBe(owner?.id)
    expect(await assignee(`?email=${second?.email}`)).toBe(second?.id)
    expect(await assignee(`?user_id=${ids[0]}&email=${second?.email}`)).toBe(owner?.id)
  })

  test('accepts the key alone or with Api-Key, never with Bearer', async () => {
    const { get } = await start()
    const statuses = async (...headers: string[]) =>
      Promise.all(headers.map(async (authorization) => (await get('/me', { authorization })).status))
    expect(await statuses('ak_test', 'Api-Key ak_test')).toEqual([200, 200])
    expect(await statuses('Bearer ak_test', 'Api-Key other', 'other')).toEqual([401, 401, 401])
  })

  test('lists active users unless blocked ones are requested, in pages only if configured', async () => {
    const { allo, get } = await start()
    const active = await bodyOf(await get('/users'))
    expect(active.data).toHaveLength(3)
    expect(active.pagination).toBeUndefined()
    expect((await bodyOf(await get('/users?status=BLOCKED'))).data).toHaveLength(1)
    expect((await bodyOf(await get('/users?role=ADMIN'))).data).toHaveLength(1)
    allo.change({ usersPerPage: 2 })
    const second = await bodyOf(await get('/users?page=2'))
    expect(second).toMatchObject({ data: [{}], pagination: { total_count: 3, has_more: false } })
  })

  test('refuses page sizes above 100, unknown paths and missing scopes as documented', async () => {
    const { allo, get } = await start({ scopes: ['USERS_READ'] })
    const forbidden = await get('/dialing-queues/current')
    expect(forbidden.status).toBe(403)
    expect((await bodyOf(forbidden)).error.message).toContain('DIALING_QUEUE_READ_WRITE')
    allo.change({ scopes: ['USERS_READ', 'DIALING_QUEUE_READ_WRITE'] })
    const oversized = await get('/dialing-queues/current?size=101')
    expect([oversized.status, (await bodyOf(oversized)).error.code]).toEqual([400, 'INVALID_PAGE_SIZE'])
    expect((await get('/nothing')).status).toBe(404)
  })

  test('returns a call from when it is over, to a key with the scope', async () => {
    const { allo, get, world, ids } = await start({ scopes: ['CONVERSATIONS_READ'] })
    const [userId = ''] = ids
    const { callId } = world.apply({ type: 'dial', userId, position: 0 })
    const path = `/conversations/items/${callId}`
    expect((await get(path)).status).toBe(404)
    world.apply({ type: 'result', userId, position: 0, result: { routing_result: 'ANSWERED' } })
    const { data } = await bodyOf(await get(path))
    expect(data).toEqual(world.call(callId ?? ''))
    expect(data).toMatchObject({ id: callId, result: 'ANSWERED', user: { id: userId } })
    expect(data.contact_number).toBe(world.currentQueue(userId)?.rowAt(0)?.number_to)
    expect((await get('/conversations/items/12')).status).toBe(400)
    allo.change({ scopes: [] })
    expect((await bodyOf(await get(path))).error.message).toContain('CONVERSATIONS_READ')
  })

  test('records and refuses anything but GET, and changes nothing', async () => {
    const { allo, world, ids } = await start()
    const before = portrait(world)
    const response = await fetch(`${allo.url}/v2/api/dialing-queues/current?user_id=${ids[0]}`, {
      method: 'DELETE',
      headers: { authorization: 'Api-Key ak_test', 'user-agent': 'clumsy/1' },
    })
    expect(response.status).toBe(405)
    expect(allo.requests.list()).toMatchObject([{ method: 'DELETE', status: 405, userAgent: 'clumsy/1' }])
    expect(portrait(world)).toEqual(before)
  })

  test('limits requests in each sliding second, and every response shows the remaining budget', async () => {
    const { allo, get } = await start({ readsPerSecond: 5 })
    const burst = await Promise.all(Array.from({ length: 8 }, () => get('/me')))
    expect(burst.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 429, 429, 429])
    const refused = burst.find(({ status }) => status === 429)
    expect(refused?.headers.get('retry-after')).toBe('1')
    expect(refused?.headers.get('x-ratelimit-remaining')).toBe('0')
    const reset = Number(refused?.headers.get('x-ratelimit-reset'))
    expect(reset - Date.now() / 1000).toBeLessThan(2.1)
    const { error } = await bodyOf(refused ?? new Response('{}'))
    expect(error).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED', retryable: true, retry_after_seconds: 1 })
    expect(error.request_id).toBe(refused?.headers.get('x-request-id'))
    expect([allo.requests.countOf(429), allo.requests.maxInAnySlidingSecond()]).toEqual([3, 8])

    await new Promise((resolve) => setTimeout(resolve, 1050))
    allo.spendElsewhere(4)
    expect([(await get('/me')).status, (await get('/me')).status]).toEqual([200, 429])
  })

  test('returns the request id of the request', async () => {
    const { allo, get } = await start()
    const response = await get('/me', { 'x-request-id': 'mine-1' })
    expect(response.headers.get('x-request-id')).toBe('mine-1')
    expect(allo.requests.list()[0]).toMatchObject({ requestId: 'mine-1', path: '/v2/api/me', status: 200 })
  })

  test('returns pages that match the truth at that moment, however much changes meanwhile', async () => {
    const world = createWorld({ seed: 9, teammates: 6, numbersPerQueue: 150, renumberOnRemoval: 'mixed' })
    const { allo, page, ids } = await start({ movesBetweenPages: 6, movesInThatQueue: 0.5 }, world)
    let compared = 0
    for (let round = 0; round < 8; round += 1) {
      for (const id of ids) {
        for (let number = 1; number <= 3; number += 1) {
          const shown = await page(id, number, 50)
          const at = allo.requests.list().at(-1)?.shownAt ?? Number.NaN
          if (!shown.pagination) continue
          const state = world.truth.stateAt(id, at)
          if (state.status !== 'queue') expect(shown.queue).toBeUndefined()
          else {
            expect(shown.queue).toEqual(state.queue)
            expect(shown.data).toEqual(state.numbers.slice((number - 1) * 50, number * 50))
            for (const row of shown.data)
              expect(world.truth.rowWasTrue(state.queue.id, row, at, at)).toBe(true)
            compared += shown.data.length
          }
        }
      }
    }
    expect(compared).toBeGreaterThan(1000)
    expect(world.truth.moves().length).toBeGreaterThan(500)
  })

  test.each(['naive', 'Z', 'offset', 'micros', 'mixed'] as const)(
    'writes timestamps as %s for the same instants',
    async (timestamps) => {
      const world = createWorld({ seed: 2, teammates: 1, numbersPerQueue: 30, calledBefore: 1 })
      const { page, ids } = await start({ timestamps }, world)
      const shown = await page(ids[0] ?? '', 1, 30)
      const instant = (text: string | null | undefined) =>
        text ? Date.parse(/Z|[+]\d\d:\d\d$/.test(text) ? text : `${text}Z`) : null
      const truth = world.currentQueue(ids[0] ?? '')?.rows() ?? []
      expect(shown.data.map(({ call_start_date }) => instant(call_start_date))).toEqual(
        truth.map(({ call_start_date }) => instant(call_start_date)),
      )
      expect(instant(shown.queue?.created_at)).toBe(
        instant(world.currentQueue(ids[0] ?? '')?.queue.created_at),
      )
    },
  )

  test('listens on this machine only, and closes open connections when it stops', async () => {
    const { allo, get } = await start()
    const anywhere = { world: allo.world, apiKey: 'k', host: '0.0.0.0' as '127.0.0.1' }
    await expect(startSimulatedAllo(anywhere)).rejects.toThrow('loopback')
    allo.faults.add('no_answer')
    const waiting = get('/me').then(
      () => 'answered',
      () => 'dropped',
    )
    await expect.poll(() => allo.faults.injected().no_answer).toBe(1)
    await allo.close()
    await allo.close()
    expect(await waiting).toBe('dropped')
  })
})
