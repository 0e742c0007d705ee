/** Numbers that wait, leave, come back or are called again, and queues whose end is known or unknown. */
import { describe, expect, test } from 'vitest'
import type { CallResult } from '../src/simulation/shapes.ts'
import { readView } from './support/reporting-views.ts'
import { currentQueue, type Stage, useStages } from './support/stage.ts'

const openStage = useStages()

const read = <Row extends object>({ database, world }: Stage, view: string) =>
  readView<Row>(database.pool, `reporting.${view}`, world.team.id)

const connected: Partial<CallResult> = { routing_result: 'ANSWERED' }
const notReached: Partial<CallResult> = { not_reached_destination_reason: 'BUSY', routing_result: null }

function numberAt({ world }: Stage, userId: string, position: number): string {
  const row = world.currentQueue(userId)?.rowAt(position)
  if (!row) throw new Error(`${userId} has no number at ${position}`)
  return row.number_to
}

async function passes(stage: Stage, count: number): Promise<void> {
  for (let round = 0; round < count; round += 1) await stage.pass()
}

const removalsOf = async (stage: Stage, queueId: string) =>
  (await read<{ queue_id: string }>(stage, 'removals')).filter((row) => row.queue_id === queueId)

interface Requeued {
  readonly entry_id: number
  readonly queue_id: string
  readonly user_id: string
  readonly entries: number
  readonly previous_entry_id: number
  readonly previous_outcome: string
  readonly has_connected_before: boolean
}

interface Removed {
  readonly entry_id: number
  readonly queue_id: string
  readonly user_id: string | null
  readonly removal_reason: string
}

describe('a number that is queued again', () => {
  test('is shown by its newest entry, and was connected before if any dial of an earlier entry was answered', async () => {
    const stage = await openStage()
    const [first = '', second = ''] = stage.ids
    const number = numberAt(stage, first, 0)
    stage.apply(
      { type: 'dial', userId: first, position: 0 },
      { type: 'result', userId: first, position: 0, result: connected },
    )
    await stage.pass()
    // Connected, then called again without a connection: has_connected_before stays true.
    stage.apply(
      { type: 'dial', userId: first, position: 0 },
      { type: 'result', userId: first, position: 0, result: notReached },
    )
    await stage.pass()
    expect(await read(stage, 'requeued_numbers')).toEqual([])
    stage.apply({ type: 'append', userId: second, numbers: [number] })
    await stage.pass()
    const [again, ...more] = await read<Requeued>(stage, 'requeued_numbers')
    expect(more).toEqual([])
    expect(again).toMatchObject({
      queue_id: currentQueue(stage, second),
      user_id: second,
      outcome: 'remaining',
      entries: 2,
      previous_queue_id: currentQueue(stage, first),
      previous_outcome: 'not_reached',
      has_connected_before: true,
    })

    stage.apply({ type: 'append', userId: first, numbers: [number] })
    await stage.pass()
    // The newest entry was not dialled, and the second dial of the first one came after a connection.
    expect(await read<Requeued>(stage, 'requeued_numbers')).toMatchObject([
      {
        user_id: first,
        entries: 3,
        previous_entry_id: again?.entry_id,
        previous_outcome: 'remaining',
        dials: 2,
        dials_after_connection: 1,
      },
    ])
  })

  test('is neither a number that another team also has, nor one that left and came back to the same position', async () => {
    const stage = await openStage()
    const other = await openStage({ world: { seed: 'another_team' } })
    // Each world knows of itself alone.
    for (const one of [stage, other]) one.letTheApiLie()
    const [userId = ''] = stage.ids
    const numbers = new Set(stage.ids.map((id) => numberAt(stage, id, 0)))
    expect(other.ids.some((id) => numbers.has(numberAt(other, id, 0)))).toBe(true)
    await stage.pass()
    await other.pass()
    stage.apply({ type: 'reset', userId, fill: 1 })
    await passes(stage, 3)
    stage.apply({ type: 'remove_queue', userId, restoreOlder: true })
    await passes(stage, 3)
    expect(await readView(stage.database.pool, 'reporting.requeued_numbers')).toEqual([])
    const changes = await read<{ change_type: string }>(stage, 'number_changes')
    expect(changes.filter(({ change_type }) => change_type === 'reappeared')).toHaveLength(5)
  })
})

describe('a dial just before a hand-over', () => {
  test('is unknown between the two teammates; one before and one after it are not', async () => {
    // Of a dial that is known to the second, a reading in the same second may be earlier or later.
    const stage = await openStage({ world: { teammates: 2, timestampPrecision: 'microsecond' } })
    const [giver = '', taker = ''] = stage.ids
    const queueId = currentQueue(stage, giver)
    stage.apply({ type: 'dial', userId: giver, position: 0 })
    await stage.pass()
    stage.apply({ type: 'dial', userId: giver, position: 1 }, { type: 'reassign', userId: giver, to: taker })
    await passes(stage, 2)
    stage.apply({ type: 'dial', userId: taker, position: 2 })
    await stage.pass()
    const rows = await read<{ queue_id: string; position: number }>(stage, 'dials')
    const ofQueue = rows.filter(({ queue_id }) => queue_id === queueId)
    expect(ofQueue.sort((a, b) => a.position - b.position)).toMatchObject([
      { user_id: giver, previous_holder_id: null },
      { user_id: taker, previous_holder_id: giver },
      { user_id: taker, previous_holder_id: null },
    ])
  })
})

describe('a number that left uncalled', () => {
  test('is listed unless it is in a queue of the team, with any holder', async () => {
    const stage = await openStage()
    const other = await openStage({ world: { seed: 'another_team' } })
    // Each world knows of itself alone.
    for (const one of [stage, other]) one.letTheApiLie()
    const [first = '', second = ''] = stage.ids
    const [gone, elsewhere, called] = [0, 1, 2].map((position) => numberAt(stage, first, position))
    await stage.pass()
    await other.pass()
    stage.apply(
      { type: 'append', userId: second, numbers: [elsewhere ?? ''] },
      { type: 'dial', userId: first, position: 2 },
    )
    await stage.pass()
    stage.apply({ type: 'remove_positions', userId: first, positions: [0, 1, 2], renumber: true })
    await stage.pass()
    const removed = async () => {
      const rows = await read<Removed>(stage, 'removed_uncalled')
      const numbers = await stage.sql<{ entry_id: number; number_to: string }>(
        'select entry_id::float8 as entry_id, number_to from reporting_pii.numbers',
      )
      return rows.map(({ entry_id }) => numbers.find((row) => row.entry_id === entry_id)?.number_to)
    }
    expect(called).not.toBe(gone)
    expect(await removed()).toEqual([gone])
    stage.apply({ type: 'append', userId: second, numbers: [gone ?? ''] })
    await stage.pass()
    expect(await removed()).toEqual([])
  })

  test('as two entries is listed twice, for the last holder of its queue', async () => {
    const stage = await openStage({ world: { teammates: 2 } })
    const [giver = '', taker = ''] = stage.ids
    const number = numberAt(stage, giver, 0)
    stage.apply({ type: 'append', userId: giver, numbers: [number] })
    await stage.pass()
    stage.apply({ type: 'remove_number', userId: giver, number, renumber: true })
    await stage.pass()
    expect(await read<Removed>(stage, 'removed_uncalled')).toMatchObject([
      { user_id: giver, removal_reason: 'deleted' },
      { user_id: giver, removal_reason: 'deleted' },
    ])

    // Between two holders, with neither of them: it was seen to be gone by the second.
    const queueId = currentQueue(stage, giver)
    stage.apply({ type: 'reassign', userId: giver, to: taker })
    stage.apply({ type: 'remove_positions', userId: taker, positions: [0], renumber: true })
    await passes(stage, 3)
    const rows = await read<Removed>(stage, 'removed_uncalled')
    const ofQueue = rows.filter(({ queue_id }) => queue_id === queueId).map(({ user_id }) => user_id)
    expect(ofQueue.sort()).toEqual([giver, giver, taker].sort())
    const changes = await read<{ user_id: string | null }>(stage, 'number_changes')
    expect(changes.filter(({ user_id }) => user_id === null)).toEqual([])
  })
})

describe('a number that waits', () => {
  test('is stale after more than seven days, as of the last reading of its queue', async () => {
    const stage = await openStage({ world: { teammates: 1, numbersPerQueue: 4 } })
    const [userId = ''] = stage.ids
    await stage.pass()
    stage.apply({ type: 'dial', userId, position: 3 })
    await stage.pass()
    // One of these waits for just seven days, one for the shortest time longer; the last one was called.
    await stage.sql(
      `update allo.queue_numbers n set created_at = q.last_observed_at - interval '7 days'
         - case position when 0 then interval '0' when 1 then interval '-1 second' else interval '1 microsecond' end
       from allo.queues q where q.queue_id = n.queue_id`,
    )
    const stale = await read<{ position: number; waiting_seconds: number }>(stage, 'stale_numbers')
    expect(stale.map(({ position }) => position)).toEqual([2])
    expect(stale[0]?.waiting_seconds).toBeCloseTo(7 * 86_400 + 1e-6, 7)
    const waiting = await read<{ position: number; waiting_seconds: number | null }>(stage, 'current_numbers')
    waiting.sort((a, b) => a.position - b.position)
    expect(waiting.map(({ waiting_seconds }) => waiting_seconds)).toEqual([
      7 * 86_400,
      7 * 86_400 - 1,
      stale[0]?.waiting_seconds,
      null,
    ])
  })
})

describe('a queue', () => {
  const stateOf = async (stage: Stage, queueId: string) =>
    (await read<{ queue_id: string }>(stage, 'queues')).find(({ queue_id }) => queue_id === queueId)

  test('is exhausted if it is current and nothing remains, not if it has ended', async () => {
    const stage = await openStage({ world: { numbersPerQueue: 2 } })
    const [userId = ''] = stage.ids
    const queueId = currentQueue(stage, userId)
    await stage.pass()
    expect(await stateOf(stage, queueId)).toMatchObject({ is_exhausted: false, penetration_rate: 0 })
    stage.apply({ type: 'dial', userId, position: 0 }, { type: 'dial', userId, position: 1 })
    await stage.pass()
    expect(await stateOf(stage, queueId)).toMatchObject({
      is_exhausted: true,
      penetration_rate: 1,
      in_progress: 2,
      connection_rate: null,
    })
    stage.apply({ type: 'reset', userId })
    await passes(stage, 2)
    expect(await stateOf(stage, queueId)).toMatchObject({
      queue_state: 'ended',
      is_exhausted: false,
      uncalled_at_end: 0,
      in_progress_at_end: 2,
    })
    // Empty, and nothing to divide by.
    expect(await stateOf(stage, currentQueue(stage, userId))).toMatchObject({
      queue_state: 'current',
      is_exhausted: true,
      numbers: 0,
      penetration_rate: null,
      median_seconds_to_first_dial: null,
    })
  })

  test('counts called and removed numbers in its penetration', async () => {
    const stage = await openStage({ world: { teammates: 1, numbersPerQueue: 4 } })
    const [userId = ''] = stage.ids
    stage.apply({ type: 'dial', userId, position: 0 })
    await stage.pass()
    stage.apply({ type: 'remove_positions', userId, positions: [0], renumber: true })
    await stage.pass()
    expect(await stateOf(stage, currentQueue(stage, userId))).toMatchObject({
      numbers: 3,
      dialled: 0,
      numbers_ever: 4,
      dialled_ever: 1,
      penetration_rate: 0.25,
      dials: 1,
    })
  })

  test('that ended after its holder was away, and came back, still has its removals', async () => {
    const stage = await openStage()
    const [, userId = ''] = stage.ids
    const queueId = currentQueue(stage, userId)
    await stage.pass()
    stage.apply({ type: 'leave', userId })
    await passes(stage, 2)
    stage.apply({ type: 'return', userId }, { type: 'reset', userId, fill: 2 })
    await passes(stage, 2)
    const ended = await removalsOf(stage, queueId)
    expect(ended).toMatchObject([{ reason: 'queue_replaced', user_id: userId, numbers: 5, came_back: 0 }])
    stage.apply({ type: 'remove_queue', userId, restoreOlder: true })
    await stage.pass()
    expect(currentQueue(stage, userId)).toBe(queueId)
    expect(await removalsOf(stage, queueId)).toEqual(ended.map((row) => ({ ...row, came_back: 5 })))
    await passes(stage, 2)
    stage.apply({ type: 'leave', userId })
    await passes(stage, 2)
    stage.apply({ type: 'return', userId })
    await stage.pass()
    expect(await removalsOf(stage, queueId)).toEqual(ended.map((row) => ({ ...row, came_back: 5 })))
  })

  test('whose holder left is unknown: neither ended nor current', async () => {
    const stage = await openStage()
    const [, userId = ''] = stage.ids
    const queueId = currentQueue(stage, userId)
    await stage.pass()
    stage.apply({ type: 'leave', userId })
    await passes(stage, 2)
    expect(await stateOf(stage, queueId)).toMatchObject({
      queue_state: 'unknown',
      ended_at: null,
      uncalled_at_end: null,
      unseen_seconds_before_end: null,
    })
    const of = async (view: string) => {
      const rows = await read<{ queue_id: string; entry_state?: string; removed_at?: number | null }>(
        stage,
        view,
      )
      return rows.filter(({ queue_id }) => queue_id === queueId)
    }
    expect(await of('current_numbers')).toEqual([])
    expect(await of('removed_uncalled')).toEqual([])
    const entries = await of('number_entries')
    expect(entries.map(({ entry_state, removed_at }) => [entry_state, removed_at])).toEqual(
      Array(5).fill(['unknown', null]),
    )
    const removals = await read<{ queue_id: string; removal_reason: string | null }>(stage, 'number_changes')
    const reasons = removals
      .filter(({ queue_id }) => queue_id === queueId)
      .map(({ removal_reason }) => removal_reason)
    expect(reasons.sort()).toEqual([...Array(5).fill(null), ...Array(5).fill('unobservable')].sort())
  })
})
