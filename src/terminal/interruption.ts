/**
 * Ctrl-C, SIGTERM and SIGHUP (the terminal was closed) as an aborted signal: the work winds up in order. A second one ends the process at once, and so
 * does a deadline after the first one, whatever the work still waits for.
 */
import { exitCodes, InterruptedError } from '../errors.ts'
import { longestWait } from '../waiting.ts'
import { printError } from './output.ts'

const END_WITHIN_MS = 12_000

let sameSignalWithinMs = 0

/**
 * Under npm or on another Node one Ctrl-C arrives more than once: from the terminal, which sends it to every process,
 * and from the process that started us, which passes it on. From now on the same signal within half a second is one.
 */
export function expectSignalsTwice(): void {
  sameSignalWithinMs = 500
}

export async function withInterruption<T>(
  work: (signal: AbortSignal) => Promise<T>,
  options: {
    readonly signals?: readonly NodeJS.Signals[]
    readonly onFirst?: () => void
    readonly endWithinMs?: number
  } = {},
): Promise<T> {
  const {
    signals = ['SIGINT', 'SIGTERM', 'SIGHUP'],
    onFirst = () => undefined,
    endWithinMs = END_WITHIN_MS,
  } = options
  const interrupted = new AbortController()
  const isNew = createRepeatFilter()
  const interrupt = (name: NodeJS.Signals) => {
    if (!isNew(name)) return
    if (interrupted.signal.aborted) process.exit(exitCodes.tryAgain)
    onFirst()
    setTimeout(giveUp, endWithinMs).unref()
    interrupted.abort(new InterruptedError(`stopped by ${name}; what was saved until then stays`))
  }
  for (const name of signals) process.on(name, interrupt)
  try {
    return await work(interrupted.signal)
  } finally {
    // Once interrupted, the same signal may still be on its way, and must not kill the process while it ends.
    if (!interrupted.signal.aborted) for (const name of signals) process.off(name, interrupt)
  }
}

function giveUp(): never {
  const what = longestWait()
  printError(`Stopped without waiting any longer${what === null ? '' : ` for ${what}`}. Try again.`)
  process.exit(exitCodes.tryAgain)
}

function createRepeatFilter(): (name: NodeJS.Signals) => boolean {
  const seenAt = new Map<NodeJS.Signals, number>()
  return (name) => {
    const now = performance.now()
    const isRepeated = now - (seenAt.get(name) ?? Number.NEGATIVE_INFINITY) < sameSignalWithinMs
    if (!isRepeated) seenAt.set(name, now)
    return !isRepeated
  }
}

/** Rejects with the reason of the signal once it is aborted. */
export function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = () => reject(signal.reason)
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
  })
}

/** Resolves when the signal is aborted; keeps the process alive until then. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  const alive = setInterval(() => undefined, 60_000)
  try {
    if (!signal.aborted) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    }
  } finally {
    clearInterval(alive)
  }
}
