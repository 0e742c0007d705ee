/**
 * Everyone's turn to read, one request at a time and evenly spaced: only spacing keeps any sliding second below the
 * limit. The shared book holds the slots of all processes; this process takes one slot at a time from it, waits for
 * it, looks once more whether everyone has been told to pause meanwhile, and lets one caller go. A slot it is too late
 * for is given up for a new one.
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
/**
 * A slot taken later than this would bunch with those of other processes: with every one of them that late, a second
 * still holds no more than 5 % above the rate, and a rate leaves twice that to the limit.
 */
const MAX_LATE_MS = 25
/** In a row; a machine that is always late must get on all the same. */
const MAX_SLOTS_GIVEN_UP = 5

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
  let lastTurnAt = Number.NEGATIVE_INFINITY
  let pausedUntil = Number.NEGATIVE_INFINITY
  let nextLookAt = Number.NEGATIVE_INFINITY
  let slotsGivenUp = 0
  let fastestAnswerMs = Number.POSITIVE_INFINITY
  let throttledMs = 0
  let isServing = false
  let nobodyWaits = new AbortController()

  /** False when it was cut short, because nobody waited any more: then it counts for nobody who came since. */
  async function wait(ms: number): Promise<boolean> {
    const { signal } = nobodyWaits
    await sleep(Math.ceil(ms), undefined, { signal }).catch(() => undefined)
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
    const askedAt = performance.now()
    const slot = await book.reserve(intervalMs)
    if ('pausedMs' in slot) {
      await waitOutPause(slot.pausedMs)
      return false
    }
    // When the book counted from: a stalled process reads the answer late, and can't tell by its arrival.
    fastestAnswerMs = Math.min(fastestAnswerMs, performance.now() - askedAt)
    const dueAt = askedAt + fastestAnswerMs + slot.inMs
    // A busy process is late for its slot; without this it would then take its next one at once.
    const spacedMs = lastTurnAt + intervalMs * 0.93 - performance.now()
    if (!(await wait(Math.max(slot.inMs, spacedMs, 0)))) return false
    if (pausedUntil > performance.now() || (await book.pausedMs()) > 0) return false
    return takesSlot(dueAt)
  }

  function takesSlot(dueAt: number): boolean {
    const isLate = performance.now() > dueAt + MAX_LATE_MS
    slotsGivenUp = isLate && slotsGivenUp < MAX_SLOTS_GIVEN_UP ? slotsGivenUp + 1 : 0
    return slotsGivenUp === 0
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
        lastTurnAt = performance.now()
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
