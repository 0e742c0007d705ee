/**
 * A whole snapshot of one teammate's queue. A page at a time can't show a queue that moves meanwhile: a removal
 * and an append between two pages cancel out in every count and hide a number. So membership is believed only
 * when one of these holds, else the queue is walked again:
 *
 * - it equals the mirror, or the mirror with numbers appended, and no page began among the appended ones (a number
 *   is hidden at the start of a page, so there it would have been missed);
 * - the queue is new to us and came in one answer;
 * - two walks in a row agree.
 *
 * Pages that announce no `total_count` prove less: then only one answer, or two walks, will do.
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
  /** What the mirror holds of this queue; null when it was never seen. Asked after a walk began. */
  readonly knownQueue: (queueId: string) => Promise<KnownQueue | null>
  /** The numbers as they may be kept; see conceal.ts. */
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
    why = 'the queue moved between two walks'
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
  // Pages that don't say how many numbers there are can't agree on it.
  if (walk.announced === null && walk.pages > 1) return false
  const cameInOneAnswer = walk.lastPageStart === 0
  if (known === null) return cameInOneAnswer
  if (known.numbers === walk.numbers.length) return known.membershipDigest === digest
  if (known.numbers > walk.numbers.length) return false
  const noPageBeganAmongAppended = cameInOneAnswer || walk.lastPageStart < known.numbers
  return noPageBeganAmongAppended && known.membershipDigest === membershipDigest(walk.numbers, known.numbers)
}
