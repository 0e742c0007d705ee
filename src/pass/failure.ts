/**
 * What a failure in a pass concerns, and what happens then:
 *
 *   concerns   for example                                         is recorded               then
 *   teammate   a wrong answer, HTTP 5xx, no answer, data that      with this teammate        the pass continues; the worker
 *              Postgres refuses, a bug                                                       tries again if it can help
 *   pass       key refused, throttled too long, wrong NUMBER_KEY,  with this teammate, with  the pass stops: no further
 *              a right that is missing in Postgres                 all not reached, with     request is sent
 *                                                                  the pass
 *   process    interrupted, Postgres gone, pass closed             nowhere                   another try reads the teammate
 *
 * Ten teammates in a row without an answer concern the pass too: see read-teammate.ts.
 */
import { AlloRefusedError, AlloThrottledError } from '../allo/errors.ts'
import { withoutNumbers } from '../allo/text.ts'
import { exitCodes, InterruptedError, MirrorError } from '../errors.ts'
import { toMirrorError } from '../foreign-errors.ts'
import { NumberKeyError } from '../snapshot/number-key.ts'
import { INCOMPLETE_TEAM } from '../store/pass/finish-pass.ts'
import { DatabaseError } from '../store/postgres/database.ts'
import { type FailedReading, PassClosedError } from '../store/reading/reading.ts'

/** `--user`, `ONLY_TEAMMATES` or `EXCEPT_TEAMMATES` match no teammate, or together they leave none to read. */
export class UnknownTeammateError extends MirrorError {
  readonly code = 'unknown_teammate'
  readonly exitCode = exitCodes.usage
}

/**
 * The queues of some listed teammates could not be requested; all others were read. Queues do not end in such a pass,
 * for three passes at most.
 */
export class IncompleteTeamError extends MirrorError {
  readonly code = INCOMPLETE_TEAM
  readonly exitCode = exitCodes.tryAgain
}

/**
 * The API names another team than the one on record for the key or its teammates. If the program accepted that, all
 * data would be recorded again for the new team and calls would count twice. A single wrong answer costs one pass.
 */
export class TeamChangedError extends MirrorError {
  readonly code = 'team_changed'
  readonly exitCode = exitCodes.tryAgain

  constructor(team: { readonly onRecord: string; readonly now: string; readonly isNamed: boolean }) {
    const { onRecord, now, isNamed } = team
    super(
      `this API key and its teammates are on record as team ${onRecord}, and Allo now names ` +
        `${isNamed ? `team ${now}` : `no team for the key, which would make it team ${now}`}; nothing was read. ` +
        'If Allo was wrong, the next pass works again. If this is another team, use an API key and a database of its ' +
        'own. If it is the same team under another id, move its data: ' +
        `select allo.move_team(${quoted(onRecord)}, ${quoted(now)})`,
    )
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** Allo answered with lists that can't be true. */
export class ImplausibleTeamError extends MirrorError {
  readonly code = 'no_active_teammate'
  readonly exitCode = exitCodes.tryAgain
}

/** The job backend did not take the readings of a pass; the next tick tries again. */
export class JobsUnavailableError extends MirrorError {
  readonly code = 'jobs_unavailable'
  readonly exitCode = exitCodes.tryAgain
  override readonly retryable = true
}

export function concernOf(error: MirrorError): 'teammate' | 'pass' | 'process' {
  if (error instanceof PassClosedError || error instanceof InterruptedError) return 'process'
  if (error instanceof DatabaseError && error.retryable) return 'process'
  if (error instanceof DatabaseError && error.exitCode === exitCodes.configuration) return 'pass'
  if (isRefusal(error) || error instanceof AlloThrottledError) return 'pass'
  return error instanceof NumberKeyError ? 'pass' : 'teammate'
}

/**
 * An error of this program, or an internal one of Postgres (a broken index): for a developer, beside the audit row. It may
 * concern the data of one teammate only, so it does not stop the pass.
 */
export function isBug(error: MirrorError): boolean {
  if (error instanceof DatabaseError) return error.exitCode === exitCodes.bug && !error.isAboutData
  return error.code === 'bug'
}

/** The key was refused: no teammate can be read with it. */
export function isRefusal(error: unknown): error is AlloRefusedError {
  return error instanceof AlloRefusedError && error.kind === 'credentials'
}

/** The reading to record for this teammate or, when the pass stops, for all teammates that were not read. */
export function readingOf(error: MirrorError): FailedReading {
  const { code, message, requestId } = error
  return { kind: 'failed', status: statusOf(error), code, message: withoutNumbers(message), requestId }
}

function statusOf(error: MirrorError): FailedReading['status'] {
  if (error instanceof AlloThrottledError) return 'rate_limited'
  return isRefusal(error) ? 'forbidden' : 'error'
}

/** For teammates that the configuration leaves out. */
export const notAsked: FailedReading = {
  kind: 'failed',
  status: 'skipped',
  code: 'not_asked',
  message: 'left out by configuration',
  requestId: null,
}

/** Null fields when nothing failed. */
export function reasonOf(thrown: unknown) {
  if (thrown === null) return { errorCode: null, errorMessage: null, errorRequestId: null }
  const { code, message, requestId } = toMirrorError(thrown)
  return { errorCode: code, errorMessage: withoutNumbers(message), errorRequestId: requestId }
}
