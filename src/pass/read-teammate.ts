/** One reading: take the snapshot, save it. */
import type { AlloClient, QueueNumber } from '../allo/types.ts'
import { toMirrorError } from '../foreign-errors.ts'
import type { NumberKeys } from '../snapshot/number-key.ts'
import { takeSnapshot } from '../snapshot/take-snapshot.ts'
import type { Pool } from '../store/postgres/database.ts'
import { concealSuppressed, databaseClock, knownQueue } from '../store/reading/read-store.ts'
import type { Reading, SavedReading } from '../store/reading/reading.ts'
import { aboutThisTeammate } from './failure.ts'

export type SaveReading = (result: Reading['result'], effort: Reading['effort']) => Promise<SavedReading>

/**
 * An error about this teammate alone is saved as a failed reading and returned; any other is thrown, and nothing is
 * saved. With `isTriedAgain`, an error that trying again can help is thrown too.
 */
export async function readTeammate(
  deps: {
    readonly allo: AlloClient
    readonly pool: Pool
    readonly numberKeys: NumberKeys | null
    readonly save: SaveReading
  },
  userId: string,
  options: { readonly signal: AbortSignal; readonly isTriedAgain?: boolean },
): Promise<{ reading: SavedReading; error: unknown }> {
  const startedAt = performance.now()
  const allo = deps.allo.counted()
  const sources = {
    allo,
    clock: () => databaseClock(deps.pool),
    knownQueue: (queueId: string) => knownQueue(deps.pool, queueId),
    conceal: (numbers: readonly QueueNumber[]) => concealSuppressed(deps.pool, deps.numberKeys, numbers),
  }
  const effort = () => ({ ...allo.counts, durationMs: performance.now() - startedAt })
  try {
    const snapshot = await takeSnapshot(sources, userId, options.signal)
    return { reading: await deps.save(snapshot, effort()), error: null }
  } catch (error) {
    options.signal.throwIfAborted()
    const failure = aboutThisTeammate(error)
    if (failure === null || (options.isTriedAgain && toMirrorError(error).retryable)) throw error
    return { reading: await deps.save(failure, effort()), error }
  }
}
