/** A look: one request for the page where a teammate is dialling. It changes fields of calls, and nothing else. */
import { describe, expect, test } from 'vitest'
import { type Stage, type StageOptions, useStages } from './support/stage.ts'

const openStage = useStages()
let stage: Stage
let userId: string

/** One teammate whose queue of five was read. */
async function open(options: StageOptions = {}): Promise<void> {
  stage = await openStage({ ...options, world: { teammates: 1, ...options.world } })
  userId = stage.world.keyOwner()
  await stage.pass()
}

/** All tables that a look must leave as they are, and when their rows were written. */
async function everythingElse(): Promise<unknown> {
  const tables = ['queues', 'queue_assignments', 'queue_versions', 'teammates', 'sync_passes', 'sync_reads']
  return Promise.all(tables.map((table) => stage.sql(`select xmin, ctid from allo.${table} order by ctid`)))
}

async function history(): Promise<unknown> {
  const tables = ['queue_numbers', 'queue_entries', 'queue_number_versions', 'dials', 'queue_snapshots']
  return Promise.all(tables.map((table) => stage.sql(`select xmin, ctid from allo.${table} order by ctid`)))
}

describe('a look', () => {
  test('shows a dial and its result before the next reading', async () => {
    await open()
    stage.apply({ type: 'dial', userId, position: 0 })
    expect(await stage.look(userId)).toMatchObject({ kind: 'changed' })
    const { dials, counts, readings, versions } = await stage.recorded()
    expect(dials).toMatchObject([{ outcome: 'in_progress', changed_after: readings[0]?.read_started_at }])
    expect(counts.at(-1)).toMatchObject({ remaining: 4, in_progress: 1, numbers: 5 })
    expect(versions.at(-1)).toMatchObject({
      position: 0,
      valid_to: null,
      changed_after: readings[0]?.read_started_at,
    })

    stage.apply({ type: 'result', userId, position: 0, result: { routing_result: 'ANSWERED' } })
    expect(await stage.look(userId)).toMatchObject({ kind: 'changed' })
    const after = await stage.recorded()
    expect(after.dials).toMatchObject([{ outcome: 'connected' }])
    expect(after.counts.at(-1)).toMatchObject({ remaining: 4, in_progress: 0, connected: 1 })
    expect(after.readings).toHaveLength(1)
    await stage.pass()
    expect((await stage.recorded()).versions).toHaveLength(7)
  })

  test('that finds nothing new writes no history', async () => {
    await open()
    const before = [await history(), await everythingElse()]
    expect(await stage.look(userId)).toEqual({ kind: 'unchanged' })
    expect([await history(), await everythingElse()]).toEqual(before)
    expect(
      await stage.sql('select looked_at is not null as is_looked_at, queue_id from allo.looks'),
    ).toMatchObject([{ is_looked_at: true }])
  })

  test('dates a change after the look before it', async () => {
    await open()
    await stage.look(userId)
    stage.apply({ type: 'dial', userId, position: 0 })
    await stage.look(userId)
    const [{ is_later } = { is_later: null }] = await stage.sql<{ is_later: boolean }>(
      `select changed_after > (select max(observed_at) from allo.sync_reads) as is_later from allo.dials`,
    )
    expect(is_later).toBe(true)
  })

  test.each([
    [
      'a number was added',
      (id: string) => stage.apply({ type: 'append', userId: id, numbers: ['+12125550199'] }),
    ],
    ['the queue was reset', (id: string) => stage.apply({ type: 'reset', userId: id })],
    [
      'a number was removed',
      (id: string) => stage.apply({ type: 'remove_positions', userId: id, positions: [1], renumber: true }),
    ],
  ])('judges nothing if %s, but a reading does', async (_, change) => {
    await open()
    change(userId)
    const before = [await history(), await everythingElse()]
    expect(await stage.look(userId)).toMatchObject({ kind: 'unexpected' })
    expect([await history(), await everythingElse()]).toEqual(before)
    await stage.pass()
    expect(await stage.look(userId)).toEqual({ kind: 'unchanged' })
  })
})
