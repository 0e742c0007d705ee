/** Which readings are accepted: torn, wrong and unusual ones change nothing that they can't prove. */
import { describe, expect, test } from 'vitest'
import type { World } from '../src/simulation/world.ts'
import { compareMirrorWithSource } from './support/source.ts'
import { type Stage, useStages } from './support/stage.ts'

const openStage = useStages()

/** Makes its moves after the first page of the first walk that comes once it is armed. */
function afterFirstPage(moves: (userId: string, world: World) => void) {
  let isArmed = false
  return {
    arm: () => {
      isArmed = true
    },
    afterPage: (page: number, userId: string, world: World) => {
      if (!isArmed || page !== 1) return
      isArmed = false
      moves(userId, world)
    },
  }
}

async function mirrored(stage: Stage): Promise<unknown> {
  const { passes, readings, ...rest } = await stage.recorded()
  return rest
}

async function lastReadings(stage: Stage) {
  return stage.sql<{ status: string; walks: number; error_code: string | null }>(
    `select status, walks, error_code from allo.sync_reads where pass_id = (select max(pass_id) from allo.sync_passes)
     order by user_id`,
  )
}

const long = { teammates: 1, numbersPerQueue: 150 }

describe('a queue that changes while it is read', () => {
  test('hides no number: if a removal and an addition cancel out, it is read again', async () => {
    const { arm, afterPage } = afterFirstPage((userId, world) => {
      world.apply({ type: 'remove_positions', userId, positions: [5], renumber: true })
      world.apply({ type: 'append', userId })
    })
    const stage = await openStage({ world: long, afterPage })
    await stage.pass()
    arm()
    expect((await stage.pass()).readings[0]).toMatchObject({ added: 1, removed: 1, moved: 144 })
    expect(await lastReadings(stage)).toEqual([{ status: 'ok', walks: 3, error_code: null }])
    expect(await compareMirrorWithSource(stage.database.pool, stage.world)).toEqual([])
  })

  test('in every attempt is torn: nothing is compared and nothing is written', async () => {
    let isMoving = false
    const stage = await openStage({
      world: long,
      afterPage: (page, userId, world) => {
        if (isMoving && page === 1) world.apply({ type: 'append', userId })
      },
    })
    await stage.pass()
    const before = await mirrored(stage)
    isMoving = true
    const { status, readings } = await stage.pass()
    expect({ status, reading: readings[0]?.status }).toEqual({ status: 'failed', reading: 'torn' })
    expect(await mirrored(stage)).toEqual(before)
    isMoving = false
    expect((await stage.pass()).readings[0]).toMatchObject({ added: 4, changed: 0, moved: 0, removed: 0 })
  })

  test('and has no announced count is accepted only if two attempts agree', async () => {
    const { arm, afterPage } = afterFirstPage((userId, world) => {
      world.apply({ type: 'remove_positions', userId, positions: [5], renumber: false })
      world.apply({ type: 'refill', userId, position: 5 })
      world.apply({ type: 'append', userId })
    })
    const stage = await openStage({ world: long, afterPage })
    stage.simulated.faults.add('total_count_missing')
    await stage.pass()
    arm()
    expect((await stage.pass()).readings[0]).toMatchObject({ added: 2, removed: 1 })
  })

  test('and shrinks after the first page is not mistaken for that page', async () => {
    const { arm, afterPage } = afterFirstPage((userId, world) => {
      const positions = Array.from({ length: 60 }, (_, index) => index)
      world.apply({ type: 'remove_positions', userId, positions, renumber: true })
    })
    const stage = await openStage({ world: long, afterPage })
    stage.simulated.faults.add('total_count_missing')
    arm()
    expect((await stage.pass()).readings[0]).toMatchObject({ status: 'ok', numbers: 90 })
  })

  test('and is reassigned between two pages is not recorded for its old holder', async () => {
    const { arm, afterPage } = afterFirstPage((userId, world) => {
      const to = world.teammates().find(({ id }) => id !== userId)?.id ?? ''
      world.apply({ type: 'reassign', userId, to })
    })
    const stage = await openStage({ world: { teammates: 2, numbersPerQueue: 150 }, afterPage })
    await stage.pass()
    arm()
    await stage.pass()
    await stage.pass()
    expect(await compareMirrorWithSource(stage.database.pool, stage.world)).toEqual([])
  })
})

describe('an API with wrong responses', () => {
  test('with the same queue for every teammate writes it only for its assignee', async () => {
    const stage = await openStage()
    stage.simulated.faults.add('wrong_owner')
    const { status, readings } = await stage.pass()
    expect(status).toBe('partial')
    expect(readings.map(({ errorCode }) => errorCode).sort()).toEqual([null, 'wrong_owner', 'wrong_owner'])
    const { queues, numbers } = await stage.recorded()
    expect(queues.map(({ user_id }) => user_id)).toEqual([stage.world.keyOwner()])
    expect(numbers).toHaveLength(5)
  })

  test('with the same queue for every teammate and no assignee changes nothing', async () => {
    const stage = await openStage()
    await stage.pass()
    const before = (await stage.recorded()).numbers
    stage.simulated.faults.add('wrong_owner')
    stage.simulated.faults.add('null_assignee')
    stage.letTheApiLie()
    for (let round = 0; round < 3; round += 1) {
      const { readings } = await stage.pass()
      expect(readings.map(({ errorCode }) => errorCode).sort()).toEqual([
        null,
        'owner_unknown',
        'owner_unknown',
      ])
    }
    const { numbers, queues } = await stage.recorded()
    expect(numbers).toEqual(before)
    expect(queues.map(({ is_current }) => is_current)).toEqual([true, true, true])
  })

  test('with a queue without assignee is accepted, because that is legal', async () => {
    const stage = await openStage({ world: { teammates: 1 } })
    stage.simulated.faults.add('null_assignee')
    stage.letTheApiLie()
    expect((await stage.pass()).readings[0]).toMatchObject({ status: 'ok', numbers: 5 })
    const { queues } = await stage.recorded()
    expect(queues).toMatchObject([{ user_id: stage.world.keyOwner(), assignee_id: null, is_current: true }])
  })

  test('with has_more always true is read until an empty page', async () => {
    const stage = await openStage({ world: long })
    stage.simulated.faults.add({ kind: 'endless_pages', show: 'empty' })
    expect((await stage.pass()).readings[0]).toMatchObject({ status: 'ok', numbers: 150 })
  })

  test.each([
    ['there is always more, and shows the last page for ever', { kind: 'endless_pages', show: 'same' }],
    ['with the page before', { kind: 'repeated_page' }],
    ['with a row twice', { kind: 'duplicated_row' }],
    ['without a row', { kind: 'lost_row' }],
    ['with a position twice', { kind: 'duplicate_positions' }],
    ['with a wrong count', { kind: 'total_count_wrong', page: 2 }],
  ] as const)('%s is torn and changes nothing', async (_, fault) => {
    const stage = await openStage({ world: long })
    await stage.pass()
    const before = await mirrored(stage)
    stage.simulated.faults.add(fault)
    expect((await stage.pass()).readings[0]).toMatchObject({ status: 'torn' })
    expect(await mirrored(stage)).toEqual(before)
  })

  test.each([
    'queue_missing',
    'pagination_missing',
    'has_more_missing',
    'wrong_types',
    'not_found_html',
  ] as const)('with %s is an error and changes nothing', async (kind) => {
    const stage = await openStage({ world: long })
    await stage.pass()
    const before = await mirrored(stage)
    stage.simulated.faults.add({ kind, endpoint: 'queue' })
    expect((await stage.pass()).readings[0]).toMatchObject({ status: 'error' })
    expect(await mirrored(stage)).toEqual(before)
  })

  test('in the older form is read completely', async () => {
    const stage = await openStage({ world: long })
    stage.simulated.faults.add('older_form')
    expect((await stage.pass()).readings[0]).toMatchObject({ status: 'ok', numbers: 150 })
    stage.simulated.faults.clear()
    expect((await stage.pass()).readings[0]).toMatchObject({ added: 0, changed: 0, moved: 0, removed: 0 })
  })

  test('with 404 DIALING_QUEUE_NOT_FOUND means that there is no queue', async () => {
    const stage = await openStage({ world: { teammates: 1, withoutQueue: 1 } })
    stage.simulated.faults.add({ kind: 'queue_not_found', endpoint: 'queue' })
    expect((await stage.pass()).readings[0]?.status).toBe('no_queue')
  })

  test('with timestamps in another notation makes no change', async () => {
    const stage = await openStage({ world: { ...long, calledBefore: 0.5 } })
    await stage.pass()
    for (const style of ['Z', 'offset', 'micros', 'mixed'] as const) {
      stage.simulated.change({ timestamps: style })
      expect((await stage.pass()).readings[0]).toMatchObject({ added: 0, changed: 0, moved: 0, removed: 0 })
    }
    expect((await stage.recorded()).versions).toHaveLength(150)
  })
})

test('a timestamp without a time zone uses the configured one, not that of Node or of the session', async () => {
  const stage = await openStage({
    world: { teammates: 1, numbersPerQueue: 1, clock: () => Date.UTC(2026, 3, 30, 12) },
    env: { ALLO_TIME_ZONE: 'America/New_York' },
  })
  stage.letTheApiLie()
  await stage.pass()
  // Queued 26 hours before noon, by the clock on a wall in New York.
  const { entries, queues } = await stage.recorded()
  expect(entries[0]?.created_at).toBe('2026-04-29T14:00:00.000000')
  expect(queues[0]?.created_at).toBe('2026-04-29T14:00:00.000000')
  expect((await stage.pass()).readings[0]).toMatchObject({ added: 0, changed: 0, removed: 0 })
})

describe('an unusual value', () => {
  test.each([
    'nul_in_text',
    'lone_surrogate',
    'absurd_timestamps',
    'missing_fields',
    'unknown_values',
  ] as const)('(%s) loses no row', async (kind) => {
    const stage = await openStage()
    stage.simulated.faults.add(kind)
    stage.letTheApiLie()
    const { status } = await stage.pass()
    expect(status).toBe('ok')
    expect((await stage.recorded()).numbers).toHaveLength(15)
    expect(
      (await stage.pass()).readings.map(({ added, changed, removed }) => added + changed + removed),
    ).toEqual([0, 0, 0])
  })

  test('of an undocumented type is stored in extra', async () => {
    const stage = await openStage({
      world: { teammates: 1 },
      edit: () => ({
        voicemail_left: 'false',
        sync_status: { is: 'SYNCED' },
        call_start_date: 1_777_543_200,
      }),
    })
    expect((await stage.pass()).readings[0]).toMatchObject({ status: 'ok', numbers: 5 })
    const [row] = await stage.sql('select voicemail_left, sync_status, extra from allo.queue_numbers')
    expect(row).toEqual({
      voicemail_left: null,
      sync_status: null,
      extra: { voicemail_left: 'false', sync_status: { is: 'SYNCED' }, call_start_date: '(a number)' },
    })
    expect((await stage.recorded()).dials).toEqual([])
  })
})
