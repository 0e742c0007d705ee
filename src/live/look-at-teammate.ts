/**
 * One look at a teammate: requests the page where dialling stands, compares it with the mirror, and saves the fields of
 * calls that changed. What a look can't judge, it does not judge: then the caller requests a reading.
 *
 *   mirror ─▶ GET one page ─▶ compare ─┬─ same numbers ─▶ save fields       counted, with or without a change
 *                                      └─ anything else ─▶ unexpected       nothing is written
 *
 * Two pages if the calls in progress are far from the next number.
 */
import type { AlloClient, QueueNumber } from '../allo/types.ts'
import type { NumberKeys } from '../snapshot/number-key.ts'
import { assertOwner, WrongAnswerError } from '../snapshot/walk-queue.ts'
import { type MirroredQueue, mirroredQueue, mirroredRows } from '../store/look/mirrored-page.ts'
import { saveLook } from '../store/look/save-look.ts'
import type { Pool } from '../store/postgres/database.ts'
import { concealSuppressed } from '../store/reading/read-store.ts'
import { comparePage, type SeenPage } from './compare-page.ts'
import { diallingPages, pageAt, type QueuePage, ranksOf } from './dialling-pages.ts'

/** `allo` sends each request once. */
export interface LookSources {
  readonly pool: Pool
  readonly numberKeys: NumberKeys | null
  readonly allo: AlloClient
}

export interface LookTarget {
  readonly teamId: string
  readonly userId: string
  /** For when it was planned; null: now. */
  readonly plannedAt: string | null
  /** Look at the page with this place in the order of the queue; null: where dialling stands. */
  readonly rank: number | null
}

/** `none`: there was nothing to look at, and nothing was requested. */
export type LookResult =
  | { readonly kind: 'unchanged' | 'dropped' | 'none' }
  | { readonly kind: 'changed'; readonly seen: Pick<SeenPage, 'differing' | 'begun'> }
  | { readonly kind: 'unexpected'; readonly reason: string }

/** Rejects with what the API client rejects with, and with DatabaseError. */
export async function lookAtTeammate(
  sources: LookSources,
  target: LookTarget,
  signal: AbortSignal,
): Promise<LookResult> {
  let result: LookResult = { kind: 'none' }
  for (let nth = 0; ; nth += 1) {
    // Again before each page, because the first one may have changed the mirror.
    const queue = await mirroredQueue(sources.pool, target)
    const page = queue === null ? undefined : pagesOf(queue, target)[nth]
    if (queue === null || page === undefined) return result
    const looked = await lookAtPage(sources, target, { queue, page }, signal)
    if (looked.kind === 'unexpected' || looked.kind === 'dropped') return looked
    if (looked.kind === 'changed' || result.kind !== 'changed') result = looked
  }
}

function pagesOf(queue: MirroredQueue, { rank }: LookTarget): QueuePage[] {
  return rank === null ? diallingPages(queue) : [pageAt(rank)]
}

async function lookAtPage(
  { pool, numberKeys, allo }: LookSources,
  { teamId, userId }: LookTarget,
  { queue, page: { page, size } }: { readonly queue: MirroredQueue; readonly page: QueuePage },
  signal: AbortSignal,
): Promise<LookResult> {
  const rows = await mirroredRows(pool, queue.queueId, ranksOf({ page, size }))
  const answer = await allo.readQueuePage(userId, page, signal, size)
  if (answer.kind !== 'page') return unexpected(answer.kind)
  const owner = ownerFault(() => assertOwner(answer.queue, userId))
  if (owner !== null) return unexpected(owner)
  const numbers = await concealSuppressed(pool, numberKeys, inOrder(answer.numbers))
  const seen = comparePage(answer, numbers, { queue, rows })
  if ('unexpected' in seen) return unexpected(seen.unexpected)
  const { queueId, startedAt, state } = queue
  const { begun: _, ...compared } = seen
  const kind = await saveLook(pool, { teamId, userId, queueId, startedAt, state, ...compared }, numberKeys)
  if (kind === 'unexpected') return unexpected('other numbers')
  return kind === 'changed' ? { kind, seen } : { kind }
}

function unexpected(reason: string): LookResult {
  return { kind: 'unexpected', reason }
}

function ownerFault(assert: () => void): string | null {
  try {
    assert()
    return null
  } catch (error) {
    if (error instanceof WrongAnswerError) return error.code
    throw error
  }
}

function inOrder(numbers: readonly QueueNumber[]): QueueNumber[] {
  return [...numbers].sort((a, b) => a.position - b.position)
}
