import type { CallResult, QueueRow, SyncStatus, TeammateRow } from './shapes.ts'

/** Everything that can happen to a team and its queues. Positions are those of the teammate's current queue. */
export type Move =
  /** The rep starts calling a number, for the first time or again; `callId` false: the call's id arrives later. */
  | { type: 'dial'; userId: string; position: number; callId?: boolean }
  /** The id of the call under way arrives. */
  | { type: 'place_call'; userId: string; position: number }
  /** Something becomes known of the call; fields left out stay as they are. */
  | { type: 'result'; userId: string; position: number; result: Partial<CallResult> }
  | { type: 'sync'; userId: string; position: number; status: SyncStatus }
  /** `updated_at` alone moves. */
  | { type: 'touch'; userId: string; position: number }
  /** Behind the last number: these ones, or `count` (1) new ones. Numbers may stand in the queue already. */
  | { type: 'append'; userId: string; numbers?: readonly string[]; count?: number }
  /** A free position below the last one is used again. */
  | { type: 'refill'; userId: string; position: number; number?: string }
  | { type: 'remove_number'; userId: string; number: string; renumber?: boolean }
  | { type: 'remove_positions'; userId: string; positions: readonly number[]; renumber?: boolean }
  /** Everything not called yet leaves. */
  | { type: 'clear_uncalled'; userId: string; renumber?: boolean }
  | {
      type: 'settings'
      userId: string
      settings: Partial<Pick<QueueRow, 'name' | 'voicemail_handling' | 'do_not_disturb'>>
    }
  /** A new queue with a new id, empty or with `fill` new numbers; the one there was is replaced. */
  | { type: 'reset'; userId: string; fill?: number }
  /** The current queue goes; with `restoreOlder` the one it had replaced is answered again. */
  | { type: 'remove_queue'; userId: string; restoreOlder?: boolean }
  /** The queue goes to somebody else, whose own queue, if any, is replaced. */
  | { type: 'reassign'; userId: string; to: string }
  | { type: 'swap'; userId: string; with: string }
  | { type: 'leave' | 'return' | 'block' | 'unblock'; userId: string }
  | { type: 'join'; name?: string /** Null: no queue. */; numbers?: number | null }
  | {
      type: 'edit_teammate'
      userId: string
      changes: Partial<Pick<TeammateRow, 'name' | 'email' | 'role' | 'image_url'>>
    }

/** What a move came to. `at` is its time in the timeline; the rest is there where it makes sense. */
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
