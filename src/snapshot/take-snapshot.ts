/**
 * Takes a complete snapshot of one teammate's queue. A walk (all pages, once) does not prove it: if the queue changes
 * between two pages, a removal and an append cancel each other in every count and hide a number. So a walk counts only
 * in one of these cases. Otherwise the queue is walked again, four times at most:
 *
 * - It equals the mirror, or the mirror with numbers appended, and no page began among the appended numbers. (A number
 *   is hidden at the start of a page.)
 * - The queue is new to us and came in one response.
 * - It agrees with the walk before.
 *
 * Pages without `total_count` prove less: they need one response, or two walks that agree.
 */
import type { AlloClient, QueueNumber, Timestamp } from '../allo/types.ts'
import { membershipDigest } from './membership.ts'
import type { KnownQueue, Snapshot } from './snapshot.ts'
import { type Walk, walkQueue } from './walk-queue.ts'

const MAX_WALKS = 4

export interface SnapshotSources {
  readonly allo: AlloClient
  /** The database's clock. */
  readonly clock: () => Promise<Timestamp>
  /** The stored state of this queue; null: never seen. Called after a walk. */
  readonly knownQueue: (queueId: string) => Promise<KnownQueue | null>
  /** Removes suppressed phone numbers; see conceal.ts. */
  readonly conceal: (numbers: readonly QueueNumber[]) => Promise<readonly QueueNumber[]>
}

export async function takeSnapshot(
  { allo, clock, knownQueue, conceal }: SnapshotSources,
  userId: string,
  signal?: AbortSignal,
): Promise<Snapshot> {
  let earlier: { queueId: string; digest: string; startedAt: Timestamp } | undefined
  let why = ''
  let numbersRead = 0
  let firstStartedAt: Timestamp | undefined

  for (let walks = 1; walks <= MAX_WALKS; walks += 1) {
    const startedAt = await clock()
    firstStartedAt ??= startedAt
    const walked = await walkQueue(allo, userId, signal)
    const observedAt = await clock()
    const walk = walked.kind === 'walked' ? { ...walked, numbers: await conceal(walked.numbers) } : walked

    if (walk.kind === 'no_queue' || walk.kind === 'not_found') {
      return { kind: walk.kind, readStartedAt: startedAt, observedAt, walks }
    }
    if (walk.kind === 'broken') {
      why = walk.why
      numbersRead = walk.numbersRead
      earlier = undefined
      continue
    }
    const digest = membershipDigest(walk.numbers)
    const agrees = earlier?.queueId === walk.queue.id && earlier.digest === digest
    if (agrees || isProvenAlone(walk, digest, await knownQueue(walk.queue.id))) {
      return {
        kind: 'queue',
        queue: walk.queue,
        numbers: walk.numbers,
        announced: walk.announced,
        membershipDigest: digest,
        readStartedAt: agrees && earlier !== undefined ? earlier.startedAt : startedAt,
        observedAt,
        walks,
      }
    }
    why = 'the queue changed between two walks'
    numbersRead = walk.numbers.length
    earlier = { queueId: walk.queue.id, digest, startedAt }
  }
  const readStartedAt = firstStartedAt ?? (await clock())
  return { kind: 'torn', why, numbersRead, readStartedAt, observedAt: await clock(), walks: MAX_WALKS }
}

function isProvenAlone(
  walk: Extract<Walk, { kind: 'walked' }>,
  digest: string,
  known: KnownQueue | null,
): boolean {
  // Without a total, several pages can't agree on it.
  if (walk.announced === null && walk.pages > 1) return false
  const cameInOneResponse = walk.lastPageStart === 0
  if (known === null) return cameInOneResponse
  if (known.numbers === walk.numbers.length) return known.membershipDigest === digest
  if (known.numbers > walk.numbers.length) return false
  const noPageBeganAmongAppended = cameInOneResponse || walk.lastPageStart < known.numbers
  return noPageBeganAmongAppended && known.membershipDigest === membershipDigest(walk.numbers, known.numbers)
}
