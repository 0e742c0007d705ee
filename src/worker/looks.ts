import { messageOf } from '../errors.ts'

/** What a worker looks after again and again, beside its jobs. */
export interface Looks {
  /** Looks now; while it looks, everyone who asks waits for the same look. */
  look(): Promise<void>
  /** No more looks; the one under way is told to end, and waited for. Twice is once. */
  stop(): Promise<void>
}

/** Nothing of it throws into the worker: what fails is handed to `onFailure`, in words, and looked at again. */
export function lookAgain(
  everyMs: number,
  lookOnce: (signal: AbortSignal) => Promise<void>,
  onFailure: (reason: string) => void,
): Looks {
  const stopping = new AbortController()
  const { signal } = stopping
  let looking: Promise<void> | null = null

  const tryToLook = async () => {
    try {
      await lookOnce(signal)
    } catch (error) {
      if (!signal.aborted) onFailure(messageOf(error))
    }
  }
  const look = () => {
    if (signal.aborted) return Promise.resolve()
    looking ??= tryToLook().finally(() => {
      looking = null
    })
    return looking
  }
  const timer = setInterval(look, everyMs)
  return {
    look,
    async stop() {
      clearInterval(timer)
      stopping.abort()
      await looking
    },
  }
}
