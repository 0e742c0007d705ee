import { exitCodes, MirrorError } from '../errors.ts'

/** Admits one caller at a time; the others wait in order. Resolves to an idempotent function that lets the next one in. */
export type OneAtATime = () => Promise<() => void>

export class TooManyError extends MirrorError {
  readonly code = 'temporary'
  readonly exitCode = exitCodes.tryAgain
  override readonly retryable = true
}

/** Throws TooManyError when as many as `most` wait already. */
export function createOneAtATime(most: number): OneAtATime {
  const waiting: (() => void)[] = []
  let isTaken = false
  function end(): void {
    const next = waiting.shift()
    if (next === undefined) isTaken = false
    else next()
  }
  return async () => {
    if (waiting.length >= most)
      throw new TooManyError('Too many ask for this at once: try again in a moment.')
    if (isTaken) await new Promise<void>((resolve) => waiting.push(resolve))
    isTaken = true
    let isOver = false
    return () => {
      if (!isOver) end()
      isOver = true
    }
  }
}
