import type { QueueNumber } from '../../allo/types.ts'
import type { NumberKeys } from '../../snapshot/number-key.ts'
import type { EncodedNumbers } from './encode.ts'

/** The numbers of one queue as a reading saw them, and what is known of the queue from before. */
export interface NumbersToWrite {
  readonly queueId: string
  readonly teamId: string
  readonly userId: string
  /** Ordered by position. */
  readonly numbers: readonly QueueNumber[]
  readonly encoded: EncodedNumbers
  /** Null: numbers get no key. */
  readonly numberKeys: NumberKeys | null
  readonly observedAt: string
  /** Start and end of the reading applied before; null when there was none. */
  readonly changedAfter: string | null
  readonly lastSeenAt: string | null
  /** Whether the queue's versions are closed (it had ended, or could not be observed): all of it is re-opened. */
  readonly isReopened: boolean
  /** Whether rows of the queue may not be as the last reading left them: they are repaired, and all of them compared. */
  readonly needsRepair: boolean
}
