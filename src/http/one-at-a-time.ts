import pLimit from 'p-limit'
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
  const limit = pLimit(1)
  return async () => {
    if (limit.pendingCount >= most)
      throw new TooManyError('Too many requests at once: try again in a moment.')
    return new Promise((takeTurn) => {
      void limit(() => new Promise<void>((endTurn) => takeTurn(endTurn)))
    })
  }
}
