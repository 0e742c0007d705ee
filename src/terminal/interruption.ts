/** Ctrl-C and SIGTERM as an aborted signal: the work winds up in order. A second one ends the process at once. */
import { exitCodes } from '../exit-code.ts'
import { InterruptedError } from '../pass/failure.ts'

export async function withInterruption<T>(
  work: (signal: AbortSignal) => Promise<T>,
  options: { readonly signals?: readonly NodeJS.Signals[]; readonly onFirst?: () => void } = {},
): Promise<T> {
  const { signals = ['SIGINT', 'SIGTERM'], onFirst = () => undefined } = options
  const interrupted = new AbortController()
  const interrupt = (name: NodeJS.Signals) => {
    if (interrupted.signal.aborted) process.exit(exitCodes.tryAgain)
    onFirst()
    interrupted.abort(new InterruptedError(`stopped by ${name}; what was read until then is saved`))
  }
  for (const name of signals) process.on(name, interrupt)
  try {
    return await work(interrupted.signal)
  } finally {
    for (const name of signals) process.off(name, interrupt)
  }
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
