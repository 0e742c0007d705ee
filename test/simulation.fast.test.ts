import { beforeEach, describe, expect, test } from 'vitest'
import { phoneNumber } from '../src/simulation/invented-people.ts'
import { createRandom } from '../src/simulation/random.ts'
import { type Rep, startRep } from '../src/simulation/reps.ts'
import { callsInOrder, type RepStep, type TimedStep } from '../src/simulation/timed-calls.ts'
import { createWorld, type World } from '../src/simulation/world.ts'

const noon = Date.UTC(2026, 3, 30, 12)

function portrait(world: World) {
  return world.teammates().map((user) => {
    const current = world.currentQueue(user.id)
    return { user, queue: current?.queue, numbers: current?.rows() }
  })
}

function idsOf(world: World): string[] {
  return world.teammates().map(({ id }) => id)
}

describe('the simulated team', () => {
  test('is the same for the same seed, on the same day, and different for another seed', () => {
    const [one, same, other] = [7, 7, 8].map((seed) => {
      const world = createWorld({ seed, teammates: 12, blocked: 2, withoutQueue: 2, clock: () => noon })
      world.act(800)
      return portrait(world)
    })
    expect(same).toEqual(one)
    expect(other).not.toEqual(one)
  })

  test('has the configured size', () => {
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

  test('has no fictional number twice, however large it is', () => {
    const numbers = Array.from({ length: 80_000 }, (_, ordinal) => phoneNumber(ordinal))
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(numbers.every((number) => /^\+1([2-9]\d\d55501\d\d|555\d{7})$/.test(number))).toBe(true)
  })

  test.each([true, false, 'mixed'] as const)(
    'keeps its queues valid through every move (renumbering: %s)',
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

  test('refuses an impossible move and changes nothing', () => {
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

  test('a call shows its start, its id and its outcome in sequence, and a second dial begins again', () => {
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

  test('a removal leaves a gap or closes it, and a gap can be filled again', () => {
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

  test('a reset replaces the queue, and removing the new queue restores the old one', () => {
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

  test('queues are reassigned without a new id', () => {
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

  test('the truth keeps every state, every holder, and which rows were ever true', () => {
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

  test('the truth of a long simulation has no past states, so that it fits in memory', () => {
    const long = createWorld({ seed: 7, teammates: 3, numbersPerQueue: 20, keepsPast: false })
    expect(long.act(300).length).toBeGreaterThan(200)
    const { truth } = long
    for (const { queueId } of truth.queues())
      expect(truth.queueStatesOf(queueId, 0, Number.POSITIVE_INFINITY)).toHaveLength(1)
    for (const userId of idsOf(long)) {
      const states = truth.statesOf(userId, 0, Number.POSITIVE_INFINITY)
      expect(states).toHaveLength(1)
      const current = long.currentQueue(userId)
      expect(states[0]).toMatchObject(current ? { size: current.size } : { status: 'no_queue' })
    }
  })
})

/** The first steps of a day of calls. */
function stepsOf(seed: number, count: number): TimedStep[] {
  const calls = callsInOrder(createRandom(seed))
  return Array.from({ length: count }, () => calls.next().value)
}

describe('a rep', () => {
  test('makes the same calls for the same seed', () => {
    expect(stepsOf(3, 200)).toEqual(stepsOf(3, 200))
    expect(stepsOf(4, 200)).not.toEqual(stepsOf(3, 200))
  })

  test('lets it ring for at least 5 seconds, and is busy with a number for at most 205', () => {
    let dialledMs = 0
    let now = 0
    for (const { afterMs, step } of stepsOf(5, 3000)) {
      now += afterMs
      if (step === 'dial' || step === 'dial_again') dialledMs = now
      if (typeof step !== 'object') continue
      expect(now - dialledMs).toBeGreaterThanOrEqual(5000 - 1e-6)
      expect(now - dialledMs).toBeLessThanOrEqual(205_000)
    }
  })

  /** Makes the steps without the waits between them. */
  async function work(world: World, userId: string, steps: readonly RepStep[]): Promise<string[]> {
    const made: string[] = []
    let rep: Rep | undefined
    await new Promise<void>((resolve) => {
      const atOnce = function* () {
        for (const step of steps) yield { afterMs: 0, step }
        resolve()
      }
      rep = startRep(world, userId, atOnce(), ({ positions }, { type }) => made.push(`${type} ${positions}`))
    })
    rep?.stop()
    return made
  }

  test('dials in order, and follows the call when its number moves', async () => {
    const world = createWorld({ seed: 1, teammates: 1, numbersPerQueue: 5 })
    const [id = ''] = idsOf(world)
    const made = await work(world, id, [
      ...(['dial', 'id', 'remove', { routing_result: 'ANSWERED' }, 'dial'] as const),
      ...(['dial_again', 'id', 'append'] as const),
    ])
    expect(made).toEqual([
      ...['dial 0', 'place_call 0', 'remove_positions 3', 'result 0', 'dial 1'],
      ...['dial 1', 'place_call 1', 'append 4,5,6,7,8,9,10,11,12,13'],
    ])
  })

  test('leaves out the result of a call whose queue was reset, and fills an empty queue', async () => {
    const world = createWorld({ seed: 1, teammates: 1, numbersPerQueue: 2 })
    const [id = ''] = idsOf(world)
    const before = world.currentQueue(id)?.queue.id
    const answered = { routing_result: 'ANSWERED' } as const
    const made = await work(world, id, ['dial', 'reset', answered, 'dial', 'dial', 'dial'])
    expect(made.map((move) => move.split(' ')[0])).toEqual(['dial', 'reset', 'dial', 'dial', 'append'])
    expect(world.currentQueue(id)).toMatchObject({ size: 42 })
    expect(world.currentQueue(id)?.queue.id).not.toBe(before)
  })
})
