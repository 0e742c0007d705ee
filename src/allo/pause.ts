/**
 * The pause after a 429. All processes that use the key wait. The steps of one pause:
 *
 *   transport.ts    receives the 429; `pauseAfter` computes how long the pause is
 *   pacer.ts        starts the pause, and asks for it before each request
 *   this file       records it in the read budget, and waits until the budget reports that it is over
 *   read-budget.ts  keeps it in Postgres for all processes
 *
 * Only the value in the budget counts. So when an operator ends a pause there, all processes go on within seconds.
 */
import { type AlloErrorFacts, AlloThrottledError } from './errors.ts'
import type { Reply } from './exchange.ts'
import { type Refusal, readRetryAfterHeader } from './refusal.ts'

/** No quota is longer than a day. A longer wait is ignored, and the backoff is used. */
export const LONGEST_PAUSE_MS = 24 * 60 * 60 * 1000

/** The wait after a 429 that gives no time, or 0. It doubles with each 429 in a row. */
export interface PauseBackoff {
  readonly minMs: number
  readonly maxMs: number
}

/** Milliseconds. `inARow`: number of 429s that this request got in a row, this one included. */
export function pauseAfter(reply: Reply, refusal: Refusal, inARow: number, backoff: PauseBackoff): number {
  // `retry-after` may be a date on Allo's clock.
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

/** Keeps the pause of a key. Times are milliseconds from now, on its own clock. */
export interface PauseStore {
  /** Rest of the pause; 0: there is none. */
  pausedMs(): Promise<number>
  /** Pauses all processes for at least that long. Never shortens a pause. */
  pause(forMs: number): Promise<void>
}

export interface Pause {
  /** Rest of the pause, as far as this process knows. For display only. */
  readonly remainingMs: number
  /** Time that this process waited since its start, or since `forgetWaits` was called. */
  readonly waitedMs: number
  /** Number of pauses that this process recorded. A caller compares it to detect a new one. */
  readonly started: number
  forgetWaits(): void
  /** Records the pause for all processes. `refused`: the request that got the 429. */
  start(forMs: number, refused?: AlloErrorFacts): Promise<void>
  /** Resolves when each pause that `start` began is recorded. Tries again what failed; rejects if that fails, too. */
  recorded(): Promise<void>
  /** Asks the budget for the rest of the pause. */
  look(): Promise<number>
  /**
   * Waits `ms`, but at most five seconds: then the caller asks the budget again. Rejects with AlloThrottledError at
   * once if all waits together would exceed the limit.
   */
  waitOut(ms: number, sleep: (ms: number) => Promise<unknown>): Promise<void>
}

const ASK_AGAIN_AFTER_MS = 5000

export function createPause(budget: PauseStore, maxWaitMs: number): Pause {
  let endsAt = Number.NEGATIVE_INFINITY
  let waitedMs = 0
  let started = 0
  let recording: Promise<void> = Promise.resolve()
  /** End of a pause that could not be recorded yet. */
  let unrecordedUntil = Number.NEGATIVE_INFINITY
  let own: { readonly refused: AlloErrorFacts | undefined; readonly endsAt: number } | null = null

  function learn(ms: number): number {
    endsAt = performance.now() + ms
    return ms
  }

  async function record(forMs: number): Promise<void> {
    const until = performance.now() + forMs
    unrecordedUntil = Math.max(unrecordedUntil, until)
    await budget.pause(forMs)
    if (unrecordedUntil <= until) unrecordedUntil = Number.NEGATIVE_INFINITY
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
      recording = record(forMs)
      await recording
    },
    async recorded() {
      await recording.catch(() => undefined)
      const restMs = unrecordedUntil - performance.now()
      if (restMs > 0) await record(restMs)
    },
    look: async () => learn(await budget.pausedMs()),
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
