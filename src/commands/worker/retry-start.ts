import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { toMirrorError } from '../../foreign-errors.ts'
import type { WorkerState } from '../../worker/worker-state.ts'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 10_000

/** Retries while the error says that a retry can help, and shows in `state` and the log what the worker waits for. */
export async function retryStart<T>(
  { signal, logger, state }: { signal: AbortSignal; logger: Logger; state: WorkerState },
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  state.waitingFor = what
  state.waitingBecause = null
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      const done = await work()
      state.waitingBecause = null
      return done
    } catch (thrown) {
      const error = toMirrorError(thrown)
      if (!error.retryable || signal.aborted) throw thrown
      state.waitingBecause = error.message
      logger.warn({ event: 'waiting', for: what }, `waiting for ${what}: ${error.message}`)
      await sleep(waitMs, undefined, { signal })
    }
  }
}
