import { type Answer, assigneeNotFound, invalidKey, missingScope, refusal } from './answers.ts'

/** Settings of single kinds of faults; each kind reads its own and leaves the rest. */
export interface FaultDetails {
  /** `rate_limited`: retry_after_seconds in the body: a number, null, or missing. Default 1. */
  readonly retryAfterSeconds?: number | null | 'missing'
  /** `rate_limited`: format of the Retry-After header, or none. Default 'seconds'. */
  readonly retryAfterHeader?: 'seconds' | 'date' | 'none'
  /** `missing_scope`: the scope in the message. */
  readonly scope?: string
  /** `endless_pages`: the pages after the last one. Default 'empty'. */
  readonly show?: 'empty' | 'same'
}

export type RefusalKind = keyof typeof REFUSALS

/** Faults that replace the response. */
export const REFUSALS = {
  rate_limited: rateLimited,
  /** The error format of the API's first version, whose quota is per day, not per second. */
  quota_exceeded: () => ({
    status: 429,
    body: {
      code: 'API_KEY_QUOTA_EXCEEDED',
      details: [{ message: 'limit=1000;type=DAILY;reset_in=3600', field: 'DAILY' }],
    },
  }),
  server_error: () =>
    refusal(500, 'server_error', 'INTERNAL_SERVER_ERROR', 'Something went wrong on our side'),
  bad_gateway_html: () => html(502, '502 Bad Gateway'),
  unavailable_empty: () => ({ status: 503, body: null, raw: { text: '', contentType: '' } }),
  conflict: () =>
    refusal(409, 'conflict_error', 'OTHER_TRANSACTION_IN_PROGRESS', 'Another transaction is in progress'),
  key_invalid: invalidKey,
  key_revoked: () => refusal(401, 'authentication_error', 'API_KEY_REVOKED', 'This API key has been revoked'),
  missing_scope: ({ scope = 'DIALING_QUEUE_READ_WRITE' }) => missingScope(scope),
  assignee_not_found: assigneeNotFound,
  queue_not_found: () =>
    refusal(404, 'not_found_error', 'DIALING_QUEUE_NOT_FOUND', 'There is no current dialing queue'),
  call_not_found: () =>
    refusal(404, 'not_found_error', 'CONVERSATION_ITEM_NOT_FOUND', 'There is no such conversation item'),
  not_found_html: () => html(404, '404 Not Found'),
  connection_reset: () => ({ status: 0, body: null, wire: 'reset' }),
  no_answer: () => ({ status: 0, body: null, wire: 'never' }),
} satisfies Record<string, (details: FaultDetails) => Answer>

function rateLimited({ retryAfterSeconds = 1, retryAfterHeader = 'seconds' }: FaultDetails): Answer {
  const said = retryAfterSeconds === 'missing' ? {} : { retry_after_seconds: retryAfterSeconds }
  const answer = refusal(429, 'rate_limit_error', 'RATE_LIMIT_EXCEEDED', 'Too many requests', said)
  const seconds = typeof retryAfterSeconds === 'number' ? retryAfterSeconds : 1
  if (retryAfterHeader === 'none') return answer
  const value =
    retryAfterHeader === 'date' ? new Date(Date.now() + seconds * 1000).toUTCString() : String(seconds)
  return { ...answer, headers: { 'Retry-After': value } }
}

function html(status: number, title: string): Answer {
  const text = `<html>\n<head><title>${title}</title></head>\n<body><h1>${title}</h1></body>\n</html>\n`
  return { status, body: null, raw: { text, contentType: 'text/html' } }
}
