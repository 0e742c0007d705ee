/**
 * Everyone's turn to read, one request at a time and evenly spaced: only spacing keeps any sliding second below the
 * limit. The shared book holds the slots of all processes; this process takes one slot at a time from it, looks once
 * more whether everyone has been told to pause just before it comes, waits for it, and lets one caller go.
 *
 * A busy process comes late for its slot, and would bunch with those whose slots are next. It gives the slot up for
 * another one. Late again, it takes one with twice the room behind it: however slow the machine, soon there is enough.
 *
 * Also counts how long a 429 made us wait: when that would exceed `maxThrottledMs`, every waiting turn rejects with
 * AlloThrottledError and the pause stays in the book for those who come later.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { AlloThrottledError } from './errors.ts'
import type { Pacer } from './types.ts'

/** The place all processes of a key share. Times are milliseconds from now, on the book's own clock. */
export interface SlotBook {
  /** Takes the next free slot, unless there is a pause. */
  reserve(intervalMs: number): Promise<{ readonly inMs: number } | { readonly pausedMs: number }>
  pausedMs(): Promise<number>
  /** Pauses everyone at least that long; never shortens a pause. */
  pause(forMs: number): Promise<void>
}

export interface ProcessPacer extends Pacer {
  /** Milliseconds this process waited because of 429s, since it was made or `forgetThrottling` was called. */
  readonly throttledMs: number
  forgetThrottling(): void
  /** `null` reads without spacing; pauses still hold. */
  setReadsPerSecond(readsPerSecond: number | null): void
}

const LOOK_EVERY_MS = 500
/** Or half an interval. At 90 % of a limit, a second holds too many only when slots are missed by 111 ms. */
const MAY_BE_LATE_MS = 25
/** In a row; the next one, with 16 times the room, is used however late: slow is better than never. */
const MAX_GIVEN_UP = 5

interface Turn {
  readonly go: () => void
  readonly refuse: (reason: unknown) => void
}

export function createPacer(options: {
  readonly book: SlotBook
  readonly readsPerSecond: number | null
  readonly maxThrottledMs: number
}): ProcessPacer {
  const { book, maxThrottledMs } = options
  const turns: Turn[] = []
  let intervalMs = toIntervalMs(options.readsPerSecond)
  let pausedUntil = Number.NEGATIVE_INFINITY
  let nextLookAt = Number.NEGATIVE_INFINITY
  let givenUp = 0
  let roundTripMs = Number.POSITIVE_INFINITY
  let throttledMs = 0
  let isServing = false
  let nobodyWaits = new AbortController()

  /** False when it was cut short, because nobody waited any more: then it counts for nobody who came since. */
  async function wait(ms: number): Promise<boolean> {
    const { signal } = nobodyWaits
    if (ms > 0) await sleep(Math.ceil(ms), undefined, { signal }).catch(() => undefined)
    return !signal.aborted
  }

  async function waitOutPause(pausedMs: number): Promise<void> {
    if (throttledMs + pausedMs > maxThrottledMs) {
      throw new AlloThrottledError(pausedMs, throttledMs)
    }
    const from = performance.now()
    await wait(pausedMs)
    throttledMs += performance.now() - from
  }

  /** Waits until one request may be sent. False when it has to be tried again. */
  async function waitForSlot(): Promise<boolean> {
    const locallyPausedMs = pausedUntil - performance.now()
    if (locallyPausedMs > 0) {
      await waitOutPause(locallyPausedMs)
      return false
    }
    if (intervalMs === 0) return !(await isPausedByOthers())
    const roomMs = intervalMs * 2 ** Math.max(givenUp - 1, 0)
    const askedAt = performance.now()
    const slot = await ask(() => book.reserve(roomMs))
    if ('pausedMs' in slot) {
      await waitOutPause(slot.pausedMs)
      return false
    }
    // At the earliest: how long the answer lay there, a process that was busy can't know.
    const slotAt = askedAt + slot.inMs
    if (!(await wait(slotAt - performance.now()))) return false
    if ((await ask(() => book.pausedMs())) > 0) return false
    if (!(await wait(slotAt + roundTripMs - performance.now()))) return false
    const now = performance.now()
    const lateMs = now - slotAt - roundTripMs
    const isMet = lateMs <= Math.max(MAY_BE_LATE_MS, intervalMs / 2) + roomMs - intervalMs
    givenUp = isMet || givenUp === MAX_GIVEN_UP ? 0 : givenUp + 1
    return givenUp === 0 && pausedUntil <= now
  }

  /** Learns on the way what the book usually takes, however far away it is. */
  async function ask<T>(question: () => Promise<T>): Promise<T> {
    const askedAt = performance.now()
    const answer = await question()
    roundTripMs = Math.min(performance.now() - askedAt, roundTripMs * 1.05)
    return answer
  }

  /** Without spacing no reservation tells of a pause: then it is asked for, once in a while. */
  async function isPausedByOthers(): Promise<boolean> {
    if (performance.now() < nextLookAt) return false
    nextLookAt = performance.now() + LOOK_EVERY_MS
    pausedUntil = Math.max(pausedUntil, performance.now() + (await book.pausedMs()))
    return pausedUntil > performance.now()
  }

  async function serve(): Promise<void> {
    isServing = true
    try {
      while (turns.length > 0) {
        if (!(await waitForSlot())) continue
        const turn = turns.shift()
        if (turn === undefined) break
        turn.go()
      }
    } catch (error) {
      for (const turn of turns.splice(0)) turn.refuse(error)
    } finally {
      isServing = false
    }
  }

  return {
    get throttledMs() {
      return throttledMs
    },
    forgetThrottling() {
      throttledMs = 0
    },
    setReadsPerSecond(readsPerSecond) {
      intervalMs = toIntervalMs(readsPerSecond)
    },
    async turn(signal) {
      signal?.throwIfAborted()
      await new Promise<void>((resolve, reject) => {
        const leave = () => {
          const index = turns.indexOf(turn)
          if (index >= 0) turns.splice(index, 1)
          if (turns.length === 0) nobodyWaits.abort()
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
        if (nobodyWaits.signal.aborted) nobodyWaits = new AbortController()
        if (!isServing) void serve()
      })
    },
    async pause(forMs) {
      pausedUntil = Math.max(pausedUntil, performance.now() + forMs)
      await book.pause(forMs)
    },
  }
}

function toIntervalMs(readsPerSecond: number | null): number {
  return readsPerSecond === null ? 0 : 1000 / readsPerSecond
}
