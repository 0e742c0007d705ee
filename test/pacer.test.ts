import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AlloThrottledError } from '../src/allo/errors.ts'
import { createPacer, type ProcessPacer, type ReadBudget } from '../src/allo/pacer.ts'
import { type OpenReadBudget, openReadBudget } from '../src/store/pass/read-budget.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'

/** Timers may ring a little early, and two clocks are involved. */
const CLOCK_MS = 5
/** What the first slot of a key that is new to the database waits. */
const NEW_KEY_MS = 1000

let database: TestDatabase
const budgets: OpenReadBudget[] = []
let keys = 0

beforeAll(async () => {
  database = await createTestDatabase()
})

afterAll(async () => {
  await Promise.all(budgets.map((budget) => budget.close()))
  await database.drop()
})

describe('request slots', () => {
  test('keep their distance, however many requests wait', async () => {
    const { pacer } = await openPacer({ readsPerSecond: 20 })
    const turns = await Promise.all(Array.from({ length: 6 }, () => timeOfTurn(pacer)))
    for (const gap of gapsBetween(turns)) expect(gap).toBeGreaterThanOrEqual(25 - CLOCK_MS)
  })

  test('keep it also if the process was too busy to use one in time', async () => {
    const { pacer, slotGiven } = await openPacer({ readsPerSecond: 20 })
    const turns = Array.from({ length: 4 }, () => timeOfTurn(pacer))
    await slotGiven
    keepBusy(NEW_KEY_MS + 300)
    for (const gap of gapsBetween(await Promise.all(turns))) {
      expect(gap).toBeGreaterThanOrEqual(25 - CLOCK_MS)
    }
  })

  test('of two processes with one key are no more than those of one process', async () => {
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

  test('are given in the order of the requests', async () => {
    const { pacer } = await openPacer({ readsPerSecond: 200 })
    const order: number[] = []
    await Promise.all([1, 2, 3, 4].map((place) => pacer.turn().then(() => order.push(place))))
    expect(order).toEqual([1, 2, 3, 4])
  })

  test("all fail if the budget can't be reached, and can be requested again afterwards", async () => {
    const { pacer, breakNext } = await openPacer({ readsPerSecond: 200 })
    breakNext(new Error('the database is gone'))
    const refused = await Promise.allSettled([pacer.turn(), pacer.turn()])
    expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await pacer.turn()
  })
})

describe('a slot that a busy process missed', () => {
  test('is dropped: processes that were delayed together do not send together', async () => {
    const key = newKey()
    const processes = await Promise.all(
      Array.from({ length: 4 }, () => openPacer({ key, readsPerSecond: 20 })),
    )
    const turns = processes.map(({ pacer }) => timeOfTurn(pacer))
    await Promise.all(processes.map(({ slotGiven }) => slotGiven))
    keepBusy(NEW_KEY_MS + 4 * 50 + 100)
    for (const gap of gapsBetween(await Promise.all(turns))) expect(gap).toBeGreaterThanOrEqual(25 - CLOCK_MS)
  })

  test('is dropped also if the reply to its reservation waited unread in the process', async () => {
    const { pacer, reservations, busyAtNext } = await openPacer({ readsPerSecond: 20 })
    busyAtNext('reservation', NEW_KEY_MS + 200)
    await pacer.turn()
    expect(reservations()).toBeGreaterThan(1)
  })

  test('is dropped also if the check for a pause took too long', async () => {
    const { pacer, reservations, busyAtNext } = await openPacer({ readsPerSecond: 20 })
    await pacer.turn()
    const before = reservations()
    busyAtNext('look', 200)
    await pacer.turn()
    expect(reservations() - before).toBeGreaterThan(1)
  })

  test('is followed by a slot with more room, so that a slow machine gets its turns', async () => {
    const { pacer, reservations, busyAtNext, rooms } = await openPacer({ readsPerSecond: 20 })
    await pacer.turn()
    const before = reservations()
    busyAtNext('look', 120, { times: 100 })
    await Promise.all([pacer.turn(), pacer.turn()])
    // Never met with less room than it is late; a machine with other work may need more still.
    expect(rooms().slice(before).join()).toMatch(/^50,50,100,200(,400(,800)?)?,50,50,100,200(,400(,800)?)?$/)
  })

  test('is used after several misses, however late, so that requests do not stop', async () => {
    const { pacer, reservations, busyAtNext } = await openPacer({ readsPerSecond: 100 })
    await pacer.turn()
    const before = reservations()
    busyAtNext('look', 250, { times: 100 })
    await pacer.turn()
    expect(reservations() - before).toBe(6)
  })
})

describe('a cancelled wait for a slot', () => {
  test('leaves the line, and the next request gets the slot', async () => {
    const { pacer } = await openPacer({ readsPerSecond: 20 })
    const givenUp = new AbortController()
    const first = pacer.turn(givenUp.signal)
    const second = pacer.turn()
    givenUp.abort(new Error('no longer wanted'))
    await expect(first).rejects.toThrow('no longer wanted')
    await second
  })

  test('at the same moment lets no other request go early', async () => {
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
    for (const gap of gapsBetween(turns)) expect(gap).toBeGreaterThanOrEqual(50 - CLOCK_MS)
  })

  test('before its start takes no slot', async () => {
    const { pacer, reservations } = await openPacer({ readsPerSecond: 20 })
    await expect(pacer.turn(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
    expect(reservations()).toBe(0)
  })
})

describe('a pause', () => {
  test('stops all requests, also those that already have a slot', async () => {
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

  test('applies to a process that starts during it', async () => {
    const key = newKey()
    const { pacer: told } = await openPacer({ key, readsPerSecond: 20 })
    const pausedAt = performance.now()
    await told.pause(1500)
    const { pacer: fresh } = await openPacer({ key, readsPerSecond: 20 })
    expect((await timeOfTurn(fresh)) - pausedAt).toBeGreaterThanOrEqual(1500 - CLOCK_MS)
    expect(fresh.throttledMs).toBeGreaterThan(0)
  })

  test('applies without a limit too, whichever process got the 429', async () => {
    const key = newKey()
    const { pacer: told } = await openPacer({ key, readsPerSecond: null })
    const { pacer: other } = await openPacer({ key, readsPerSecond: null })
    const pausedAt = performance.now()
    await told.pause(400)
    for (const turn of await Promise.all([timeOfTurn(told), timeOfTurn(other)])) {
      expect(turn - pausedAt).toBeGreaterThanOrEqual(400 - CLOCK_MS)
    }
  })

  test('that would make a pass wait too long ends the pass, and stays recorded', async () => {
    const key = newKey()
    const { pacer } = await openPacer({ key, readsPerSecond: 20, maxThrottledMs: 300_000 })
    const refused = [pacer.turn(), pacer.turn()].map((turn) =>
      expect(turn).rejects.toBeInstanceOf(AlloThrottledError),
    )
    await pacer.pause(400_000)
    await Promise.all(refused)
    const { budget } = await openPacer({ key, readsPerSecond: 20 })
    expect(await budget.pausedMs()).toBeGreaterThan(240_000)
  })

  test('that could not be recorded is recorded before the next request', async () => {
    const key = newKey()
    const { budget } = await openPacer({ key, readsPerSecond: 20 })
    let isGone = true
    const pacer = createPacer({
      budget: {
        ...budget,
        async pause(forMs) {
          if (isGone) throw new Error('the database is gone')
          return budget.pause(forMs)
        },
      },
      readsPerSecond: 20,
      maxThrottledMs: 60_000,
    })
    await expect(pacer.pause(300_000)).rejects.toThrow('the database is gone')
    await expect(pacer.turn()).rejects.toThrow('the database is gone')
    isGone = false
    await expect(pacer.turn()).rejects.toBeInstanceOf(AlloThrottledError)
    expect(await budget.pausedMs()).toBeGreaterThan(60_000)
  })

  test('that an operator ends in the database is over also for the process that got the 429', async () => {
    const key = newKey()
    const { pacer } = await openPacer({ key, readsPerSecond: null, maxThrottledMs: 600_000 })
    await pacer.pause(300_000)
    const turn = timeOfTurn(pacer)
    await database.pool.query('update allo.api_keys set paused_until = null where key_fingerprint = $1', [
      key,
    ])
    await turn
    expect(pacer.throttledMs).toBeLessThan(300_000)
    expect(pacer.pausedMs).toBe(0)
  })

  test('is counted together with earlier ones', async () => {
    const { pacer } = await openPacer({ readsPerSecond: null, maxThrottledMs: 5000 })
    await pacer.pause(400)
    await pacer.turn()
    // Of the 400, what writing the pause down took is over by then.
    expect(pacer.throttledMs).toBeGreaterThan(100)
    await pacer.pause(4900)
    await expect(pacer.turn()).rejects.toBeInstanceOf(AlloThrottledError)
  })
})

interface OpenPacer {
  readonly pacer: ProcessPacer
  readonly budget: ReadBudget
  readonly reservations: () => number
  /** Milliseconds kept free for each reservation so far. */
  readonly rooms: () => readonly number[]
  /** The answer of the budget arrives while the process is busy with something else. */
  readonly busyAtNext: (
    what: 'reservation' | 'look',
    ms: number,
    options?: { readonly times: number },
  ) => void
  /** Resolves once the pacer was given a slot. */
  readonly slotGiven: Promise<void>
  /** With `holdsLook`: lets the pacer go on to look for a pause before it lets anyone go. */
  readonly letLook: () => void
  readonly breakNext: (error: Error) => void
}

/** Looks like its own process to the database: a pacer over a connection that no other pacer uses. */
async function openPacer(options: {
  readonly key?: string
  readonly readsPerSecond: number | null
  readonly maxThrottledMs?: number
  readonly holdsLook?: boolean
}): Promise<OpenPacer> {
  const { key = newKey(), readsPerSecond, maxThrottledMs = 60_000, holdsLook = false } = options
  const shared = await openReadBudget(database.url, key)
  budgets.push(shared)
  const given = createGate()
  const looked = createGate()
  if (!holdsLook) looked.open()
  const rooms: number[] = []
  let busy = { what: '', ms: 0, times: 0 }
  let broken: Error | null = null
  const whileBusy = async <T>(what: 'reservation' | 'look', asked: Promise<T>): Promise<T> => {
    if (busy.what === what && busy.times > 0) {
      busy.times -= 1
      await setImmediate()
      keepBusy(busy.ms)
    }
    return asked
  }
  const budget: ReadBudget = {
    async reserve(intervalMs) {
      rooms.push(intervalMs)
      if (broken !== null) {
        const error = broken
        broken = null
        throw error
      }
      const slot = await whileBusy('reservation', shared.reserve(intervalMs))
      given.open()
      return slot
    },
    async pausedMs() {
      await looked.opened
      return whileBusy('look', shared.pausedMs())
    },
    pause: (forMs) => shared.pause(forMs),
  }
  return {
    pacer: createPacer({ budget, readsPerSecond, maxThrottledMs }),
    budget,
    reservations: () => rooms.length,
    rooms: () => rooms,
    busyAtNext: (what, ms, { times } = { times: 1 }) => {
      busy = { what, ms, times }
    },
    slotGiven: given.opened,
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

/** Nothing else happens in this process meanwhile. */
function keepBusy(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

async function timeOfTurn(pacer: ProcessPacer): Promise<number> {
  await pacer.turn()
  return performance.now()
}

function gapsBetween(times: readonly number[]): number[] {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted.slice(1).map((time, index) => time - (sorted[index] ?? time))
}
