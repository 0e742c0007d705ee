/** What failed, in words for tables and `--json`; and whether it concerns one teammate or the whole pass. */
import { AlloError, AlloRefusedError, AlloThrottledError } from '../allo/errors.ts'
import { withoutNumbers } from '../allo/text.ts'
import { exitCodes, MirrorError } from '../errors.ts'
import { toMirrorError } from '../foreign-errors.ts'
import { WrongAnswerError } from '../snapshot/walk-queue.ts'
import { INCOMPLETE_TEAM } from '../store/pass/finish-pass.ts'
import { DatabaseError } from '../store/postgres/database.ts'
import type { FailedReading } from '../store/reading/reading.ts'

/** `--user`, `ONLY_TEAMMATES` or `EXCEPT_TEAMMATES` names nobody on the team, or together they leave nobody to read. */
export class UnknownTeammateError extends MirrorError {
  override readonly name = 'UnknownTeammateError'
  readonly code = 'unknown_teammate'
  readonly exitCode = exitCodes.usage
}

/** Somebody on the lists could not be asked for a queue: everyone else was. Endings are held back, for three passes at most. */
export class IncompleteTeamError extends MirrorError {
  override readonly name = 'IncompleteTeamError'
  readonly code = INCOMPLETE_TEAM
  readonly exitCode = exitCodes.tryAgain
}

/**
 * What is on record for the key, or for the teammates it lists, is another team than the API names now. Believed, all
 * data would get a new home and calls would count twice. An answer that was wrong once costs one pass.
 */
export class TeamChangedError extends MirrorError {
  override readonly name = 'TeamChangedError'
  readonly code = 'team_changed'
  readonly exitCode = exitCodes.tryAgain

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
export class ImplausibleTeamError extends MirrorError {
  override readonly name = 'ImplausibleTeamError'
  readonly code = 'no_active_teammate'
  readonly exitCode = exitCodes.tryAgain
}

/** Where jobs are kept did not take the readings of a pass; the next tick tries again. */
export class JobsUnavailableError extends MirrorError {
  override readonly name = 'JobsUnavailableError'
  readonly code = 'jobs_unavailable'
  readonly exitCode = exitCodes.tryAgain
  override readonly retryable = true
}

/** The reading to record when only this teammate is concerned; null when the pass must stop. */
export function aboutThisTeammate(error: unknown): FailedReading | null {
  if (error instanceof WrongAnswerError) return failed('error', error.code, error.message)
  if (error instanceof DatabaseError && error.isAboutData) {
    return failed('error', 'database_refused', error.message)
  }
  if (!(error instanceof AlloError) || error instanceof AlloThrottledError) return null
  if (isRefusal(error)) return null
  return failed('error', error.code, error.message, error.requestId)
}

/** The reading of those who were not reached because the pass stopped; null when it says nothing about Allo. */
export function notReached(stoppedBy: AlloError): FailedReading
export function notReached(stoppedBy: unknown): FailedReading | null
export function notReached(stoppedBy: unknown): FailedReading | null {
  if (!(stoppedBy instanceof AlloError)) return null
  return failed(statusOfStop(stoppedBy), stoppedBy.code, stoppedBy.message, stoppedBy.requestId)
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
export function reasonOf(thrown: unknown) {
  if (thrown === null) return { errorCode: null, errorMessage: null, errorRequestId: null }
  const { code, message, requestId } = toMirrorError(thrown)
  return { errorCode: code, errorMessage: withoutNumbers(message), errorRequestId: requestId }
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
