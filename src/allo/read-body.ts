/** Converts a response to its JSON, and a bad or missing response to an error that says what to do. */
import { echoesKey, mayEcho } from './echoed-key.ts'
import { AlloSurprisedError, AlloUnreachableError, type Asked } from './errors.ts'
import { BodyTooLarge, ExchangeTimeout, type Reply } from './exchange.ts'
import { parseJson, UnusableJson } from './json.ts'
import { largestBody } from './limits.ts'
import { type Refusal, toRefusedError } from './refusal.ts'

/** The JSON of a 200. Throws an AlloError for any other response. */
export function readBody(
  reply: Reply,
  {
    asked,
    requestId,
    refusal,
    key,
  }: {
    readonly asked: Asked
    readonly requestId: string
    readonly refusal: Refusal
    readonly key: string
  },
): unknown {
  const { status, text } = reply
  const facts = { asked: asked.what, status, requestId, path: '' }
  if (status >= 300 && status < 400 && status !== 304) {
    throw new AlloSurprisedError({
      ...facts,
      issue: `a redirect (${status}), which is not followed so that the API key goes nowhere else`,
      wayOut: 'Check ALLO_API_URL.',
    })
  }
  if (status >= 400) throw toRefusedError(asked, status, refusal, requestId)
  if (status !== 200) {
    // 206 is a part, 204 has no body, 203 was changed by a proxy, and 304 answers a conditional request.
    const issue = `status ${status}; only 200 is accepted`
    throw new AlloSurprisedError({ ...facts, issue, wayOut: whatIsBetween, retryable: true })
  }
  const encoding = reply.header('content-encoding') ?? 'identity'
  if (encoding.toLowerCase() !== 'identity') {
    const issue = 'a compressed body, which was not asked for'
    throw new AlloSurprisedError({ ...facts, issue, wayOut: whatIsBetween })
  }
  if (reply.bodyError instanceof BodyTooLarge) {
    throw new AlloSurprisedError({ ...facts, issue: `a body of more than ${largestBody} bytes` })
  }
  if (text === null) throw toUnreachable(reply.bodyError, asked, requestId, 0, status)
  const body = parse(text, reply.header('content-type'), facts)
  // In a name or an id the key would be stored and shown to every reader of the reports; changed, the answer would be
  // another one than Allo's.
  if (mayEcho(text, key) && echoesKey(body, key)) {
    throw new AlloSurprisedError({
      ...facts,
      issue: 'an answer that repeats the API key, so nothing of it is stored',
      wayOut:
        'Look for the key in the names of teammates and queues, and for a proxy that adds it; then make a new key.',
    })
  }
  return body
}

function parse(
  text: string,
  contentType: string | undefined,
  facts: { asked: string; status: number; requestId: string; path: string },
): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (error instanceof UnusableJson) throw new AlloSurprisedError({ ...facts, issue: error.message })
    // Without the cause: a SyntaxError quotes the text it could not read.
    const type = /^text\/html\b/i.test(contentType ?? '') ? ' but HTML' : ''
    const issue = text.trim() === '' ? 'an empty body' : `a body that is not JSON${type}, or was cut off`
    throw new AlloSurprisedError({ ...facts, issue, wayOut: whatIsBetween, retryable: true })
  }
}

const whatIsBetween =
  'Try again later. If the problem persists, check ALLO_API_URL, and any proxy or firewall between this machine and Allo.'

/** What a failed exchange means; `timeoutMs` is the one that was set. */
export function toUnreachable(
  error: unknown,
  asked: Asked,
  requestId: string,
  timeoutMs: number,
  status: number | null = null,
): AlloUnreachableError {
  const facts = { asked: asked.what, requestId, status, cause: error }
  if (error instanceof ExchangeTimeout) {
    const wayOut = 'Try again later, or allow more time with ALLO_REQUEST_TIMEOUT_MS.'
    return new AlloUnreachableError({ ...facts, issue: `not within ${timeoutMs} ms`, wayOut })
  }
  const code = errorCode(error)
  const named = code ? ` (${code})` : ''
  // undici's words for `100 Continue` without `Expect`, and for bytes that belong to no request.
  const isUnasked = error instanceof Error && code === 'UND_ERR_SOCKET' && error.message === 'bad response'
  const failed = isUnasked
    ? 'an answer to nothing that was asked, such as 100 Continue'
    : 'the connection failed'
  const issue = status === null ? `${failed}${named}` : `the body was cut off${named}`
  return new AlloUnreachableError({
    ...facts,
    code,
    issue,
    // A closed client stays closed, and a key no header can carry stays one.
    retryable: !/^UND_ERR_(?:DESTROYED|CLOSED|INVALID_ARG)$/.test(code ?? ''),
    wayOut: /CERT|TLS|SIGNED|SIGNATURE/.test(code ?? '')
      ? 'Its certificate is not trusted here: NODE_EXTRA_CA_CERTS names a file with your own authorities.'
      : 'Check the network, ALLO_API_URL and the proxy variables, and try again.',
  })
}

/** The code of the error or of what lies below it: ECONNREFUSED, UND_ERR_SOCKET. */
function errorCode(error: unknown): string | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string' && /^\w{1,64}$/.test(at.code)) return at.code
  }
  return null
}
