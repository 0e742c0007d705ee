/**
 * One reading of one teammate: what the source said about them over an interval on the database's clock. A
 * snapshot of a queue is whole, or it is not made: everything less is `torn` or an error.
 */
import type { Queue, QueueNumber, Timestamp } from '../allo/types.ts'

interface Interval {
  /** Before the first request of the walk that counts (of the two walks, where two had to agree). */
  readonly readStartedAt: Timestamp
  /** After its last answer. */
  readonly observedAt: Timestamp
  /** Times the queue was walked from its first page. */
  readonly walks: number
}

export interface QueueSnapshot extends Interval {
  readonly kind: 'queue'
  readonly queue: Queue
  /** Ordered by position, each position once. */
  readonly numbers: readonly QueueNumber[]
  /** `total_count`, null when the API announced none. */
  readonly announced: number | null
  /** Of `(position, number_to, created_at)` over all numbers; see membership.ts. */
  readonly membershipDigest: string
}

export type Snapshot =
  | QueueSnapshot
  /** The API said: this teammate has no queue. */
  | ({ readonly kind: 'no_queue' } & Interval)
  /** The API said: not on this team. */
  | ({ readonly kind: 'not_found' } & Interval)
  /** The queue moved under every walk: nothing may be concluded from it. */
  | ({ readonly kind: 'torn'; readonly why: string; readonly numbersRead: number } & Interval)

/** What the mirror holds of a queue, as far as a proof needs it. */
export interface KnownQueue {
  readonly membershipDigest: string
  readonly numbers: number
}
