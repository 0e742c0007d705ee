/** When queues end and when they do not: two passes must agree, and between them nothing looks ended. */
import { describe, expect, test } from 'vitest'
import { assignmentsOf, currentQueue, queueOf, useStages } from './support/stage.ts'

const openStage = useStages()

describe('a reset', () => {
  test('leaves the old queue unknown after one pass, and replaced by the new one after two', async () => {
    const stage = await openStage()
    const userId = stage.world.keyOwner()
    const old = currentQueue(stage, userId)
    await stage.pass()
    stage.apply({ type: 'reset', userId, fill: 2 })
    const { conclusions, passId } = await stage.pass()
    expect(conclusions).toEqual({ ended: [], unknown: [old] })
    expect(await queueOf(stage, old)).toMatchObject({ is_current: null, ended_at: null, end_reason: null })
    expect((await stage.recorded()).entries.every(({ removed_at }) => removed_at === null)).toBe(true)

    expect((await stage.pass()).conclusions).toEqual({ ended: [old], unknown: [] })
    const recorded = await stage.recorded()
    const first = recorded.readings.find((read) => read.pass_id === passId && read.user_id === userId)
    expect(await queueOf(stage, old)).toMatchObject({
      is_current: false,
      ended_at: first?.observed_at,
      end_reason: 'queue_replaced',
      replaced_by_queue_id: currentQueue(stage, userId),
    })
    for (const entry of recorded.entries.filter(({ queue_id }) => queue_id === old))
      expect(entry).toMatchObject({ removed_at: first?.observed_at, removal_reason: 'queue_replaced' })
    for (const version of recorded.versions.filter(({ queue_id }) => queue_id === old))
      expect(version).toMatchObject({ valid_to: first?.observed_at, end_reason: 'queue_replaced' })
    expect(recorded.assignments.find(({ queue_id }) => queue_id === old)).toMatchObject({
      valid_to: first?.observed_at,
      end_reason: 'queue_replaced',
    })
    expect(recorded.numbers.filter(({ queue_id }) => queue_id === old)).toHaveLength(5)
  })

  test('in every pass ends each queue one pass later', async () => {
    const stage = await openStage()
    const userId = stage.world.keyOwner()
    const old: string[] = []
    for (let round = 0; round < 4; round += 1) {
      old.push(currentQueue(stage, userId))
      await stage.pass()
      stage.apply({ type: 'reset', userId, fill: 1 })
    }
    await stage.pass()
    await stage.pass()
    const { queues } = await stage.recorded()
    const fates = old.map((id) => queues.find(({ queue_id }) => queue_id === id))
    expect(fates.map((queue) => queue?.replaced_by_queue_id)).toEqual([
      ...old.slice(1),
      currentQueue(stage, userId),
    ])
  })

  test('twice between two passes: the queue in between is not recorded, and the last one replaces the first', async () => {
    const stage = await openStage()
    const userId = stage.world.keyOwner()
    const old = currentQueue(stage, userId)
    await stage.pass()
    stage.apply({ type: 'reset', userId }, { type: 'reset', userId, fill: 1 })
    await stage.pass()
    await stage.pass()
    expect((await stage.recorded()).queues).toHaveLength(4)
    expect(await queueOf(stage, old)).toMatchObject({
      replaced_by_queue_id: currentQueue(stage, userId),
    })
  })

  test('undone before the second pass ends nothing', async () => {
    const stage = await openStage()
    const userId = stage.world.keyOwner()
    const old = currentQueue(stage, userId)
    await stage.pass()
    stage.apply({ type: 'reset', userId, fill: 1 })
    await stage.pass()
    stage.apply({ type: 'remove_queue', userId, restoreOlder: true })
    await stage.pass()
    await stage.pass()
    expect(await queueOf(stage, old)).toMatchObject({ is_current: true, ended_at: null })
    const { versions } = await stage.recorded()
    const ofOld = versions.filter(({ queue_id }) => queue_id === old)
    expect(ofOld.map(({ valid_to }) => valid_to)).toEqual(Array(5).fill(null))
  })

  test('undone after the old queue ended makes it current again with the same entries, and the gap stays', async () => {
    const stage = await openStage()
    const userId = stage.world.keyOwner()
    const old = currentQueue(stage, userId)
    await stage.pass()
    stage.apply({ type: 'reset', userId, fill: 1 })
    await stage.pass()
    await stage.pass()
    const ended = (await queueOf(stage, old))?.ended_at
    expect(ended).not.toBeNull()
    stage.apply({ type: 'remove_queue', userId, restoreOlder: true })
    stage.apply({ type: 'remove_positions', userId, positions: [4] })
    const { readings } = await stage.pass()
    expect(readings.find((reading) => reading.userId === userId)).toMatchObject({ added: 4, removed: 0 })

    const { entries, versions } = await stage.recorded()
    expect(await queueOf(stage, old)).toMatchObject({
      is_current: true,
      ended_at: null,
      end_reason: null,
      replaced_by_queue_id: null,
    })
    const ofOld = entries.filter(({ queue_id }) => queue_id === old)
    expect(ofOld.map(({ removal_reason }) => removal_reason)).toEqual([
      ...Array(4).fill(null),
      'queue_replaced',
    ])
    const first = versions.filter(({ entry_id }) => entry_id === ofOld[0]?.entry_id)
    expect(first.map(({ end_reason }) => end_reason)).toEqual(['queue_replaced', null])
    expect(first[0]?.valid_to).toBe(ended)
  })
})

describe('a removed queue', () => {
  test('ends after two passes', async () => {
    const stage = await openStage()
    const userId = stage.world.keyOwner()
    const old = currentQueue(stage, userId)
    await stage.pass()
    stage.apply({ type: 'remove_queue', userId })
    await stage.pass()
    expect(await assignmentsOf(stage, userId)).toEqual([`${old} unconfirmed`])
    await stage.pass()
    expect(await queueOf(stage, old)).toMatchObject({
      is_current: false,
      end_reason: 'queue_gone',
      replaced_by_queue_id: null,
    })
    expect(await assignmentsOf(stage, userId)).toEqual([old, null])
  })

  test('is not ended by passes over single teammates, however many', async () => {
    const stage = await openStage()
    const userId = stage.world.keyOwner()
    const old = currentQueue(stage, userId)
    await stage.pass()
    stage.apply({ type: 'remove_queue', userId })
    for (let round = 0; round < 6; round += 1) await stage.pass([userId])
    expect(await queueOf(stage, old)).toMatchObject({ is_current: null, ended_at: null })
    await stage.pass()
    expect((await queueOf(stage, old))?.end_reason).toBe('queue_gone')
  })

  test('is not ended by passes that read no teammate, however many', async () => {
    const stage = await openStage()
    const userId = stage.world.keyOwner()
    const old = currentQueue(stage, userId)
    await stage.pass()
    stage.apply({ type: 'remove_queue', userId })
    await stage.pass()
    const fault = stage.simulated.faults.add('empty_users')
    for (let round = 0; round < 6; round += 1)
      await expect(stage.pass()).rejects.toThrow('no active teammate')
    expect(await queueOf(stage, old)).toMatchObject({ is_current: null, ended_at: null })
    fault.remove()
    const failing = stage.simulated.faults.add({ kind: 'server_error', endpoint: 'queue' })
    for (let round = 0; round < 6; round += 1) expect((await stage.pass()).status).toBe('failed')
    expect(await queueOf(stage, old)).toMatchObject({ is_current: null, ended_at: null })
    failing.remove()
    await stage.pass()
    expect((await queueOf(stage, old))?.end_reason).toBe('queue_gone')
  })

  test("stays unknown for three whole passes if a teammate can't be read, and then ends", async () => {
    const stage = await openStage()
    const [userId = '', unreadable = ''] = stage.ids
    const old = currentQueue(stage, userId)
    await stage.pass()
    stage.apply({ type: 'remove_queue', userId })
    await stage.pass()
    stage.simulated.faults.add({ kind: 'server_error', userId: unreadable })
    for (let round = 1; round <= 3; round += 1) {
      expect((await stage.pass()).status).toBe('partial')
      expect((await queueOf(stage, old))?.ended_at).toBeNull()
      await stage.pass([userId])
    }
    await stage.pass()
    expect((await queueOf(stage, old))?.end_reason).toBe('queue_gone')
  })
})

describe('an API that says "no queue" to everyone', () => {
  test('ends nothing, however often it says so', async () => {
    const stage = await openStage()
    await stage.pass()
    stage.simulated.faults.add('odd_no_queue')
    stage.letTheApiLie()
    for (let round = 0; round < 6; round += 1) expect((await stage.pass()).conclusions.ended).toEqual([])
    stage.simulated.faults.clear()
    await stage.pass()
    const { queues, versions } = await stage.recorded()
    expect(queues.map(({ is_current }) => is_current)).toEqual([true, true, true])
    expect(versions.every(({ valid_to }) => valid_to === null)).toBe(true)
  })

  test('and is right ends all queues, with the earlier time, as soon as any teammate has a queue', async () => {
    const stage = await openStage({ world: { teammates: 2 } })
    await stage.pass()
    const [one = '', other = ''] = stage.ids
    const held = [currentQueue(stage, one), currentQueue(stage, other)]
    stage.apply({ type: 'remove_queue', userId: one }, { type: 'remove_queue', userId: other })
    await stage.pass()
    await stage.pass()
    stage.apply({ type: 'reset', userId: one, fill: 1 })
    expect((await stage.pass()).conclusions.ended.toSorted()).toEqual(held.toSorted())
    const { queues, readings } = await stage.recorded()
    const missed = readings.filter(({ status, pass_id }) => status === 'no_queue' && pass_id === '2')
    for (const { ended_at } of queues.filter(({ queue_id }) => held.includes(queue_id)))
      expect(missed.map(({ observed_at }) => observed_at)).toContain(ended_at)
  })

  test('ends the queue of a team that has only one', async () => {
    const stage = await openStage({ world: { teammates: 1 } })
    await stage.pass()
    stage.apply({ type: 'remove_queue', userId: stage.world.keyOwner() })
    await stage.pass()
    expect((await stage.pass()).conclusions.ended).toHaveLength(1)
  })
})

describe('an unconfirmed answer', () => {
  test('"no queue", once, ends nothing and leaves no period without a queue', async () => {
    const stage = await openStage()
    const userId = stage.world.keyOwner()
    const queue = currentQueue(stage, userId)
    await stage.pass()
    stage.simulated.faults.add({ kind: 'odd_no_queue', userId, times: 1 })
    expect((await stage.pass()).conclusions.unknown).toEqual([queue])
    await stage.pass()
    await stage.pass()
    expect(await queueOf(stage, queue)).toMatchObject({ is_current: true, ended_at: null })
    expect(await assignmentsOf(stage, userId)).toEqual([queue])
    expect((await stage.recorded()).versions.every(({ valid_to }) => valid_to === null)).toBe(true)
  })

  test('"no queue" at the first reading leaves no period without a queue', async () => {
    const stage = await openStage()
    const userId = stage.world.keyOwner()
    stage.simulated.faults.add({ kind: 'odd_no_queue', userId, times: 1 })
    await stage.pass()
    expect(await assignmentsOf(stage, userId)).toEqual(['null unconfirmed'])
    await stage.pass()
    expect(await assignmentsOf(stage, userId)).toEqual([currentQueue(stage, userId)])
  })

  test('"no queue" before a reset leaves no period without a queue', async () => {
    const stage = await openStage()
    const userId = stage.world.keyOwner()
    const old = currentQueue(stage, userId)
    await stage.pass()
    stage.simulated.faults.add({ kind: 'odd_no_queue', userId, times: 1 })
    await stage.pass()
    stage.apply({ type: 'reset', userId, fill: 1 })
    await stage.pass()
    expect(await assignmentsOf(stage, userId)).toEqual([old, currentQueue(stage, userId)])
  })

  test("ends nothing if its teammate can't be read afterwards", async () => {
    const stage = await openStage()
    const userId = stage.world.keyOwner()
    const queue = currentQueue(stage, userId)
    await stage.pass()
    stage.simulated.faults.add({ kind: 'odd_no_queue', userId, times: 1 })
    await stage.pass()
    const failing = stage.simulated.faults.add({ kind: 'server_error', userId })
    for (let round = 0; round < 6; round += 1) await stage.pass()
    expect(await queueOf(stage, queue)).toMatchObject({ is_current: null, ended_at: null })
    failing.remove()
    await stage.pass()
    expect(await queueOf(stage, queue)).toMatchObject({ is_current: true, ended_at: null })
  })

  test('"no queue" at the first reading of two teammates is confirmed by the second pass', async () => {
    const stage = await openStage({ world: { withoutQueue: 2 } })
    await stage.pass()
    await stage.pass()
    const { assignments, readings } = await stage.recorded()
    const none = assignments.filter(({ queue_id }) => queue_id === null)
    expect(none).toHaveLength(2)
    for (const { user_id, valid_from, missing_since } of none) {
      expect(missing_since).toBeNull()
      expect(valid_from).toBe(readings.find((reading) => reading.user_id === user_id)?.observed_at)
    }
  })
})
