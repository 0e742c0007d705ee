import { echoesKey, withoutKey } from './echoed-key.ts'
import { AlloRefusedError, type Asked } from './errors.ts'
import { isPlainWord, toQuotable, withoutNumbers } from './text.ts'
import { isRecord } from './value.ts'

/**
 * A parsed error response. Allo's envelope always has `type`, `code`, `message` and `retryable`. Its older API sends
 * `{code, details}`, and a proxy may send HTML or nothing, so most fields here can be null. The API key, which a server
 * may repeat, is removed from all of them.
 */
export interface Refusal {
  readonly code: string | null
  /** The message of the server, masked and cut so that it can be quoted. */
  readonly said: string | null
  readonly retryable: boolean
  readonly requestId: string | null
  /** The wait that the body of a 429 asks for; null: none. */
  readonly retryAfterMs: number | null
  /** The same for older daily quotas, which send it as text: `limit=1000;type=DAILY;reset_in=3600`. */
  readonly quotaResetMs: number | null
}

export function readRefusal(text: string | null, key: string): Refusal {
  const body = parseJson(text)
  const whole = isRecord(body) ? body : {}
  const error = isRecord(whole.error) ? whole.error : whole
  const details = Array.isArray(error.details) ? error.details : []
  const sentences = details.flatMap((detail: unknown) =>
    isRecord(detail) && typeof detail.message === 'string' ? [detail.message] : [],
  )
  const said = typeof error.message === 'string' ? error.message : sentences[0]
  const after = error.retry_after_seconds
  const resets = sentences.flatMap((sentence) => {
    const seconds = /(?:^|;)\s*reset_in=(\d{1,9})\b/.exec(sentence)?.[1]
    return seconds === undefined ? [] : [Number(seconds) * 1000]
  })
  return {
    code:
      typeof error.code === 'string' && isPlainWord(error.code) && !echoesKey(error.code, key)
        ? error.code
        : null,
    said: said ? toQuotable(withoutKey(said, key)) || null : null,
    retryable: error.retryable === true,
    requestId: echoesKey(error.request_id, key) ? null : readRequestId(error.request_id),
    retryAfterMs: typeof after === 'number' && Number.isInteger(after) && after >= 0 ? after * 1000 : null,
    quotaResetMs: resets.length > 0 ? Math.max(...resets) : null,
  }
}

/** `Retry-After`: seconds, or an HTTP date. Null when there is none or it can't be read. */
export function readRetryAfterHeader(header: string | undefined, nowMs: number): number | null {
  const text = header?.trim() ?? ''
  if (/^\d{1,9}(?:\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000)
  if (!/[a-z]/i.test(text)) return null
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs)
}

/** An id we may repeat in messages: anything else could be an echo of something else. */
export function readRequestId(value: unknown): string | null {
  return typeof value === 'string' && /^[\w.:-]{1,128}$/.test(value) && withoutNumbers(value) === value
    ? value
    : null
}

export function toRefusedError(
  asked: Asked,
  status: number,
  refusal: Refusal,
  requestId: string,
): AlloRefusedError {
  return new AlloRefusedError({
    asked: asked.what,
    status,
    code: refusal.code,
    said: refusal.said,
    requestId,
    retryable: isWorthAnotherTry(status, refusal),
    wayOut: wayOut(asked, status, refusal),
  })
}

/** 409 is OTHER_TRANSACTION_IN_PROGRESS. 400, 401, 403 and 404 are never retried, even if the body says `retryable`. */
function isWorthAnotherTry(status: number, refusal: Refusal): boolean {
  if (status === 400 || status === 401 || status === 403 || status === 404) return false
  return status >= 500 || status === 408 || status === 409 || refusal.retryable
}

function wayOut(asked: Asked, status: number, refusal: Refusal): string {
  if (status === 401) {
    return 'Check ALLO_API_KEY: the key is wrong or was revoked, or ALLO_AUTH_SCHEME does not fit it.'
  }
  if (status === 403) {
    if (refusal.code === 'API_KEY_TRIAL_NOT_ALLOWED')
      return 'The plan of this Allo team does not include the API.'
    if (refusal.code === null && refusal.said === null) {
      return 'It is not in the form of an Allo answer: a proxy or firewall in between may have refused it.'
    }
    const scope = /\b[A-Z]+(?:_[A-Z]+)*_(?:READ|WRITE)\b/.exec(refusal.said ?? '')?.[0] ?? asked.scope
    return scope
      ? `Give the API key the scope ${scope} in Allo, or use a key that has it.`
      : 'This API key is not allowed to read it: use another key.'
  }
  if (isWorthAnotherTry(status, refusal))
    return 'Try again later. If the problem persists, give the request id to Allo support.'
  return 'Trying again will not help: report this line.'
}

function parseJson(text: string | null): unknown {
  try {
    return text ? JSON.parse(text) : null
  } catch {
    return null
  }
}
