/** The history of single numbers: each test makes one change to a queue and checks the tables. */
import { describe, expect, test } from 'vitest'
import { covers, type Recorded } from './support/recorded.ts'
import { type Stage, type StageOptions, useStages } from './support/stage.ts'

const openStage = useStages()
let stage: Stage

/** One teammate with one queue of five; the source's clock stands still, so that moves can share a second. */
async function open(options: StageOptions = {}): Promise<string> {
  const noon = Date.UTC(2026, 3, 30, 12)
  stage = await openStage({ ...options, world: { teammates: 1, clock: () => noon, ...options.world } })
  return stage.world.keyOwner()
}

function slots({ numbers }: Recorded): string[] {
  return numbers.map(({ position, entry_id }) => `${position}:${entry_id}`)
}

function historyOf({ versions }: Recorded, entryId: string) {
  return versions
    .filter(({ entry_id }) => entry_id === entryId)
    .map(({ position, valid_to, end_reason }) => ({ position, isOpen: valid_to === null, end_reason }))
}

/** Which physical row versions there are: a row that was written again, even with the same contents, has moved. */
async function rowsOnDisk(): Promise<unknown> {
  const tables = ['queue_numbers', 'queue_entries', 'queue_number_versions', 'dials', 'queue_versions']
  return Promise.all(
    [...tables, 'queue_snapshots', 'queue_assignments'].map(async (table) => [
      table,
      await stage.sql(`select xmin, ctid from allo.${table} order by ctid`),
    ]),
  )
}

describe('a removal', () => {
  test('that renumbers the other numbers is one removal and several moves of the same entries', async () => {
    const userId = await open()
    await stage.pass()
    expect(slots(await stage.recorded())).toEqual(['0:1', '1:2', '2:3', '3:4', '4:5'])
    stage.apply({ type: 'remove_positions', userId, positions: [1], renumber: true })
    const { readings } = await stage.pass()
    expect(readings[0]).toMatchObject({ added: 0, changed: 0, moved: 3, removed: 1, numbers: 4 })

    const recorded = await stage.recorded()
    expect(slots(recorded)).toEqual(['0:1', '1:3', '2:4', '3:5'])
    expect(historyOf(recorded, '2')).toEqual([{ position: 1, isOpen: false, end_reason: 'deleted' }])
    expect(historyOf(recorded, '3')).toEqual([
      { position: 2, isOpen: false, end_reason: null },
      { position: 1, isOpen: true, end_reason: null },
    ])
    expect(historyOf(recorded, '1')).toHaveLength(1)
    const gone = recorded.entries.find(({ entry_id }) => entry_id === '2')
    const [first, second] = recorded.readings
    expect(gone).toMatchObject({
      removal_reason: 'deleted',
      removed_at: second?.observed_at,
      last_seen_at: first?.observed_at,
    })
  })

  test('that leaves a gap in the positions moves no entry', async () => {
    const userId = await open()
    await stage.pass()
    stage.apply({ type: 'remove_positions', userId, positions: [1, 3], renumber: false })
    const { readings } = await stage.pass()
    expect(readings[0]).toMatchObject({ added: 0, changed: 0, moved: 0, removed: 2 })
    expect(slots(await stage.recorded())).toEqual(['0:1', '2:3', '4:5'])
  })

  test('of all numbers leaves an empty queue, and its history stays', async () => {
    const userId = await open()
    await stage.pass()
    stage.apply({ type: 'clear_uncalled', userId })
    await stage.pass()
    const { numbers, entries, queues, counts } = await stage.recorded()
    expect(numbers).toEqual([])
    expect(entries.map(({ removal_reason }) => removal_reason)).toEqual(Array(5).fill('deleted'))
    expect(queues[0]?.is_current).toBe(true)
    expect(counts.map(({ numbers }) => numbers)).toEqual([5, 0])
  })

  test('of the first number of several pages is a removal and moves across pages', async () => {
    const userId = await open({ world: { numbersPerQueue: 250 } })
    await stage.pass()
    stage.apply({ type: 'remove_positions', userId, positions: [0], renumber: true })
    const { readings } = await stage.pass()
    expect(readings[0]).toMatchObject({ added: 0, changed: 0, moved: 249, removed: 1 })
  })
})

describe('identity', () => {
  test('a position used again is another entry, also with the same number', async () => {
    let now = Date.UTC(2026, 3, 30, 12)
    const userId = await open({ world: { clock: () => now } })
    const number = stage.world.currentQueue(userId)?.rowAt(1)?.number_to ?? ''
    await stage.pass()
    now += 1000
    stage.apply(
      { type: 'remove_positions', userId, positions: [1], renumber: false },
      { type: 'refill', userId, position: 1, number },
    )
    const { readings } = await stage.pass()
    expect(readings[0]).toMatchObject({ added: 1, changed: 0, moved: 0, removed: 1 })
    const recorded = await stage.recorded()
    expect(slots(recorded)).toEqual(['0:1', '1:6', '2:3', '3:4', '4:5'])
    expect(recorded.entries.filter(({ number_to }) => number_to === number)).toHaveLength(2)
  })

  test('does not depend on the sequence of entry ids, which a promoted replica may have set back', async () => {
    const userId = await open()
    await stage.pass()
    await stage.sql(`select setval('allo.queue_entries_entry_id_seq', 1, false)`)
    stage.apply({ type: 'remove_positions', userId, positions: [1], renumber: true })
    expect((await stage.pass()).readings[0]).toMatchObject({ status: 'ok', added: 0, moved: 3, removed: 1 })
    expect(slots(await stage.recorded())).toEqual(['0:1', '1:3', '2:4', '3:5'])
  })

  test('duplicates are separate entries, and removing one of them is one removal', async () => {
    const userId = await open()
    const number = stage.world.currentQueue(userId)?.rowAt(0)?.number_to ?? ''
    stage.apply({ type: 'append', userId, numbers: [number, number] })
    await stage.pass()
    const duplicates = (await stage.recorded()).entries.filter(({ number_to }) => number_to === number)
    expect(duplicates).toHaveLength(3)
    stage.apply({ type: 'remove_positions', userId, positions: [5], renumber: true })
    expect((await stage.pass()).readings[0]).toMatchObject({ added: 0, changed: 0, moved: 0, removed: 1 })
    expect((await stage.recorded()).entries.filter(({ removed_at }) => removed_at !== null)).toHaveLength(1)
  })

  test('if two duplicates move, the one with the call keeps the call', async () => {
    const userId = await open()
    const number = stage.world.currentQueue(userId)?.rowAt(4)?.number_to ?? ''
    stage.apply({ type: 'append', userId, numbers: [number, number] }, { type: 'dial', userId, position: 6 })
    await stage.pass()
    const before = (await stage.recorded()).numbers.find(({ call_id }) => call_id !== null)
    // The uncalled twin leaves: what was last is now where its twin stood.
    stage.apply({ type: 'remove_positions', userId, positions: [0, 5], renumber: true })
    expect((await stage.pass()).readings[0]).toMatchObject({ added: 0, changed: 0, removed: 2 })
    const after = (await stage.recorded()).numbers.find(({ call_id }) => call_id !== null)
    expect(after).toMatchObject({ entry_id: before?.entry_id, position: 4 })
  })

  test('a number that returns continues its entry, and the gap stays', async () => {
    const userId = await open()
    stage.apply({ type: 'append', userId, numbers: ['+12125550199'] })
    await stage.pass()
    stage.apply({ type: 'remove_number', userId, number: '+12125550199' })
    await stage.pass()
    expect((await stage.recorded()).entries[5]).toMatchObject({ removal_reason: 'deleted' })
    stage.apply({ type: 'append', userId, numbers: ['+12125550199'] })
    expect((await stage.pass()).readings[0]).toMatchObject({ added: 1, removed: 0 })

    const recorded = await stage.recorded()
    expect(recorded.entries).toHaveLength(6)
    expect(recorded.entries[5]).toMatchObject({ removed_at: null, removal_reason: null, last_seen_at: null })
    expect(historyOf(recorded, '6')).toEqual([
      { position: 5, isOpen: false, end_reason: 'deleted' },
      { position: 5, isOpen: true, end_reason: null },
    ])
    const without = recorded.readings[1]
    const stays = recorded.versions.filter(({ entry_id }) => entry_id === '6')
    expect(stays.some((stay) => covers(stay, without?.observed_at ?? 0))).toBe(false)
  })

  test('a number that moves and is called between two readings is one change', async () => {
    const userId = await open()
    await stage.pass()
    stage.apply(
      { type: 'dial', userId, position: 2 },
      { type: 'remove_positions', userId, positions: [0], renumber: true },
    )
    expect((await stage.pass()).readings[0]).toMatchObject({ changed: 1, moved: 3, removed: 1 })
    expect(historyOf(await stage.recorded(), '3')).toEqual([
      { position: 2, isOpen: false, end_reason: null },
      { position: 1, isOpen: true, end_reason: null },
    ])
  })
})

describe('what is a change', () => {
  test('a pass in which nothing changed writes no number, entry, version, dial or count', async () => {
    await open({ world: { teammates: 4, withoutQueue: 1, calledBefore: 0.5, numbersPerQueue: 120 } })
    await stage.pass()
    await stage.pass()
    const before = await rowsOnDisk()
    await stage.pass()
    expect(await rowsOnDisk()).toEqual(before)
  })

  test('a new updated_at alone makes no version, and the mirror shows it', async () => {
    let now = Date.UTC(2026, 3, 30, 12)
    const userId = await open({ world: { clock: () => now } })
    await stage.pass()
    now += 3_600_000
    stage.apply({ type: 'touch', userId, position: 2 })
    expect((await stage.pass()).readings[0]).toMatchObject({ added: 0, changed: 0, moved: 0, removed: 0 })
    const recorded = await stage.recorded()
    expect(recorded.versions).toHaveLength(5)
    expect(recorded.numbers[2]?.updated_at).toBe('2026-04-30T13:00:00.000000')
  })

  test('an unknown field makes no version and is stored', async () => {
    await open()
    await stage.pass()
    stage.simulated.faults.add('unknown_fields')
    expect((await stage.pass()).readings[0]).toMatchObject({ changed: 0, removed: 0 })
    expect((await stage.recorded()).versions).toHaveLength(5)
    const [row] = await stage.sql<{ extra: object }>(
      `select extra from allo.queue_numbers where position = 0`,
    )
    expect(row?.extra).toEqual({ call_status: 'QUEUED', scoring: { model: 'v3', score: 0.5 } })
  })

  test('a change of sync_status makes one version', async () => {
    const userId = await open()
    await stage.pass()
    stage.apply({ type: 'sync', userId, position: 0, status: 'PROCESSING' })
    expect((await stage.pass()).readings[0]).toMatchObject({ changed: 1 })
    expect((await stage.recorded()).versions.map(({ sync_status }) => sync_status)).toEqual([
      ...Array(5).fill('NOT_SYNCED'),
      'PROCESSING',
    ])
  })
})

describe('dials', () => {
  test('a second call of the same number is a second dial', async () => {
    let now = Date.UTC(2026, 3, 30, 12)
    const userId = await open({ world: { clock: () => now } })
    stage.apply(
      { type: 'dial', userId, position: 0 },
      { type: 'result', userId, position: 0, result: { not_reached_destination_reason: 'BUSY' } },
    )
    await stage.pass()
    now += 60_000
    stage.apply({ type: 'dial', userId, position: 0 })
    await stage.pass()
    stage.apply({ type: 'result', userId, position: 0, result: { routing_result: 'ANSWERED' } })
    await stage.pass()
    const { dials, entries } = await stage.recorded()
    expect(dials.map(({ outcome }) => outcome)).toEqual(['not_reached', 'connected'])
    expect(entries[0]).toMatchObject({ dial_count: 2, outcome: 'connected' })
    expect((entries[0]?.last_dialled_at ?? 0) - (entries[0]?.first_dialled_at ?? 0)).toBe(60_000_000)
  })

  test('a call id that appears after the start belongs to the dial with that start', async () => {
    const userId = await open()
    stage.apply({ type: 'dial', userId, position: 0, callId: false })
    await stage.pass()
    stage.apply({ type: 'place_call', userId, position: 0 })
    await stage.pass()
    const { dials, numbers } = await stage.recorded()
    expect(dials).toHaveLength(1)
    expect(dials[0]?.call_id).toBe(numbers[0]?.call_id)
  })

  test('a start that appears after the call id belongs to the dial with that id', async () => {
    let isStartKnown = false
    const userId = await open({ edit: () => (isStartKnown ? {} : { call_start_date: null }) })
    stage.apply({ type: 'dial', userId, position: 0 })
    await stage.pass()
    expect((await stage.recorded()).dials).toMatchObject([{ call_start_date: null, outcome: 'in_progress' }])
    isStartKnown = true
    await stage.pass()
    const { dials, entries } = await stage.recorded()
    expect(dials).toMatchObject([{ call_start_date: '2026-04-30T12:00:00.000000' }])
    expect(entries[0]?.first_dialled_at).toBe(dials[0]?.dialled_at)
  })

  test('two call ids are two dials, even within one second', async () => {
    const userId = await open()
    stage.apply(
      { type: 'dial', userId, position: 0 },
      { type: 'result', userId, position: 0, result: { routing_result: 'FAILED' } },
    )
    await stage.pass()
    stage.apply({ type: 'dial', userId, position: 0 })
    await stage.pass()
    const { dials, entries } = await stage.recorded()
    expect(dials.map(({ outcome }) => outcome)).toEqual(['failed', 'in_progress'])
    expect(new Set(dials.map(({ call_id }) => call_id)).size).toBe(2)
    expect(entries[0]).toMatchObject({ dial_count: 2, outcome: 'in_progress' })
  })

  test('two duplicates called within one second are two dials, even if one has no id yet', async () => {
    const userId = await open()
    const number = stage.world.currentQueue(userId)?.rowAt(0)?.number_to ?? ''
    stage.apply(
      { type: 'append', userId, numbers: [number, number] },
      { type: 'dial', userId, position: 5 },
      { type: 'result', userId, position: 5, result: { routing_result: 'ANSWERED' } },
    )
    await stage.pass()
    // Shifted by one, the second duplicate stands where the first one stood.
    stage.apply(
      { type: 'remove_positions', userId, positions: [1], renumber: true },
      { type: 'dial', userId, position: 5, callId: false },
    )
    await stage.pass()
    const { dials } = await stage.recorded()
    expect(dials.map(({ call_id, outcome }) => [call_id !== null, outcome])).toEqual([
      [true, 'connected'],
      [false, 'in_progress'],
    ])
  })

  test.each([
    { dialled: 5, other: 6 },
    { dialled: 6, other: 5 },
  ])(
    'if duplicates shift by one position, $dialled of 5 and 6 keeps its dial, even before its call has an id',
    async ({ dialled, other }) => {
      const userId = await open()
      const number = stage.world.currentQueue(userId)?.rowAt(0)?.number_to ?? ''
      stage.apply(
        { type: 'append', userId, numbers: [number, number] },
        { type: 'dial', userId, position: dialled, callId: false },
      )
      await stage.pass()
      // Each of them now stands one slot lower, and one of them in the slot of the other.
      stage.apply({ type: 'remove_positions', userId, positions: [1], renumber: true })
      expect((await stage.pass()).readings[0]).toMatchObject({ added: 0, changed: 0, removed: 1 })
      stage.apply({ type: 'place_call', userId, position: dialled - 1 })
      await stage.pass()
      const { dials, numbers } = await stage.recorded()
      expect(dials).toMatchObject([{ entry_id: `${dialled + 1}`, call_id: expect.any(String) }])
      expect(slots({ numbers } as Recorded).slice(-2)).toEqual(
        [dialled, other].sort().map((position) => `${position - 1}:${position + 1}`),
      )
    },
  )

  test('a call id equal to the id of an entry hides no dial', async () => {
    const userId = await open({ edit: ({ position }) => (position === 0 ? { call_id: '2' } : {}) })
    stage.apply({ type: 'dial', userId, position: 0 }, { type: 'dial', userId, position: 1, callId: false })
    await stage.pass()
    const { dials } = await stage.recorded()
    expect(dials.map(({ entry_id, call_id }) => [entry_id, call_id])).toEqual([
      ['1', '2'],
      ['2', null],
    ])
  })

  test('a dial belongs to the holder at that time, also after the queue was reassigned', async () => {
    const userId = await open({ world: { teammates: 2, withoutQueue: 1 } })
    const other = stage.ids[1] ?? ''
    stage.apply({ type: 'dial', userId, position: 0 })
    await stage.pass()
    stage.apply(
      { type: 'reassign', userId, to: other },
      { type: 'result', userId: other, position: 0, result: { routing_result: 'ANSWERED' } },
    )
    await stage.pass()
    stage.apply({ type: 'dial', userId: other, position: 1 })
    await stage.pass()
    const { dials } = await stage.recorded()
    expect(dials.map(({ user_id, outcome }) => [user_id, outcome])).toEqual([
      [userId, 'connected'],
      [other, 'in_progress'],
    ])
  })
})
