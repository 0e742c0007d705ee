/**
 * The result of reading one teammate: what Allo said about them during an interval on the database's clock. A snapshot
 * of a queue is always complete. Otherwise the result is `torn`, or an error is thrown.
 */
import type { Queue, QueueNumber, Timestamp } from '../allo/types.ts'

interface Interval {
  /** Before the first request of the walk that counts; of the first one if two had to agree. */
  readonly readStartedAt: Timestamp
  /** After its last response. */
  readonly observedAt: Timestamp
  /** Number of walks: how many times the queue was read from its first page. */
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
  /** The queue changed during every walk. It says nothing about the queue. */
  | ({ readonly kind: 'torn'; readonly why: string; readonly numbersRead: number } & Interval)

/** The stored state of a queue, as needed to prove a walk. */
export interface KnownQueue {
  readonly membershipDigest: string
  readonly numbers: number
}
