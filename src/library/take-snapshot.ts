/** `takeSnapshot`: one teammate's queue, read now. */
import type { Fetch } from '../allo/fetch.ts'
import { createPrivateReadBudget } from '../allo/private-read-budget.ts'
import type { Queue, QueueNumber } from '../allo/types.ts'
import { withAllo } from '../commands/open/allo.ts'
import { exitCodes, MirrorError, UsageError } from '../errors.ts'
import { takeSnapshot as takeProvenSnapshot } from '../snapshot/take-snapshot.ts'
import type { OpenReadBudget } from '../store/pass/read-budget.ts'
import type { AlloAccess } from './access.ts'
import { configOf, secretsOf } from './configuration.ts'
import { orMirrorFailure } from './mirror-failure.ts'

/** What Allo said about one teammate. Times are ISO 8601, on the clock of this machine. */
export type TeammateSnapshot = {
  /** Before the first request. */
  readonly readStartedAt: string
  /** After the last response. */
  readonly observedAt: string
} & (
  | {
      readonly kind: 'queue'
      readonly queue: Queue
      /** All of them, in the order of their positions. */
      readonly numbers: readonly QueueNumber[]
    }
  /** `no_queue`: the teammate has none. `not_found`: Allo knows no such teammate on this team. */
  | { readonly kind: 'no_queue' | 'not_found' }
)

export interface SnapshotOptions extends AlloAccess {
  /** Sends the requests. Default: the global `fetch`. */
  readonly fetch?: Fetch | undefined
  /** When it is aborted, the call rejects at once with its reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads the current queue of the teammate `userId` completely. A queue of more than 100 numbers is read at least twice,
 * until two readings agree.
 *
 * A torn, throttled or failed reading rejects: it never looks like an empty queue. Retries what can be retried, and
 * waits after a 429 for five minutes at most.
 *
 * All calls of this process with the same key share `readsPerSecond`. Other processes do not: give each its part.
 */
export async function takeSnapshot(options: SnapshotOptions, userId: string): Promise<TeammateSnapshot> {
  const { fetch = globalThis.fetch, signal } = options
  return orMirrorFailure({ secrets: () => secretsOf(options), signal }, async () => {
    // Without an id, Allo would answer for the owner of the key.
    if (typeof userId !== 'string' || userId.trim() === '') throw new UsageError('give the id of a teammate')
    const config = configOf(options)
    const openBudget = async (fingerprint: string) => budgetOf(`${fingerprint} ${config.apiUrl}`)
    return withAllo(
      config,
      openBudget,
      async ({ allo }) => {
        const sources = { allo, clock, knownQueue: async () => null, conceal: unchanged }
        return toPublic(await takeProvenSnapshot(sources, userId, signal))
      },
      { fetch },
    )
  })
}

type Read = Awaited<ReturnType<typeof takeProvenSnapshot>>

function toPublic(read: Read): TeammateSnapshot {
  const { kind, readStartedAt, observedAt } = read
  if (kind === 'torn') throw new TornError(read)
  if (kind !== 'queue') return { kind, readStartedAt, observedAt }
  return { kind, queue: read.queue, numbers: read.numbers, readStartedAt, observedAt }
}

class TornError extends MirrorError {
  readonly code = 'torn'
  readonly exitCode = exitCodes.tryAgain
  override readonly retryable = true

  constructor({ walks, why }: Extract<Read, { kind: 'torn' }>) {
    super(`the queue changed during each of ${walks} readings (${why}). Try again when it changes less`)
  }
}

/** One for each key, for as long as the process runs. The name holds no key. */
const budgets = new Map<string, OpenReadBudget>()

function budgetOf(name: string): OpenReadBudget {
  const budget = budgets.get(name) ?? { ...createPrivateReadBudget(), close: async () => undefined }
  budgets.set(name, budget)
  return budget
}

async function clock(): Promise<string> {
  return new Date().toISOString()
}

async function unchanged(numbers: readonly QueueNumber[]): Promise<readonly QueueNumber[]> {
  return numbers
}
