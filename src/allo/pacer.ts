/**
 * Gives the requests of this process their turns. Only even spacing keeps every sliding second below Allo's limit, so
 * each request takes a slot from the read budget, which all processes that use the key share. One caller at a time:
 *
 *   reserve   take the next free slot from the budget, or get a pause
 *   paused    a 429 stopped all processes that use the key: wait, then reserve (pause.ts)
 *   wait      until shortly before the slot, then look for a pause once more, then until the slot
 *   go        the caller may send its request
 *   missed    this process was too busy and woke up late: drop the slot, and reserve
 *
 * A request that missed its slot would be sent together with the request of the next slot, so a missed slot is dropped.
 * From the second miss in a row, the pacer reserves twice the room each time, so that a slow machine soon has enough.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AlloErrorFacts } from './errors.ts'
import { createPause, type PauseStore } from './pause.ts'
import type { Pacer } from './types.ts'

/**
 * The slots and the pause of one key. Postgres keeps them for all processes (store/pass/read-budget.ts), or this
 * process for itself (private-read-budget.ts). Times are milliseconds from now, on the clock of the budget.
 */
export interface ReadBudget extends PauseStore {
  /** Takes the next free slot, unless there is a pause. */
  reserve(intervalMs: number): Promise<{ readonly inMs: number } | { readonly pausedMs: number }>
}

export interface ProcessPacer extends Pacer {
  /** Milliseconds this process waited because of 429s, since it was made or `forgetThrottling` was called. */
  readonly throttledMs: number
  /** Rest of the pause after a 429, as far as this process knows. For display only. */
  readonly pausedMs: number
  forgetThrottling(): void
  /** `null` reads without spacing; pauses still hold. */
  setReadsPerSecond(readsPerSecond: number | null): void
}

/** How often to ask for a pause when requests are not spaced, because then no reservation reports one. */
const LOOK_EVERY_MS = 500
/** Or half an interval. At 90 % of the limit, one second has too many requests only if slots are missed by 111 ms. */
const MAY_BE_LATE_MS = 25
/** In a row. The next slot has 16 times the room and is used even if it is late, so that a request is sent at all. */
const MOST_DROPPED = 5

const never = { at: Number.NEGATIVE_INFINITY, pausesStarted: 0 }

interface Turn {
  readonly go: () => void
  readonly refuse: (reason: unknown) => void
}

/** When the waits because of 429s add up to more than `maxThrottledMs`, all waiting turns reject. */
export function createPacer(options: {
  readonly budget: ReadBudget
  readonly readsPerSecond: number | null
  readonly maxThrottledMs: number
}): ProcessPacer {
  const { budget } = options
  const pause = createPause(budget, options.maxThrottledMs)
  const turns: Turn[] = []
  let intervalMs = toIntervalMs(options.readsPerSecond)
  let lastLook = never
  let dropped = 0
  let roundTripMs = Number.POSITIVE_INFINITY
  let isServing = false
  let allLeft = new AbortController()

  /** False when all callers left: then the wait was cut short, and a caller that came since must reserve again. */
  async function wait(ms: number): Promise<boolean> {
    const { signal } = allLeft
    if (ms > 0) await sleep(Math.ceil(ms), undefined, { signal }).catch(() => undefined)
    return !signal.aborted
  }

  /** True when the next caller may send its request. False: a pause, or a missed slot; try again. */
  async function waitForTurn(): Promise<boolean> {
    await pause.recorded()
    return intervalMs === 0 ? !(await isPausedWithoutSpacing()) : waitForSlot()
  }

  async function waitForSlot(): Promise<boolean> {
    const roomMs = intervalMs * 2 ** Math.max(dropped - 1, 0)
    const pausesStarted = pause.started
    const askedAt = performance.now()
    const slot = await timed(() => budget.reserve(roomMs))
    if ('pausedMs' in slot) {
      await pause.waitOut(slot.pausedMs, wait)
      return false
    }
    // A lower bound: the reply may have waited unread in the socket.
    const slotAt = askedAt + slot.inMs
    if (!(await wait(slotAt - performance.now()))) return false
    if ((await timed(pause.look)) > 0) return false
    if (!(await wait(slotAt + roundTripMs - performance.now()))) return false
    const lateMs = performance.now() - slotAt - roundTripMs
    const isInTime = lateMs <= Math.max(MAY_BE_LATE_MS, intervalMs / 2) + roomMs - intervalMs
    dropped = isInTime || dropped === MOST_DROPPED ? 0 : dropped + 1
    return dropped === 0 && pausesStarted === pause.started
  }

  async function isPausedWithoutSpacing(): Promise<boolean> {
    const isRecent = performance.now() < lastLook.at + LOOK_EVERY_MS
    if (isRecent && lastLook.pausesStarted === pause.started) return false
    lastLook = { at: performance.now(), pausesStarted: pause.started }
    const pausedMs = await pause.look()
    if (pausedMs === 0) return false
    await pause.waitOut(pausedMs, wait)
    lastLook = never
    return true
  }

  /** Also measures the shortest round trip to the budget. */
  async function timed<T>(question: () => Promise<T>): Promise<T> {
    const askedAt = performance.now()
    const answer = await question()
    roundTripMs = Math.min(performance.now() - askedAt, roundTripMs * 1.05)
    return answer
  }

  async function serve(): Promise<void> {
    isServing = true
    try {
      while (turns.length > 0) if (await waitForTurn()) turns.shift()?.go()
    } catch (error) {
      for (const turn of turns.splice(0)) turn.refuse(error)
    } finally {
      isServing = false
    }
  }

  return {
    get throttledMs() {
      return pause.waitedMs
    },
    get pausedMs() {
      return pause.remainingMs
    },
    forgetThrottling: pause.forgetWaits,
    setReadsPerSecond(readsPerSecond) {
      intervalMs = toIntervalMs(readsPerSecond)
    },
    async turn(signal) {
      signal?.throwIfAborted()
      await new Promise<void>((resolve, reject) => {
        const leave = () => {
          const index = turns.indexOf(turn)
          if (index >= 0) turns.splice(index, 1)
          if (turns.length === 0) allLeft.abort()
          reject(signal?.reason)
        }
        const turn: Turn = {
          go: () => {
            signal?.removeEventListener('abort', leave)
            resolve()
          },
          refuse: (reason) => {
            signal?.removeEventListener('abort', leave)
            reject(reason)
          },
        }
        signal?.addEventListener('abort', leave, { once: true })
        turns.push(turn)
        if (allLeft.signal.aborted) allLeft = new AbortController()
        if (!isServing) void serve()
      })
    },
    pause: (forMs: number, refused?: AlloErrorFacts) => pause.start(forMs, refused),
  }
}

function toIntervalMs(readsPerSecond: number | null): number {
  return readsPerSecond === null ? 0 : 1000 / readsPerSecond
}
