import type { QueueNumber } from '../../allo/types.ts'
import type { NumberKeys } from '../../snapshot/number-key.ts'
import type { EncodedNumbers } from './encode.ts'

/** The numbers of one queue as a reading saw them. */
export interface NumbersToWrite extends QueueToWrite {
  /** Ordered by position. */
  readonly numbers: readonly QueueNumber[]
  readonly encoded: EncodedNumbers
}

/** A queue that was read, and its state before. */
export interface QueueToWrite {
  readonly queueId: string
  readonly teamId: string
  readonly userId: string
  /** Null: numbers get no key. */
  readonly numberKeys: NumberKeys | null
  readonly observedAt: string
  /** Start and end of the reading applied before; null when there was none. */
  readonly changedAfter: string | null
  readonly lastSeenAt: string | null
  /** Whether the queue's versions are closed (it had ended, or could not be observed): all of it is re-opened. */
  readonly isReopened: boolean
  /** Whether something else may have changed rows of the queue since the last reading. Then they are repaired first. */
  readonly needsRepair: boolean
}
