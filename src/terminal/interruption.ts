/**
 * Turns Ctrl-C, SIGTERM and SIGHUP (the terminal was closed) into an aborted signal, so that the work can shut down. A
 * second signal exits the process at once, and so does a deadline after the first one.
 */
import { once } from 'node:events'
import { exitCodes, InterruptedError } from '../errors.ts'
import { longestWait } from '../waiting.ts'
import { printError } from './output.ts'

const END_WITHIN_MS = 12_000

let sameSignalWithinMs = 0

/**
 * From now on the same signal within half a second counts once. With a parent process (npm, or an old Node) one Ctrl-C
 * arrives twice: from the terminal and from the parent.
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
    /** What an interruption leaves, for the message. */
    readonly outcome?: string
  } = {},
): Promise<T> {
  const {
    signals = ['SIGINT', 'SIGTERM', 'SIGHUP'],
    onFirst = () => undefined,
    endWithinMs = END_WITHIN_MS,
    outcome = 'saved data stay',
  } = options
  const interrupted = new AbortController()
  const isNew = createRepeatFilter()
  const interrupt = (name: NodeJS.Signals) => {
    if (!isNew(name)) return
    if (interrupted.signal.aborted) process.exit(exitCodes.tryAgain)
    onFirst()
    setTimeout(giveUp, endWithinMs).unref()
    interrupted.abort(new InterruptedError(`stopped by ${name}; ${outcome}`))
  }
  for (const name of signals) process.on(name, interrupt)
  try {
    return await work(interrupted.signal)
  } finally {
    // After an interruption keep the handlers: the same signal may arrive again and must not kill the process.
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

/** Rejects with the reason of the signal when it aborts. */
export async function whenAborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort')
  throw signal.reason
}

/** Resolves when the signal aborts; keeps the process alive until then. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  const alive = setInterval(() => undefined, 60_000)
  try {
    if (!signal.aborted) await once(signal, 'abort')
  } finally {
    clearInterval(alive)
  }
}
