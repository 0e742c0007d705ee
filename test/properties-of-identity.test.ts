/**
 * What holds for any sequence of readings of one queue: which entry a number continues. Few numbers and times of
 * creation, so that duplicates are common.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { holds } from './support/properties.ts'
import { loadRecorded, type Recorded } from './support/recorded.ts'
import { useScriptedMirror } from './support/scripted-mirror.ts'

interface Slot {
  readonly number_to: string
  readonly created_at: string
  readonly call_id: string | null
}

const mirror = useScriptedMirror()
let queues = 0

const identities = fc.record({
  number_to: fc.constantFrom('+12025550101', '+12025550102'),
  created_at: fc.constantFrom('2026-05-01T08:00:00', '2026-05-01T08:00:01'),
})
const uncalled: fc.Arbitrary<Slot> = identities.map((identity) => ({ ...identity, call_id: null }))
/** No two numbers of a queue show the same call. */
const called = (slots: fc.Arbitrary<Slot>) =>
  fc
    .tuple(
      fc.array(slots, { maxLength: 6 }),
      fc.array(fc.constantFrom(null, 'c1', 'c2', 'c3'), { maxLength: 6 }),
    )
    .map(([queue, calls]) =>
      queue.map((slot, index) => {
        const call = calls[index] ?? null
        return { ...slot, call_id: calls.indexOf(call) === index ? call : null }
      }),
    )
const sequences = fc.array(fc.array(uncalled, { maxLength: 6 }), { minLength: 2, maxLength: 4 })
const sequencesWithCalls = fc.array(called(uncalled), { minLength: 2, maxLength: 4 })

async function read(queueId: string, numbers: readonly Slot[]) {
  const reading = await mirror().read(queueId, numbers)
  expect(reading).toMatchObject({ status: 'ok' })
  const recorded = await loadRecorded(mirror().database.pool)
  const isOfQueue = ({ queue_id }: { readonly queue_id: string }) => queue_id === queueId
  return {
    reading,
    numbers: recorded.numbers.filter(isOfQueue),
    entries: recorded.entries.filter(isOfQueue),
    versions: recorded.versions.filter(isOfQueue),
  }
}

function newQueue(): string {
  queues += 1
  return `pdl_${queues}`
}

const identityOf = ({ number_to, created_at }: { number_to: string | null; created_at: string | null }) =>
  `${number_to} ${created_at?.slice(0, 19)}`
const counts = (rows: readonly Parameters<typeof identityOf>[0][]) => Map.groupBy(rows, identityOf)

describe('after each reading', () => {
  test('each number of the queue has an entry of its own, of the same identity', async () => {
    await holds(12, sequencesWithCalls, async (sequence) => {
      const queueId = newQueue()
      for (const slots of sequence) {
        const { numbers, entries } = await read(queueId, slots)
        expect(numbers.map(identityOf)).toEqual(slots.map(identityOf))
        expect(numbers.map(({ call_id }) => call_id)).toEqual(slots.map(({ call_id }) => call_id))
        expect(new Set(numbers.map(({ entry_id }) => entry_id)).size).toBe(slots.length)
        const byId = new Map(entries.map((entry) => [entry.entry_id, entry]))
        for (const row of numbers) expect(identityOf(byId.get(row.entry_id) ?? row)).toBe(identityOf(row))
        expect(openEntries(entries)).toEqual(numbers.map(({ entry_id }) => entry_id).toSorted())
      }
    })
  })

  test('as few numbers as possible are new, and as few as possible have moved', async () => {
    await holds(12, sequences, async (sequence) => {
      const queueId = newQueue()
      let before: readonly Slot[] = []
      let known: Recorded['entries'] = []
      for (const slots of sequence) {
        const { entries, reading } = await read(queueId, slots)
        expect(entries.length - known.length, 'new entries').toBe(fewestNew(slots, known))
        expect(reading, 'moves').toMatchObject({ moved: fewestMoves(slots, before) })
        before = slots
        known = entries
      }
    })
  })

  test('the same answer again changes nothing', async () => {
    await holds(8, called(uncalled), async (slots) => {
      const queueId = newQueue()
      const first = await read(queueId, slots)
      const { reading, ...second } = await read(queueId, slots)
      expect(reading).toMatchObject({ added: 0, changed: 0, moved: 0, removed: 0 })
      expect(second.versions).toEqual(first.versions)
      expect(second.numbers).toEqual(first.numbers)
    })
  })
})

/** Ids of the entries that are in the queue, as far as history knows. */
function openEntries(entries: Recorded['entries']): string[] {
  return entries.flatMap(({ entry_id, last_seen_at }) => (last_seen_at === null ? [entry_id] : [])).toSorted()
}

/** A number is new only when there never were as many of its identity. */
function fewestNew(slots: readonly Slot[], known: Recorded['entries']): number {
  const ofKnown = counts(known)
  const surplus = [...counts(slots)].map(
    ([identity, now]) => now.length - (ofKnown.get(identity)?.length ?? 0),
  )
  return surplus.reduce((sum, more) => sum + Math.max(0, more), 0)
}

/** Of those that were in the queue and still are, all but those of an unchanged slot. */
function fewestMoves(slots: readonly Slot[], before: readonly Slot[]): number {
  const ofBefore = counts(before)
  const stayed = [...counts(slots)].map(([identity, now]) =>
    Math.min(now.length, ofBefore.get(identity)?.length ?? 0),
  )
  const inPlace = slots.filter((slot, position) => {
    const old = before[position]
    return old !== undefined && identityOf(old) === identityOf(slot)
  })
  return stayed.reduce((sum, count) => sum + count, 0) - inPlace.length
}
