import type { CallResult, QueueRow, SyncStatus, TeammateRow } from './shapes.ts'

/** Everything that can happen to a team and its queues. Positions are those of the teammate's current queue. */
export type Move =
  /** The rep starts calling a number, for the first time or again; `callId` false: the call's id arrives later. */
  | { type: 'dial'; userId: string; position: number; callId?: boolean }
  /** The id of the current call appears. */
  | { type: 'place_call'; userId: string; position: number }
  /** A result of the call appears; missing fields stay unchanged. */
  | { type: 'result'; userId: string; position: number; result: Partial<CallResult> }
  | { type: 'sync'; userId: string; position: number; status: SyncStatus }
  /** Only `updated_at` changes. */
  | { type: 'touch'; userId: string; position: number }
  /** Appends these numbers, or `count` (default 1) new ones. Numbers may already be in the queue. */
  | { type: 'append'; userId: string; numbers?: readonly string[]; count?: number }
  /** Reuses a free position below the last one. */
  | { type: 'refill'; userId: string; position: number; number?: string }
  | { type: 'remove_number'; userId: string; number: string; renumber?: boolean }
  | { type: 'remove_positions'; userId: string; positions: readonly number[]; renumber?: boolean }
  /** Removes all numbers without a call. */
  | { type: 'clear_uncalled'; userId: string; renumber?: boolean }
  | {
      type: 'settings'
      userId: string
      settings: Partial<Pick<QueueRow, 'name' | 'voicemail_handling' | 'do_not_disturb'>>
    }
  /** A new queue with a new id, empty or with `fill` new numbers; the one there was is replaced. */
  | { type: 'reset'; userId: string; fill?: number }
  /** Removes the current queue; with `restoreOlder` the API shows the one it had replaced again. */
  | { type: 'remove_queue'; userId: string; restoreOlder?: boolean }
  /** Reassigns the queue to another teammate, whose own queue, if any, is replaced. */
  | { type: 'reassign'; userId: string; to: string }
  | { type: 'swap'; userId: string; with: string }
  | { type: 'leave' | 'return' | 'block' | 'unblock'; userId: string }
  | { type: 'join'; name?: string /** Null: no queue. */; numbers?: number | null }
  | {
      type: 'edit_teammate'
      userId: string
      changes: Partial<Pick<TeammateRow, 'name' | 'email' | 'role' | 'image_url'>>
    }

/** The result of a move. `at` is its time in the timeline; the other fields are optional. */
export interface Outcome {
  readonly at: number
  readonly userIds: readonly string[]
  readonly queueId?: string
  readonly positions?: readonly number[]
  readonly callId?: string
}

/** The time of a move, and the same moment as Allo writes it. */
export interface When {
  readonly at: number
  readonly sourceTime: string
}
