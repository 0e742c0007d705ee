/**
 * The errors of requests to Allo. Their messages are for the person who has to fix the problem.
 *
 * Every error says what was requested, whether a retry can help (`retryable`), and what to do. No message,
 * field or cause holds the API key, a phone number or the text of a body: these errors end up in logs and tables.
 */

import { type ExitCode, exitCodes, MirrorError } from '../errors.ts'
import { printable } from '../text/printable.ts'

/** What was requested, as a phrase for messages: `queue of usr-1, page 3`. */
export interface Asked {
  readonly what: string
  /** The scope the endpoint needs; null when it needs none. */
  readonly scope: string | null
}

export interface AlloErrorFacts {
  readonly asked: string
  readonly requestId?: string | null
  readonly status?: number | null
  /** Error code of the API or, when the API was not reached, of the socket. Null: none. */
  readonly code?: string | null
  readonly cause?: unknown
}

export abstract class AlloError extends MirrorError {
  /** The code of the API or of the socket; without one, a stable word per kind of failure. */
  readonly code: string
  readonly exitCode: ExitCode = exitCodes.tryAgain
  readonly asked: string
  /** Allo's id of the request when it gave one, else the one we sent. */
  override readonly requestId: string | null
  readonly status: number | null
  readonly givenCode: string | null

  constructor(message: string, facts: AlloErrorFacts & { readonly kindOfFailure: string }) {
    // Ids from the API stand in it: it stays one line.
    super(printable(message), { cause: facts.cause })
    this.asked = facts.asked
    this.requestId = facts.requestId ?? null
    this.status = facts.status ?? null
    this.givenCode = facts.code ?? null
    this.code = this.givenCode ?? facts.kindOfFailure
  }
}

/** Allo (or something before it) answered with an error status. `credentials`: 401 and 403, which stop a pass. */
export class AlloRefusedError extends AlloError {
  readonly kind: 'credentials' | 'refused'
  override readonly retryable: boolean
  override readonly exitCode: ExitCode

  constructor(
    facts: AlloErrorFacts & {
      readonly status: number
      readonly retryable: boolean
      /** The server's own words, already masked and cut. */
      readonly said: string | null
      readonly wayOut: string
    },
  ) {
    const kind = facts.status === 401 || facts.status === 403 ? 'credentials' : 'refused'
    const answer = [String(facts.status), facts.code].filter((part) => part).join(' ')
    const said = facts.said ? `: "${facts.said}"` : ''
    super(`Allo refused the ${facts.asked} with ${answer}${said}${request(facts)}. ${facts.wayOut}`, {
      ...facts,
      kindOfFailure: `http_${facts.status}`,
    })
    this.kind = kind
    this.exitCode = exitCodeOfRefusal(facts.status, kind)
    this.retryable = facts.retryable
  }
}

function exitCodeOfRefusal(status: number, kind: AlloRefusedError['kind']): ExitCode {
  if (kind === 'credentials') return exitCodes.configuration
  // Allo reports that we sent a parameter that it does not accept.
  return status === 400 ? exitCodes.bug : exitCodes.tryAgain
}

/** An answer that isn't the documented shape. `path` is a place inside the JSON, `issue` never holds a value. */
export class AlloSurprisedError extends AlloError {
  override readonly retryable: boolean
  readonly path: string
  readonly issue: string

  constructor(
    facts: AlloErrorFacts & {
      readonly path: string
      readonly issue: string
      readonly retryable?: boolean
      readonly wayOut?: string
    },
  ) {
    const place = facts.path ? `${facts.path}: ` : ''
    const wayOut =
      facts.wayOut ??
      'Nothing was changed. If the problem persists, report this line; the API may have changed.'
    super(
      `Undocumented response to the request for the ${facts.asked}: ${place}${facts.issue}${request(facts)}. ${wayOut}`,
      { ...facts, kindOfFailure: 'surprised' },
    )
    this.path = facts.path
    this.issue = facts.issue
    this.retryable = facts.retryable ?? false
  }
}

const NO_ANSWER = 'No answer from Allo'

/** No whole answer arrived: network, name lookup, TLS, timeout, or a body that was cut off. */
export class AlloUnreachableError extends AlloError {
  override readonly retryable: boolean

  constructor(
    facts: AlloErrorFacts & {
      readonly issue: string
      readonly retryable?: boolean
      readonly wayOut: string
    },
  ) {
    super(`${NO_ANSWER} to the ${facts.asked}: ${facts.issue}${request(facts)}. ${facts.wayOut}`, {
      ...facts,
      kindOfFailure: 'unreachable',
    })
    this.retryable = facts.retryable ?? true
  }

  /**
   * Whether this is the message of such an error. Audit rows have no class of an error, and their code does not show it:
   * it is the code of the socket, which a proxy may also send in an error response. No other message begins like this.
   */
  static isWordingOf(message: string | null): boolean {
    return message?.startsWith(NO_ANSWER) ?? false
  }
}

/**
 * Allo keeps answering 429, and the next wait would exceed the limit. A later retry can help. The pacer throws it: for
 * a pause that another process recorded, it names no request.
 */
export class AlloThrottledError extends AlloError {
  override readonly code = 'rate_limited'
  override readonly retryable = true
  /** The wait that would have come next. */
  readonly waitMs: number
  /** What had been waited before it. */
  readonly waitedMs: number

  constructor(waitMs: number, waitedMs: number, facts: AlloErrorFacts = { asked: 'API' }) {
    super(
      `Allo's rate limit delays the request for the ${facts.asked}: it asks for ${seconds(waitMs)} more, after ` +
        `${seconds(waitedMs)} of waiting, which is longer than allowed${request(facts)}. Try again later, or find out what else uses this API key. If the pause is wrong, end it: ` +
        'update allo.api_keys set paused_until = null.',
      { ...facts, status: facts.status ?? 429, kindOfFailure: 'rate_limited' },
    )
    this.waitMs = waitMs
    this.waitedMs = waitedMs
  }
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)} s`
}

function request(facts: AlloErrorFacts): string {
  return facts.requestId ? ` (request ${facts.requestId})` : ''
}
