/**
 * The pause after a 429. It holds for every process that uses the key. The way of one pause:
 *
 *   transport.ts    a 429 arrives; `pauseAfter` says how long everyone waits
 *   pacer.ts        takes the pause, and asks for it before each request
 *   this file       records it in the book, and waits until the book says that it is over
 *   read-budget.ts  the book: the one place that keeps it, for all processes
 *
 * The book decides, so a pause that an operator ends there is over for everyone within seconds.
 */
import { type AlloErrorFacts, AlloThrottledError } from './errors.ts'
import type { Reply } from './exchange.ts'
import { type Refusal, readRetryAfterHeader } from './refusal.ts'

/** Quotas are daily at most. A longer wait is not believed, and counts as not said. */
export const LONGEST_PAUSE_MS = 24 * 60 * 60 * 1000

/** The wait after a 429 that doesn't say how long, or says 0: it doubles with each 429 in a row. */
export interface PauseBackoff {
  readonly minMs: number
  readonly maxMs: number
}

/** Milliseconds. `inARow` counts the 429s of one request without another answer in between, from 1. */
export function pauseAfter(reply: Reply, refusal: Refusal, inARow: number, backoff: PauseBackoff): number {
  // A date is meant on Allo's clock.
  const sentAt = Date.parse(reply.header('date') ?? '')
  const now = Number.isNaN(sentAt) ? Date.now() : sentAt
  const said = [
    refusal.retryAfterMs,
    readRetryAfterHeader(reply.header('retry-after'), now),
    refusal.quotaResetMs,
  ].find((ms) => ms !== null && ms > 0 && ms <= LONGEST_PAUSE_MS)
  if (said !== undefined && said !== null) return said
  const backoffMs = Math.min(backoff.minMs * 2 ** (inARow - 1), backoff.maxMs)
  return Math.round(backoffMs * (1 + Math.random() / 2))
}

/** Where the pause of a key is kept. Times are milliseconds from now, on the book's own clock. */
export interface PauseBook {
  /** How much longer the pause lasts; 0: there is none. */
  pausedMs(): Promise<number>
  /** Pauses everyone for at least that long; never shortens a pause. */
  pause(forMs: number): Promise<void>
}

export interface Pause {
  /** How much longer it lasts, as far as this process knows: for people. */
  readonly remainingMs: number
  /** What this process waited, since it was made or `forgetWaits` was called. */
  readonly waitedMs: number
  /** Counts the pauses this process recorded: whether there was a new one since. */
  readonly started: number
  forgetWaits(): void
  /** Records it for everyone. `refused`: what was answered with 429. */
  start(forMs: number, refused?: AlloErrorFacts): Promise<void>
  /** Resolves when a pause that is being recorded is on record. */
  recorded(): Promise<void>
  /** Asks the book. */
  look(): Promise<number>
  /**
   * Waits for a pause the book told of, a few seconds at a time: then the book is to be asked again. Rejects with
   * AlloThrottledError, at once, when all waits together would exceed the limit.
   */
  waitOut(ms: number, sleep: (ms: number) => Promise<unknown>): Promise<void>
}

const ASK_AGAIN_AFTER_MS = 5000

export function createPause(book: PauseBook, maxWaitMs: number): Pause {
  let endsAt = Number.NEGATIVE_INFINITY
  let waitedMs = 0
  let started = 0
  let recording: Promise<void> = Promise.resolve()
  let own: { readonly refused: AlloErrorFacts | undefined; readonly endsAt: number } | null = null

  function learn(ms: number): number {
    endsAt = performance.now() + ms
    return ms
  }

  return {
    get remainingMs() {
      return Math.max(0, endsAt - performance.now())
    },
    get waitedMs() {
      return waitedMs
    },
    get started() {
      return started
    },
    forgetWaits() {
      waitedMs = 0
    },
    async start(forMs, refused) {
      started += 1
      endsAt = Math.max(endsAt, performance.now() + forMs)
      own = { refused, endsAt }
      recording = book.pause(forMs)
      await recording
    },
    recorded: () => recording.catch(() => undefined),
    look: async () => learn(await book.pausedMs()),
    async waitOut(ms, sleep) {
      learn(ms)
      if (waitedMs + ms > maxWaitMs) {
        const isOwn = own !== null && own.endsAt > performance.now()
        throw new AlloThrottledError(ms, waitedMs, isOwn ? own?.refused : undefined)
      }
      const from = performance.now()
      await sleep(Math.min(ms, ASK_AGAIN_AFTER_MS))
      waitedMs += performance.now() - from
    },
  }
}
