import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { phoneNumber } from '../src/simulation/fiction.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import type { NumberRow, QueueRow } from '../src/simulation/shapes.ts'
import { createWorld, type World } from '../src/simulation/world.ts'

const noon = Date.UTC(2026, 3, 30, 12)

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

describe('the world', () => {
  test('the same seed makes the same team and the same day, another seed another one', () => {
    const [one, same, other] = [7, 7, 8].map((seed) => {
      const world = createWorld({ seed, teammates: 12, blocked: 2, withoutQueue: 2, clock: () => noon })
      world.act(800)
      return portrait(world)
    })
    expect(same).toEqual(one)
    expect(other).not.toEqual(one)
  })

  test('a team is made as ordered', () => {
    const world = createWorld({
      seed: 1,
      teammates: 10,
      blocked: 2,
      withoutQueue: 3,
      numbersPerQueue: 40,
      calledBefore: 0.5,
    })
    const team = world.teammates()
    expect(team).toHaveLength(10)
    expect(team.filter(({ status }) => status === 'BLOCKED')).toHaveLength(2)
    expect(team.map(({ id }) => world.currentQueue(id)?.size ?? null)).toEqual([
      ...Array(7).fill(40),
      ...Array(3).fill(null),
    ])
    expect(world.truth.dials()).toHaveLength(7 * 20)
    expect(world.keyOwner()).toBe(team[0]?.id)
  })

  test('no two fictional numbers are the same, however large the team', () => {
    const numbers = Array.from({ length: 80_000 }, (_, ordinal) => phoneNumber(ordinal))
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(numbers.every((number) => /^\+1([2-9]\d\d55501\d\d|555\d{7})$/.test(number))).toBe(true)
  })

  test.each([true, false, 'mixed'] as const)(
    'whatever moves (renumbering: %s), a queue stays a queue',
    (renumberOnRemoval) => {
      const world = createWorld({ seed: 3, teammates: 8, numbersPerQueue: [5, 150], renumberOnRemoval })
      for (let round = 0; round < 60; round += 1) {
        world.act(40)
        const holders = new Map<string, string>()
        for (const { user, queue, numbers } of portrait(world)) {
          if (!queue || !numbers) continue
          expect(holders.has(queue.id)).toBe(false)
          holders.set(queue.id, user.id)
          expect(queue.assignee_id).toBe(user.id)
          const positions = numbers.map(({ position }) => position)
          expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b))
          if (renumberOnRemoval === true) expect(positions).toEqual(positions.map((_, index) => index))
          for (const row of numbers) expect(Object.keys(row)).toHaveLength(11)
        }
      }
      const made = new Set(world.truth.moves().map(({ type }) => type))
      expect([...made]).toEqual(
        expect.arrayContaining(['dial', 'result', 'append', 'remove_positions', 'reset']),
      )
    },
  )

  test('a move that makes no sense is refused, and nothing changes', () => {
    const world = createWorld({
      seed: 1,
      teammates: 3,
      withoutQueue: 1,
      numbersPerQueue: 3,
      clock: () => noon,
    })
    const [a = '', b = '', none = ''] = idsOf(world)
    const before = portrait(world)
    const nonsense = [
      () => world.apply({ type: 'dial', userId: a, position: 3 }),
      () => world.apply({ type: 'place_call', userId: a, position: 0 }),
      () => world.apply({ type: 'append', userId: none }),
      () => world.apply({ type: 'refill', userId: a, position: 1 }),
      () => world.apply({ type: 'remove_positions', userId: a, positions: [0, 9] }),
      () => world.apply({ type: 'remove_number', userId: a, number: '+10000000000' }),
      () => world.apply({ type: 'remove_queue', userId: a, restoreOlder: true }),
      () => world.apply({ type: 'reassign', userId: a, to: a }),
      () => world.apply({ type: 'swap', userId: a, with: none }),
      () => world.apply({ type: 'return', userId: b }),
      () => world.apply({ type: 'leave', userId: 'usr-nobody' }),
    ]
    for (const move of nonsense) expect(move).toThrow(Error)
    expect(portrait(world)).toEqual(before)
  })
})

describe('named moves', () => {
  let world: World
  let a: string
  let b: string
  let none: string

  beforeEach(() => {
    world = createWorld({ seed: 5, teammates: 3, withoutQueue: 1, numbersPerQueue: 4, clock: () => noon })
    ;[a = '', b = '', none = ''] = idsOf(world)
  })

  const positions = (userId: string) =>
    world
      .currentQueue(userId)
      ?.rows()
      .map(({ position }) => position)

  test('a call shows its start, its id and its outcome one after the other, and a second dial begins anew', () => {
    world.apply({ type: 'dial', userId: a, position: 1, callId: false })
    expect(world.currentQueue(a)?.rowAt(1)).toMatchObject({
      call_start_date: '2026-04-30T12:00:00',
      call_id: null,
    })
    const { callId } = world.apply({ type: 'place_call', userId: a, position: 1 })
    world.apply({ type: 'result', userId: a, position: 1, result: { routing_result: 'ANSWERED' } })
    expect(world.currentQueue(a)?.rowAt(1)).toMatchObject({ call_id: callId, routing_result: 'ANSWERED' })
    world.apply({ type: 'dial', userId: a, position: 1 })
    expect(world.currentQueue(a)?.rowAt(1)).toMatchObject({ routing_result: null })
    expect(world.truth.dials().map(({ routing_result }) => routing_result)).toEqual(['ANSWERED', null])
  })

  test('a removal leaves a gap or closes it, and a gap is filled again', () => {
    world.apply({ type: 'remove_positions', userId: a, positions: [1], renumber: false })
    expect(positions(a)).toEqual([0, 2, 3])
    world.apply({ type: 'refill', userId: a, position: 1 })
    expect(positions(a)).toEqual([0, 1, 2, 3])
    world.apply({ type: 'remove_positions', userId: a, positions: [0, 2], renumber: true })
    expect(positions(a)).toEqual([0, 1])
    world.apply({ type: 'dial', userId: a, position: 1 })
    world.apply({ type: 'clear_uncalled', userId: a, renumber: false })
    expect(positions(a)).toEqual([1])
    const fates = world.truth.entriesOf(world.currentQueue(a)?.queue.id ?? '').map(({ endedBy }) => endedBy)
    expect(fates.filter((how) => how === 'removed')).toHaveLength(3)
    expect(fates.filter((how) => how === 'cleared')).toHaveLength(1)
  })

  test('a reset replaces the queue, and the old one returns when the newer is removed', () => {
    const old = world.currentQueue(a)?.queue.id ?? ''
    const { queueId: fresh = '' } = world.apply({ type: 'reset', userId: a, fill: 2 })
    expect(fresh).not.toBe(old)
    expect(positions(a)).toEqual([0, 1])
    const standing = () =>
      new Map(world.truth.queues().map((fate) => [fate.queueId, [fate.standing, fate.endedAt !== null]]))
    expect(standing().get(old)).toEqual(['replaced', true])
    world.apply({ type: 'remove_queue', userId: a, restoreOlder: true })
    expect(world.currentQueue(a)?.queue.id).toBe(old)
    expect(standing().get(old)).toEqual(['current', false])
    expect(standing().get(fresh)).toEqual(['removed', true])
  })

  test('queues change hands without changing their ids', () => {
    const [ofA, ofB] = [a, b].map((id) => world.currentQueue(id)?.queue.id)
    world.apply({ type: 'swap', userId: a, with: b })
    expect([a, b].map((id) => world.currentQueue(id)?.queue)).toMatchObject([
      { id: ofB, assignee_id: a },
      { id: ofA, assignee_id: b },
    ])
    world.apply({ type: 'reassign', userId: a, to: none })
    expect(world.currentQueue(a)).toBeNull()
    expect(world.currentQueue(none)?.queue).toMatchObject({ id: ofB, assignee_id: none, creator_id: b })
  })

  test('the truth keeps every state, who held what and which rows were ever true', () => {
    const { truth } = world
    const began = truth.now()
    const queueId = world.currentQueue(a)?.queue.id ?? ''
    const dialled = world.apply({ type: 'dial', userId: a, position: 0 })
    const removed = world.apply({ type: 'remove_positions', userId: a, positions: [3] })
    world.apply({ type: 'reassign', userId: a, to: none })
    world.apply({ type: 'leave', userId: a })
    world.apply({ type: 'return', userId: a })
    const ended = truth.now()
    const states = truth.statesOf(a, began, ended)
    expect(states.map(({ status }) => status)).toEqual([
      'queue',
      'queue',
      'queue',
      'no_queue',
      'not_on_team',
      'no_queue',
    ])
    expect(states.flatMap((state) => (state.status === 'queue' ? [state.numbers.length] : []))).toEqual([
      4, 4, 3,
    ])
    for (const [index, state] of states.entries()) {
      expect(state.until).toBe(states[index + 1]?.at ?? Number.POSITIVE_INFINITY)
    }
    expect(truth.statesOf(a, dialled.at, dialled.at)).toHaveLength(1)
    expect(truth.stateAt(none, ended)).toMatchObject({ status: 'queue', queue: { id: queueId } })
    const uncalled = { position: 0, call_start_date: null }
    expect(truth.rowWasTrue(queueId, uncalled, began, began)).toBe(true)
    expect(truth.rowWasTrue(queueId, uncalled, removed.at, ended)).toBe(false)
    expect(truth.membershipsOf(a, began, ended).map(({ teammate }) => teammate !== null)).toEqual([
      true,
      false,
      true,
    ])
  })
})

describe('the server', () => {
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

  test('a queue is answered in pages, with the queue on each of them', async () => {
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

  test('no queue, an empty queue and no such teammate are three answers', async () => {
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

  test('user_id wins over email, and without either the key owner is meant', async () => {
    const { get, world, ids } = await start()
    const [owner, second] = world.teammates()
    const assignee = async (query: string) =>
      (await bodyOf(await get(`/dialing-queues/current${query}`))).queue.assignee_id
    expect(await assignee('')).toBe(owner?.id)
    expect(await assignee(`?email=${second?.email}`)).toBe(second?.id)
    expect(await assignee(`?user_id=${ids[0]}&email=${second?.email}`)).toBe(owner?.id)
  })

  test('the key is taken raw or as Api-Key, never as Bearer', async () => {
    const { get } = await start()
    const statuses = async (...headers: string[]) =>
      Promise.all(headers.map(async (authorization) => (await get('/me', { authorization })).status))
    expect(await statuses('ak_test', 'Api-Key ak_test')).toEqual([200, 200])
    expect(await statuses('Bearer ak_test', 'Api-Key other', 'other')).toEqual([401, 401, 401])
  })

  test('users are the active ones unless asked otherwise, in pages only if switched so', async () => {
    const { allo, get } = await start()
    const active = await bodyOf(await get('/users'))
    expect(active.data).toHaveLength(3)
    expect(active.pagination).toBeUndefined()
    expect((await bodyOf(await get('/users?status=BLOCKED'))).data).toHaveLength(1)
    expect((await bodyOf(await get('/users?role=ADMIN'))).data).toHaveLength(1)
    allo.setUsersPerPage(2)
    const second = await bodyOf(await get('/users?page=2'))
    expect(second).toMatchObject({ data: [{}], pagination: { total_count: 3, has_more: false } })
  })

  test('page sizes beyond 100, unknown paths and missing scopes are refused as documented', async () => {
    const { allo, get } = await start({ scopes: ['USERS_READ'] })
    const forbidden = await get('/dialing-queues/current')
    expect(forbidden.status).toBe(403)
    expect((await bodyOf(forbidden)).error.message).toContain('DIALING_QUEUE_READ_WRITE')
    allo.setScopes(['USERS_READ', 'DIALING_QUEUE_READ_WRITE'])
    const oversized = await get('/dialing-queues/current?size=101')
    expect([oversized.status, (await bodyOf(oversized)).error.code]).toEqual([400, 'INVALID_PAGE_SIZE'])
    expect((await get('/nothing')).status).toBe(404)
  })

  test('anything but GET is recorded and refused, and changes nothing', async () => {
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

  test('the limit is a sliding second, and every answer says where one stands', async () => {
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
    expect([allo.count429(), allo.maxInAnySlidingSecond()]).toEqual([3, 8])

    await new Promise((resolve) => setTimeout(resolve, 1050))
    allo.spendElsewhere(4)
    expect([(await get('/me')).status, (await get('/me')).status]).toEqual([200, 429])
  })

  test('a request id is echoed', async () => {
    const { allo, get } = await start()
    const response = await get('/me', { 'x-request-id': 'mine-1' })
    expect(response.headers.get('x-request-id')).toBe('mine-1')
    expect(allo.requests.list()[0]).toMatchObject({ requestId: 'mine-1', path: '/v2/api/me', status: 200 })
  })

  test('what a page showed is what the truth says of that moment, however much moves in between', async () => {
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
    'timestamps written as %s are the same instants',
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

  test('it listens on this machine only, and closing drops whoever is kept waiting', async () => {
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
