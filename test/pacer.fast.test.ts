/** One pacer in fake time, with a budget in memory. Several with Postgres: test/pacer.test.ts. */
import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createPacer, type ReadBudget } from '../src/allo/pacer.ts'
import { createPrivateReadBudget } from '../src/allo/private-read-budget.ts'
import { useFakeTime } from './support/pacing.ts'

let endFakeTime: () => void
let startedAt: number
beforeEach(() => {
  endFakeTime = useFakeTime()
  startedAt = performance.now()
})
afterEach(() => endFakeTime())

const now = () => performance.now() - startedAt
const letPass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
/** The process does nothing else meanwhile. */
const stall = (ms: number) => void vi.advanceTimersByTime(ms)

type Slot = Awaited<ReturnType<ReadBudget['reserve']>>

/** Gives these slots, then free ones, and no pause. What it does on the way can be replaced. */
function open(
  options: { readonly slots?: Slot[]; readonly readsPerSecond?: number | null } & Partial<ReadBudget>,
) {
  const { slots = [], readsPerSecond = 20, ...others } = options
  const asked: string[] = []
  const budget: ReadBudget = {
    async reserve(intervalMs) {
      asked.push(`slot of ${intervalMs}`)
      return (await others.reserve?.(intervalMs)) ?? slots.shift() ?? { inMs: 0 }
    },
    async pausedMs() {
      asked.push('pause?')
      return (await others.pausedMs?.()) ?? 0
    },
    async pause(forMs) {
      asked.push(`pause of ${forMs}`)
      await others.pause?.(forMs)
    },
  }
  const pacer = createPacer({ budget, readsPerSecond, maxThrottledMs: 10_000 })
  const turns: number[] = []
  const turn = (signal?: AbortSignal) => pacer.turn(signal).then(() => void turns.push(now()))
  return { pacer, asked, turns, turn }
}

describe('spaced requests', () => {
  test('are sent at their slots, after a look for a pause', async () => {
    const { asked, turns, turn } = open({ slots: [{ inMs: 0 }, { inMs: 50 }, { inMs: 30.5 }] })
    for (let request = 0; request < 3; request += 1) void turn()
    await letPass(1000)
    expect(turns).toEqual([0, 50, 81])
    expect(asked).toEqual(['slot of 50', 'pause?', 'slot of 50', 'pause?', 'slot of 50', 'pause?'])
  })

  test('take their interval from the limit, which can change', async () => {
    const { pacer, asked, turn } = open({ readsPerSecond: null })
    await turn()
    pacer.setReadsPerSecond(8)
    await turn()
    pacer.setReadsPerSecond(null)
    await turn()
    expect(asked).toEqual(['pause?', 'slot of 125', 'pause?'])
  })

  test('wait for a pause in place of a slot, and then take one', async () => {
    const { pacer, asked, turns, turn } = open({ slots: [{ pausedMs: 700 }, { inMs: 50 }] })
    void turn()
    await letPass(500)
    expect([pacer.pausedMs, pacer.throttledMs]).toEqual([200, 0])
    await letPass(500)
    expect(turns).toEqual([750])
    expect(asked).toEqual(['slot of 50', 'slot of 50', 'pause?'])
    expect([pacer.pausedMs, pacer.throttledMs]).toEqual([0, 700])
    pacer.forgetThrottling()
    expect(pacer.throttledMs).toBe(0)
  })

  test('take another slot if there is a pause shortly before theirs', async () => {
    const pauses = [300]
    const { asked, turns, turn } = open({
      slots: [{ inMs: 50 }, { pausedMs: 300 }],
      pausedMs: async () => pauses.shift() ?? 0,
    })
    void turn()
    await letPass(1000)
    expect(turns).toEqual([350])
    expect(asked).toEqual(['slot of 50', 'pause?', 'slot of 50', 'slot of 50', 'pause?'])
  })

  test('take another slot if this process got a 429 meanwhile, after it was recorded', async () => {
    const { pacer, asked, turns, turn } = open({ slots: [{ inMs: 50 }, { inMs: 100 }] })
    void turn()
    await letPass(20)
    await pacer.pause(400)
    await letPass(1000)
    expect(turns).toEqual([150])
    expect(asked).toEqual(['slot of 50', 'pause of 400', 'pause?', 'slot of 50', 'pause?'])
  })
})

describe('a slot', () => {
  /** The look for a pause before the slot takes so long. Returns the room of each reservation. */
  async function roomsWhenLate(readsPerSecond: number, lateMs: number, times: number): Promise<string[]> {
    let left = times
    const { asked, turn } = open({
      readsPerSecond,
      async pausedMs() {
        if (left > 0) stall(lateMs)
        left -= 1
        return 0
      },
    })
    await turn()
    return asked.filter((question) => question !== 'pause?')
  }

  test.each([
    [100, 25],
    [20, 25],
    [10, 50],
    [2, 100],
  ])('of %d a second may be used up to %d ms late, and then is dropped', async (readsPerSecond, lateMs) => {
    const interval = 1000 / readsPerSecond
    expect(await roomsWhenLate(readsPerSecond, lateMs, 1)).toEqual([`slot of ${interval}`])
    expect(await roomsWhenLate(readsPerSecond, lateMs + 1, 1)).toEqual(Array(2).fill(`slot of ${interval}`))
  })

  test('has twice the room after each further one that was missed, and is used the sixth time', async () => {
    const rooms = [50, 50, 100, 200, 400, 800].map((room) => `slot of ${room}`)
    expect(await roomsWhenLate(20, 10_000, 100)).toEqual(rooms)
  })

  test('with more room may be used later', async () => {
    expect(await roomsWhenLate(20, 75, 100)).toHaveLength(3)
    expect(await roomsWhenLate(20, 76, 100)).toHaveLength(4)
  })

  test('that was missed is forgotten after one that was not', async () => {
    const lateMs = [100, 100, 0, 100, 0]
    const { asked, turn } = open({
      async pausedMs() {
        stall(lateMs.shift() ?? 0)
        return 0
      },
    })
    await turn()
    await turn()
    expect(asked.filter((question) => question !== 'pause?')).toEqual(
      [50, 50, 100, 50, 50].map((room) => `slot of ${room}`),
    )
  })

  test('that was given slowly may be used up to 100 ms after its earliest time', async () => {
    for (const [ms, reservations] of [
      [100, 1],
      [101, 2],
    ] as const) {
      let left = 1
      const { asked, turn } = open({
        async reserve() {
          if (left > 0) stall(ms)
          left -= 1
          return { inMs: 0 }
        },
      })
      await turn()
      expect(asked.filter((question) => question !== 'pause?')).toHaveLength(reservations)
    }
  })

  // What is measured may grow by 5 % at each request.
  test.each([
    [80, 80, 80],
    [80, 90, 84],
    [90, 80, 80],
    [50, 50, 50],
    [40, 200, 50],
  ])(
    'gets more room by what the shortest round trip takes above 50 ms: %d, %d',
    async (reserve, look, room) => {
      const { asked, turn } = open({
        async reserve() {
          stall(reserve)
          return { inMs: 0 }
        },
        async pausedMs() {
          stall(look)
          return 0
        },
      })
      void turn()
      await letPass(1)
      expect(asked.slice(0, 3)).toEqual(['slot of 50', 'pause?', `slot of ${room}`])
    },
  )

  test('is looked at for a pause one round trip before it', async () => {
    const looks: number[] = []
    const { turns, turn } = open({
      slots: [{ inMs: 30 }],
      async reserve() {
        stall(10)
        return { inMs: 30 }
      },
      async pausedMs() {
        looks.push(now())
        return 0
      },
    })
    void turn()
    await letPass(100)
    expect(looks).toEqual([30])
    expect(turns).toEqual([40])
  })
})

describe('requests without spacing', () => {
  test('ask for a pause every half second', async () => {
    const { asked, turn } = open({ readsPerSecond: null })
    await turn()
    await turn()
    await letPass(499)
    await turn()
    expect(asked).toEqual(['pause?'])
    await letPass(1)
    await turn()
    expect(asked).toEqual(['pause?', 'pause?'])
  })

  test('wait for the pause, and then ask again', async () => {
    const pauses = [300]
    const { pacer, asked, turns, turn } = open({
      readsPerSecond: null,
      pausedMs: async () => pauses.shift() ?? 0,
    })
    void turn()
    await letPass(1000)
    expect(turns).toEqual([300])
    expect(asked).toEqual(['pause?', 'pause?'])
    expect(pacer.throttledMs).toBe(300)
  })

  test('ask at once if this process got a 429', async () => {
    const { pacer, asked, turn } = open({ readsPerSecond: null })
    await turn()
    await pacer.pause(300)
    await turn()
    expect(asked).toEqual(['pause?', 'pause of 300', 'pause?'])
  })
})

describe('a turn', () => {
  test('that is cancelled before it begins asks for nothing', async () => {
    const { asked, turn } = open({})
    await expect(turn(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
    expect(asked).toEqual([])
  })

  test('that is cancelled leaves its slot to the next one', async () => {
    const { asked, turns, turn } = open({ slots: [{ inMs: 50 }, { inMs: 90 }] })
    const leaving = new AbortController()
    const first = expect(turn(leaving.signal)).rejects.toThrow('no longer wanted')
    void turn()
    await letPass(20)
    leaving.abort(new Error('no longer wanted'))
    await first
    await letPass(1000)
    expect(turns).toEqual([50])
    expect(asked).toEqual(['slot of 50', 'pause?'])
  })

  test('that is the last one to be cancelled ends the wait, and a later one takes a slot of its own', async () => {
    const { asked, turns, turn } = open({ slots: [{ inMs: 5000 }, { inMs: 100 }, { inMs: 50 }] })
    const leaving = new AbortController()
    const first = expect(turn(leaving.signal)).rejects.toThrow('enough')
    await letPass(10)
    const second = expect(turn(leaving.signal)).rejects.toThrow('enough')
    await letPass(10)
    leaving.abort(new Error('enough'))
    const third = turn()
    await Promise.all([first, second])
    await letPass(1000)
    await third
    expect(turns).toEqual([120])
    expect(asked).toEqual(['slot of 50', 'slot of 50', 'pause?'])
    await Promise.all([turn(), letPass(1000)])
    expect(turns).toEqual([120, 1070])
  })

  test('that is cancelled just before its slot leaves no slot to one that begins then', async () => {
    const { turns, turn } = open({
      async reserve() {
        stall(10)
        return { inMs: 30 }
      },
    })
    const leaving = new AbortController()
    const first = expect(turn(leaving.signal)).rejects.toThrow('enough')
    await letPass(25)
    expect(now()).toBe(35)
    leaving.abort(new Error('enough'))
    void turn()
    await first
    await letPass(100)
    expect(turns).toEqual([75])
  })

  test('no longer listens to its signal when it is over', async () => {
    const { signal } = new AbortController()
    const { turn } = open({})
    await turn(signal)
    expect(getEventListeners(signal, 'abort')).toEqual([])
    const broken = open({ reserve: () => Promise.reject(new Error('no database')) })
    await expect(broken.turn(signal)).rejects.toThrow('no database')
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  test('fails with all others if the budget cannot be asked, and a later one asks again', async () => {
    let isBroken = true
    const { turns, turn } = open({
      async reserve() {
        if (isBroken) throw new Error('no database')
        return { inMs: 0 }
      },
    })
    const refused = await Promise.allSettled([turn(), turn()])
    expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    isBroken = false
    await turn()
    expect(turns).toEqual([0])
  })
})

describe('a budget in memory', () => {
  test('gives slots one interval apart, and none from the past', async () => {
    const budget = createPrivateReadBudget()
    expect([await budget.reserve(50), await budget.reserve(50), await budget.reserve(50)]).toEqual([
      { inMs: 0 },
      { inMs: 50 },
      { inMs: 100 },
    ])
    await letPass(1000)
    expect(await budget.reserve(50)).toEqual({ inMs: 0 })
  })

  test('gives no slot in a pause, which is never shortened', async () => {
    const budget = createPrivateReadBudget()
    expect(await budget.pausedMs()).toBe(0)
    await budget.pause(300)
    await budget.pause(100)
    await letPass(50)
    expect([await budget.pausedMs(), await budget.reserve(50)]).toEqual([250, { pausedMs: 250 }])
    await letPass(250)
    expect([await budget.pausedMs(), await budget.reserve(50)]).toEqual([0, { inMs: 0 }])
    await letPass(100)
    expect(await budget.pausedMs()).toBe(0)
  })
})
