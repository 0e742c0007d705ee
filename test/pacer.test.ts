import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AlloThrottledError } from '../src/allo/errors.ts'
import { createPacer, type ProcessPacer, type SlotBook } from '../src/allo/pacer.ts'
import { openReadBudget, type ReadBudget } from '../src/store/read-budget.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'

/** Timers may ring a little early, and two clocks are involved. */
const CLOCK_MS = 5
/** What the first slot of a key that is new to the database waits. */
const NEW_KEY_MS = 1000

let database: TestDatabase
const budgets: ReadBudget[] = []
let keys = 0

beforeAll(async () => {
  database = await createTestDatabase()
})

afterAll(async () => {
  await Promise.all(budgets.map((budget) => budget.close()))
  await database.drop()
})

describe('turns', () => {
  test('keep their distance, however many ask at once', async () => {
    const { pacer } = await openPacer({ readsPerSecond: 20 })
    const turns = await Promise.all(Array.from({ length: 6 }, () => timeOfTurn(pacer)))
    for (const gap of gapsBetween(turns)) expect(gap).toBeGreaterThanOrEqual(50 * 0.93 - CLOCK_MS)
  })

  test('keep it also when the process was too busy to take one in time', async () => {
    const { pacer, slotGiven } = await openPacer({ readsPerSecond: 20 })
    const turns = Array.from({ length: 4 }, () => timeOfTurn(pacer))
    await slotGiven
    const busyUntil = performance.now() + NEW_KEY_MS + 300
    while (performance.now() < busyUntil);
    for (const gap of gapsBetween(await Promise.all(turns))) {
      expect(gap).toBeGreaterThanOrEqual(50 * 0.93 - CLOCK_MS)
    }
  })

  test('too late for their slot wait for another, so that they do not bunch with those of other processes', async () => {
    const { pacer, nextSlotGiven, reservations } = await openPacer({ readsPerSecond: 20 })
    await pacer.turn()
    const given = nextSlotGiven()
    const turn = timeOfTurn(pacer)
    await given
    const busyUntil = performance.now() + 100
    while (performance.now() < busyUntil);
    expect(await turn).toBeGreaterThan(busyUntil)
    expect(reservations()).toBe(3)
  })

  test('of a process that is always late come all the same', async () => {
    const { pacer, reservations } = await openPacer({ readsPerSecond: 200, busyMs: 60 })
    await pacer.turn()
    expect(reservations()).toBe(6)
  })

  test('of two processes on one key are no more than those of one', async () => {
    const startedAt = performance.now()
    const key = newKey()
    const processes = [
      await openPacer({ key, readsPerSecond: 20 }),
      await openPacer({ key, readsPerSecond: 20 }),
    ]
    const turns = await Promise.all(
      processes.flatMap(({ pacer }) => Array.from({ length: 6 }, () => timeOfTurn(pacer))),
    )
    expect(Math.max(...turns) - startedAt).toBeGreaterThanOrEqual(NEW_KEY_MS + 11 * 50 - CLOCK_MS)
  })

  test('come in the order in which they were asked for', async () => {
    const { pacer } = await openPacer({ readsPerSecond: 200 })
    const order: number[] = []
    await Promise.all([1, 2, 3, 4].map((place) => pacer.turn().then(() => order.push(place))))
    expect(order).toEqual([1, 2, 3, 4])
  })

  test('are all refused when the budget can not be reached, and asked for anew afterwards', async () => {
    const { pacer, breakNext } = await openPacer({ readsPerSecond: 200 })
    breakNext(new Error('the database is gone'))
    const refused = await Promise.allSettled([pacer.turn(), pacer.turn()])
    expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await pacer.turn()
  })
})

describe('a turn that is given up', () => {
  test('leaves the line, and who stood behind goes', async () => {
    const { pacer } = await openPacer({ readsPerSecond: 20 })
    const givenUp = new AbortController()
    const first = pacer.turn(givenUp.signal)
    const second = pacer.turn()
    givenUp.abort(new Error('no longer wanted'))
    await expect(first).rejects.toThrow('no longer wanted')
    await second
  })

  test('lets nobody go early who comes at that very moment', async () => {
    const startedAt = performance.now()
    const { pacer, slotGiven } = await openPacer({ readsPerSecond: 10 })
    const givenUp = new AbortController()
    const first = expect(pacer.turn(givenUp.signal)).rejects.toThrow('no longer wanted')
    await slotGiven
    // Now the pacer waits for it.
    await setImmediate()
    givenUp.abort(new Error('no longer wanted'))
    const turns = await Promise.all(Array.from({ length: 4 }, () => timeOfTurn(pacer)))
    await first
    expect(Math.min(...turns) - startedAt).toBeGreaterThanOrEqual(NEW_KEY_MS + 100 - CLOCK_MS)
    for (const gap of gapsBetween(turns)) expect(gap).toBeGreaterThanOrEqual(100 * 0.93 - CLOCK_MS)
  })

  test('takes no slot when it was given up before', async () => {
    const { pacer, reservations } = await openPacer({ readsPerSecond: 20 })
    await expect(pacer.turn(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
    expect(reservations()).toBe(0)
  })
})

describe('a pause', () => {
  test('stops everyone, also those who already hold a slot', async () => {
    const key = newKey()
    const { pacer: told } = await openPacer({ key, readsPerSecond: 20 })
    const {
      pacer: holder,
      slotGiven,
      letLook,
    } = await openPacer({ key, readsPerSecond: 20, holdsLook: true })
    const turn = timeOfTurn(holder)
    await slotGiven
    const pausedAt = performance.now()
    await told.pause(1500)
    letLook()
    expect((await turn) - pausedAt).toBeGreaterThanOrEqual(1500 - CLOCK_MS)
  })

  test('holds for a process that starts meanwhile', async () => {
    const key = newKey()
    const { pacer: told } = await openPacer({ key, readsPerSecond: 20 })
    const pausedAt = performance.now()
    await told.pause(1500)
    const { pacer: fresh } = await openPacer({ key, readsPerSecond: 20 })
    expect((await timeOfTurn(fresh)) - pausedAt).toBeGreaterThanOrEqual(1500 - CLOCK_MS)
    expect(fresh.throttledMs).toBeGreaterThan(0)
  })

  test('holds without a limit too, whoever was told', async () => {
    const key = newKey()
    const { pacer: told } = await openPacer({ key, readsPerSecond: null })
    const { pacer: other } = await openPacer({ key, readsPerSecond: null })
    const pausedAt = performance.now()
    await told.pause(400)
    for (const turn of await Promise.all([timeOfTurn(told), timeOfTurn(other)])) {
      expect(turn - pausedAt).toBeGreaterThanOrEqual(400 - CLOCK_MS)
    }
  })

  test('that would make a pass wait too long ends it, and stays on record', async () => {
    const key = newKey()
    const { pacer } = await openPacer({ key, readsPerSecond: 20, maxThrottledMs: 300_000 })
    const refused = [pacer.turn(), pacer.turn()].map((turn) =>
      expect(turn).rejects.toBeInstanceOf(AlloThrottledError),
    )
    await pacer.pause(400_000)
    await Promise.all(refused)
    const { book } = await openPacer({ key, readsPerSecond: 20 })
    expect(await book.pausedMs()).toBeGreaterThan(240_000)
  })

  test('counts together with those before', async () => {
    const { pacer } = await openPacer({ readsPerSecond: null, maxThrottledMs: 5000 })
    await pacer.pause(400)
    await pacer.turn()
    expect(pacer.throttledMs).toBeGreaterThanOrEqual(400 - CLOCK_MS)
    await pacer.pause(4700)
    await expect(pacer.turn()).rejects.toBeInstanceOf(AlloThrottledError)
  })
})

interface OpenPacer {
  readonly pacer: ProcessPacer
  readonly book: SlotBook
  readonly reservations: () => number
  /** Resolves once the pacer was given a slot. */
  readonly slotGiven: Promise<void>
  readonly nextSlotGiven: () => Promise<void>
  /** With `holdsLook`: lets the pacer go on to look for a pause before it lets anyone go. */
  readonly letLook: () => void
  readonly breakNext: (error: Error) => void
}

/** A process of its own, as far as the database can tell: a pacer over a connection that nobody else uses. */
async function openPacer(options: {
  readonly key?: string
  readonly readsPerSecond: number | null
  readonly maxThrottledMs?: number
  readonly holdsLook?: boolean
  /** How long each look at the pause keeps the process busy. */
  readonly busyMs?: number
}): Promise<OpenPacer> {
  const { key = newKey(), readsPerSecond, maxThrottledMs = 60_000, holdsLook = false, busyMs = 0 } = options
  const budget = await openReadBudget(database.url, key)
  budgets.push(budget)
  let given = createGate()
  const looked = createGate()
  if (!holdsLook) looked.open()
  let reservations = 0
  let broken: Error | null = null
  const book: SlotBook = {
    async reserve(intervalMs) {
      reservations += 1
      if (broken !== null) {
        const error = broken
        broken = null
        throw error
      }
      const slot = await budget.reserve(intervalMs)
      given.open()
      return slot
    },
    async pausedMs() {
      await looked.opened
      const busyUntil = performance.now() + busyMs
      while (performance.now() < busyUntil);
      return budget.pausedMs()
    },
    pause: (forMs) => budget.pause(forMs),
  }
  return {
    pacer: createPacer({ book, readsPerSecond, maxThrottledMs }),
    book,
    reservations: () => reservations,
    slotGiven: given.opened,
    nextSlotGiven: () => {
      given = createGate()
      return given.opened
    },
    letLook: looked.open,
    breakNext: (error) => {
      broken = error
    },
  }
}

function createGate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => undefined as undefined
  const opened = new Promise<void>((resolve) => {
    open = () => void resolve()
  })
  return { opened, open: () => open() }
}

function newKey(): string {
  keys += 1
  return `key ${keys}`
}

async function timeOfTurn(pacer: ProcessPacer): Promise<number> {
  await pacer.turn()
  return performance.now()
}

function gapsBetween(times: readonly number[]): number[] {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted.slice(1).map((time, index) => time - (sorted[index] ?? time))
}
