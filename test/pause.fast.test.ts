/** The pause after a 429, in fake time and with its store in memory. Over Postgres: test/pacer.test.ts. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { AlloThrottledError } from '../src/allo/errors.ts'
import type { Reply } from '../src/allo/exchange.ts'
import { createPause, LONGEST_PAUSE_MS, type PauseStore, pauseAfter } from '../src/allo/pause.ts'
import type { Refusal } from '../src/allo/refusal.ts'
import { useFakeTime } from './support/pacing.ts'

describe('how long a pause is', () => {
  afterEach(() => void vi.restoreAllMocks())

  const backoff = { minMs: 100, maxMs: 1000 }
  const pauseOf = (said: Partial<Refusal>, headers: Record<string, string> = {}, inARow = 1) => {
    const refusal = { retryAfterMs: null, quotaResetMs: null, ...said } as Refusal
    const reply: Pick<Reply, 'header'> = { header: (name) => headers[name] }
    return pauseAfter(reply as Reply, refusal, inARow, backoff)
  }

  test('is said by the body, else by the header, else by the quota', () => {
    const headers = { 'retry-after': '7' }
    expect(pauseOf({ retryAfterMs: 5000, quotaResetMs: 9000 }, headers)).toBe(5000)
    expect(pauseOf({ quotaResetMs: 9000 }, headers)).toBe(7000)
    expect(pauseOf({ quotaResetMs: 9000 })).toBe(9000)
  })

  test('counts from the date of the answer, or from now if it has none', () => {
    const date = 'Thu, 30 Apr 2026 10:00:00 GMT'
    const later = 'Thu, 30 Apr 2026 10:00:03 GMT'
    expect(pauseOf({}, { date, 'retry-after': later })).toBe(3000)
    vi.spyOn(Date, 'now').mockReturnValue(Date.parse(date) + 1000)
    expect(pauseOf({}, { 'retry-after': later })).toBe(2000)
  })

  test('is ignored if it is 0 or longer than a day', () => {
    for (const none of [0, -1, LONGEST_PAUSE_MS + 1]) {
      expect(pauseOf({ retryAfterMs: none }, { 'retry-after': '7' })).toBe(7000)
    }
    expect(pauseOf({ retryAfterMs: LONGEST_PAUSE_MS })).toBe(LONGEST_PAUSE_MS)
    expect(LONGEST_PAUSE_MS).toBe(86_400_000)
  })

  test('without a time doubles with each 429 in a row, up to its limit, and up to half of it is added at random', () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0)
    expect([1, 2, 3, 4, 5, 9].map((inARow) => pauseOf({}, {}, inARow))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ])
    random.mockReturnValue(0.5)
    expect(pauseOf({}, {}, 2)).toBe(250)
  })
})

describe('a pause', () => {
  let endFakeTime: () => void
  beforeEach(() => {
    endFakeTime = useFakeTime()
  })
  afterEach(() => endFakeTime())

  const sleep = async (ms: number) => void vi.advanceTimersByTime(ms)

  test('lasts as long as the longest that was started, and is recorded', async () => {
    const { store, recorded } = createStore()
    const pause = createPause(store, 60_000)
    expect([pause.remainingMs, pause.started]).toEqual([0, 0])
    await pause.start(5000)
    await pause.start(2000)
    expect([pause.remainingMs, pause.started]).toEqual([5000, 2])
    expect(recorded).toEqual([5000, 2000])
    await sleep(6000)
    expect(pause.remainingMs).toBe(0)
  })

  test('is as long as the store says, which may have ended it', async () => {
    const { store } = createStore()
    const pause = createPause(store, 60_000)
    await pause.start(5000)
    expect(await pause.look()).toBe(0)
    expect(pause.remainingMs).toBe(0)
    await pause.waitOut(700, async () => expect(pause.remainingMs).toBe(700))
  })

  test('that could not be recorded is recorded with its rest', async () => {
    const { store, recorded, breakNext } = createStore()
    const pause = createPause(store, 60_000)
    breakNext(2)
    await expect(pause.start(5000)).rejects.toThrow('no connection')
    await sleep(1000)
    await expect(pause.recorded()).rejects.toThrow('no connection')
    await sleep(1000)
    await pause.recorded()
    await pause.recorded()
    expect(recorded).toEqual([3000])
  })

  test('that is over before it could be recorded is not recorded', async () => {
    const { store, recorded, breakNext } = createStore()
    const pause = createPause(store, 60_000)
    breakNext(1)
    await expect(pause.start(5000)).rejects.toThrow('no connection')
    await sleep(5000)
    await pause.recorded()
    expect(recorded).toEqual([])
  })

  test('that could not be recorded is not forgotten when a shorter one is recorded', async () => {
    const { store, recorded, breakNext } = createStore()
    const pause = createPause(store, 60_000)
    breakNext(1)
    await expect(pause.start(5000)).rejects.toThrow('no connection')
    await pause.start(1000)
    await pause.recorded()
    await pause.recorded()
    expect(recorded).toEqual([1000, 5000])
  })

  test('is not over for a request while it is being recorded', async () => {
    let record = () => {}
    const store: PauseStore = { pausedMs: async () => 0, pause: () => new Promise((done) => (record = done)) }
    const pause = createPause(store, 60_000)
    const events: string[] = []
    const started = pause.start(5000).then(() => events.push('recorded'))
    const waited = pause.recorded().then(() => events.push('go on'))
    await Promise.resolve()
    expect(events).toEqual([])
    record()
    await Promise.all([started, waited])
    expect(events.sort()).toEqual(['go on', 'recorded'])
  })

  test('is waited for in steps of five seconds, and all waits are counted', async () => {
    const pause = createPause(createStore().store, 60_000)
    const waits: number[] = []
    const wait = async (ms: number) => {
      waits.push(ms)
      await sleep(ms)
    }
    for (const ms of [4000, 5001, 60_000 - 9000]) await pause.waitOut(ms, wait)
    expect(waits).toEqual([4000, 5000, 5000])
    expect(pause.waitedMs).toBe(14_000)
    pause.forgetWaits()
    expect(pause.waitedMs).toBe(0)
  })

  test('may take as long as the limit, together with earlier waits, and not longer', async () => {
    const pause = createPause(createStore().store, 6000)
    await pause.waitOut(2000, sleep)
    await expect(pause.waitOut(4001, sleep)).rejects.toMatchObject({ waitMs: 4001, waitedMs: 2000 })
    await pause.waitOut(4000, sleep)
    expect(pause.waitedMs).toBe(6000)
  })

  test('that takes too long names the request that got the 429, if this process got it and its pause goes on', async () => {
    const asked = async (pause: ReturnType<typeof createPause>) => {
      const error: unknown = await pause.waitOut(5000, sleep).catch((reason: unknown) => reason)
      return error instanceof AlloThrottledError ? error.asked : error
    }
    const pause = createPause(createStore().store, 1000)
    expect(await asked(pause)).toBe('API')
    await pause.start(2000, { asked: 'queue' })
    expect(await asked(pause)).toBe('queue')
    await sleep(5000)
    expect(await asked(pause)).toBe('API')
    await pause.start(2000)
    expect(await asked(pause)).toBe('API')
  })
})

/** Never says that there is a pause. */
function createStore() {
  const recorded: number[] = []
  let broken = 0
  const store: PauseStore = {
    pausedMs: async () => 0,
    async pause(forMs) {
      if (broken > 0) {
        broken -= 1
        throw new Error('no connection')
      }
      recorded.push(forMs)
    },
  }
  const breakNext = (times: number) => {
    broken = times
  }
  return { store, recorded, breakNext }
}
