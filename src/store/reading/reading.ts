/** The types of a reading: the input of saveReading, and its result. */
import { exitCodes, MirrorError } from '../../errors.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'

export const readStatuses = [
  'ok',
  'no_queue',
  'torn',
  'not_found',
  'forbidden',
  'rate_limited',
  'error',
  'skipped',
] as const
export type ReadStatus = (typeof readStatuses)[number]

/** Readings that found the teammate on the team. */
export const foundStatuses: ReadStatus[] = ['ok', 'no_queue']

/** Readings whose answer is in the tables. */
export const appliedStatuses: ReadStatus[] = [...foundStatuses, 'not_found']

/** A reading that failed, with the reason, or that was skipped. */
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

/** The result of a reading. */
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

/** Another process closed the pass, because its lease expired. */
export class PassClosedError extends MirrorError {
  readonly code = 'temporary'
  readonly exitCode = exitCodes.tryAgain
}

/** Whether the tables have Allo's answer about the teammate, from this reading or a newer one of another process. */
export function isAnswered({ status, errorCode }: Pick<SavedReading, 'status' | 'errorCode'>): boolean {
  return appliedStatuses.includes(status) || errorCode === 'overtaken'
}
