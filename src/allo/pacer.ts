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
 *
 * The time of a slot is known up to the round trip of its reservation, at whose start or end the budget may have
 * answered. The request is sent after the latest possible time, so never before its slot. At 90 % of the limit, no
 * second has too many requests if each is sent within 111 ms after the beginning of its slot and the additional room.
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
/** After the latest possible time of the slot. Or half an interval. */
const MAY_BE_LATE_MS = 25
/** After the earliest possible time of the slot. */
const MAY_BE_OFF_MS = 100
/** Of a usual round trip to the budget. For a longer one, more room is reserved. */
const SHORT_ROUND_TRIP_MS = 50
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
    const roomMs = (intervalMs + longRoundTripMs()) * 2 ** Math.max(dropped - 1, 0)
    const pausesStarted = pause.started
    const askedAt = performance.now()
    const slot = await timed(() => budget.reserve(roomMs))
    if ('pausedMs' in slot) {
      await pause.waitOut(slot.pausedMs, wait)
      return false
    }
    const earliest = askedAt + slot.inMs
    const latest = performance.now() + slot.inMs
    if (!(await wait(latest - roundTripMs - performance.now()))) return false
    if ((await timed(pause.look)) > 0) return false
    if (!(await wait(latest - performance.now()))) return false
    const now = performance.now()
    const sparedMs = roomMs - intervalMs
    const isInTime =
      now - latest <= Math.max(MAY_BE_LATE_MS, intervalMs / 2) + sparedMs &&
      now - earliest <= MAY_BE_OFF_MS + sparedMs
    dropped = isInTime || dropped === MOST_DROPPED ? 0 : dropped + 1
    return dropped === 0 && pausesStarted === pause.started
  }

  function longRoundTripMs(): number {
    return Number.isFinite(roundTripMs) ? Math.max(0, roundTripMs - SHORT_ROUND_TRIP_MS) : 0
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
        signal?.addEventListener('abort', leave)
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
