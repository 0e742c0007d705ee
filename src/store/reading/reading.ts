/** One reading, as it is saved and as it was saved. */
import { exitCodes, MirrorError } from '../../errors.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'

export type ReadStatus =
  | 'ok'
  | 'no_queue'
  | 'torn'
  | 'not_found'
  | 'forbidden'
  | 'rate_limited'
  | 'error'
  | 'skipped'

/** Readings that found the teammate on the team. */
export const foundStatuses: ReadStatus[] = ['ok', 'no_queue']

/** Readings whose answer is in the tables. */
export const appliedStatuses: ReadStatus[] = [...foundStatuses, 'not_found']

/** A reading that could not be made, and why; or one that was not asked for. */
export interface FailedReading {
  readonly kind: 'failed'
  readonly status: 'forbidden' | 'rate_limited' | 'error' | 'skipped'
  readonly code: string
  readonly message: string
  readonly requestId: string | null
}

export interface Reading {
  readonly passId: string
  readonly teamId: string
  readonly userId: string
  readonly result: Snapshot | FailedReading
  readonly effort: { readonly requests: number; readonly throttled: number; readonly durationMs: number }
}

/** What a reading did. Counts are null unless the status is `ok`. */
export interface SavedReading {
  readonly userId: string
  readonly status: ReadStatus
  readonly queueId: string | null
  readonly numbers: number | null
  readonly added: number
  readonly changed: number
  readonly moved: number
  readonly removed: number
  readonly errorCode: string | null
  readonly errorMessage: string | null
  readonly requestId: string | null
}

/** Another process closed the pass, because its lease expired: this process was taken for dead. */
export class PassClosedError extends MirrorError {
  override readonly name = 'PassClosedError'
  readonly code = 'temporary'
  readonly exitCode = exitCodes.tryAgain
}

/** Allo's word about the teammate is in the tables, through this reading or a newer one of another process. */
export function isAnswered({ status, errorCode }: Pick<SavedReading, 'status' | 'errorCode'>): boolean {
  return appliedStatuses.includes(status) || errorCode === 'overtaken'
}
