/** What failed, in words for tables and `--json`; and whether it concerns one teammate or the whole pass. */
import { AlloError, AlloRefusedError, AlloThrottledError, AlloUnreachableError } from '../allo/errors.ts'
import { withoutNumbers } from '../allo/text.ts'
import { NumberKeyError } from '../snapshot/number-key.ts'
import { WrongAnswerError } from '../snapshot/walk-queue.ts'
import { INCOMPLETE_TEAM } from '../store/pass/finish-pass.ts'
import { DatabaseError } from '../store/postgres/database.ts'
import type { FailedReading } from '../store/reading/reading.ts'

/** `--user`, `ONLY_TEAMMATES` or `EXCEPT_TEAMMATES` names nobody on the team, or together they leave nobody to read. */
export class UnknownTeammateError extends Error {
  override readonly name = 'UnknownTeammateError'
}

/** Somebody on the lists could not be asked for a queue: everyone else was. Endings are held back, for three passes at most. */
export class IncompleteTeamError extends Error {
  override readonly name = 'IncompleteTeamError'
}

/**
 * What is on record for the key, or for the teammates it lists, is another team than the API names now. Believed, all
 * data would get a new home and calls would count twice. An answer that was wrong once costs one pass.
 */
export class TeamChangedError extends Error {
  override readonly name = 'TeamChangedError'

  constructor(team: { readonly onRecord: string; readonly now: string; readonly isNamed: boolean }) {
    const { onRecord, now, isNamed } = team
    super(
      `this API key and its teammates are on record as team ${onRecord}, and Allo now names ` +
        `${isNamed ? `team ${now}` : `no team for the key, which would make it team ${now}`}; nothing was read. ` +
        'If Allo was wrong, the next pass goes on. If this is another team, use an API key and a database of its ' +
        'own. If it is the same team under another id, move its data: ' +
        `select allo.move_team(${quoted(onRecord)}, ${quoted(now)})`,
    )
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** The lists were answered, and can't be true. */
export class ImplausibleTeamError extends Error {
  override readonly name = 'ImplausibleTeamError'
}

/** A signal asked us to stop; what was saved stays. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
}

/** Where jobs are kept did not take the readings of a pass; the next tick tries again. */
export class JobsUnavailableError extends Error {
  override readonly name = 'JobsUnavailableError'
  readonly retryable = true
}

/** The reading to record when only this teammate is concerned; null when the pass must stop. */
export function aboutThisTeammate(error: unknown): FailedReading | null {
  if (error instanceof WrongAnswerError) return failed('error', error.code, error.message)
  if (error instanceof DatabaseError && error.isAboutData) {
    return failed('error', 'database_refused', error.message)
  }
  if (!(error instanceof AlloError) || error instanceof AlloThrottledError) return null
  if (isRefusal(error)) return null
  return failed('error', codeOf(error), error.message, error.requestId)
}

/** The reading of those who were not reached because the pass stopped; null when it says nothing about Allo. */
export function notReached(stoppedBy: AlloError): FailedReading
export function notReached(stoppedBy: unknown): FailedReading | null
export function notReached(stoppedBy: unknown): FailedReading | null {
  if (!(stoppedBy instanceof AlloError)) return null
  return failed(statusOfStop(stoppedBy), codeOf(stoppedBy), stoppedBy.message, stoppedBy.requestId)
}

function statusOfStop(stoppedBy: AlloError): FailedReading['status'] {
  if (stoppedBy instanceof AlloThrottledError) return 'rate_limited'
  return isRefusal(stoppedBy) ? 'forbidden' : 'error'
}

/** The key was refused: nobody can be read with it. */
export function isRefusal(error: unknown): error is AlloRefusedError {
  return error instanceof AlloRefusedError && error.kind === 'credentials'
}

/** Null fields when nothing failed. */
export function reasonOf(error: unknown) {
  if (error === null) return { errorCode: null, errorMessage: null, errorRequestId: null }
  const message = error instanceof Error ? error.message : String(error)
  return {
    errorCode: codeOf(error),
    errorMessage: withoutNumbers(message),
    errorRequestId: error instanceof AlloError ? error.requestId : null,
  }
}

/** For tables and `--json`: the API's own code where it gave one, else a stable word per kind of failure. */
export function codeOf(error: unknown): string {
  if (error instanceof AlloThrottledError) return 'rate_limited'
  if (error instanceof AlloError && error.code !== null) return error.code
  if (error instanceof AlloUnreachableError) return 'unreachable'
  if (error instanceof AlloRefusedError) return `http_${error.status}`
  if (error instanceof AlloError) return 'surprised'
  if (error instanceof DatabaseError) return 'database'
  if (error instanceof ImplausibleTeamError) return 'no_active_teammate'
  if (error instanceof UnknownTeammateError) return 'unknown_teammate'
  if (error instanceof IncompleteTeamError) return INCOMPLETE_TEAM
  if (error instanceof TeamChangedError) return 'team_changed'
  if (error instanceof NumberKeyError) return 'number_key'
  if (error instanceof JobsUnavailableError) return 'jobs_unavailable'
  return error instanceof InterruptedError ? 'interrupted' : 'bug'
}

export function failed(
  status: FailedReading['status'],
  code: string,
  message: string,
  requestId: string | null = null,
): FailedReading {
  return { kind: 'failed', status, code, message: withoutNumbers(message), requestId }
}

/** Of a whole pass: `ok` when everyone asked was answered about; a teammate Allo does not know is an answer. */
export function outcomeOf(asked: number, answered: number, stoppedBy: unknown): 'ok' | 'partial' | 'failed' {
  if (stoppedBy === null && answered === asked) return 'ok'
  return answered > 0 ? 'partial' : 'failed'
}
