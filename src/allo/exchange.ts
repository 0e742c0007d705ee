import type { Dispatcher } from 'undici'

/**
 * One request and its whole answer, or a rejection: `timeoutMs` covers connecting, headers and body together.
 * An abort of `signal` rejects at once with its reason, a missed time limit with an ExchangeTimeout.
 *
 * The method is written here and nowhere else, and is GET: the only scope that reads queues could also clear them.
 * Redirects are answers like any other (nothing follows them), so the key goes to one host only.
 */
export async function exchange(
  dispatcher: Dispatcher,
  url: URL,
  headers: Readonly<Record<string, string>>,
  limits: { readonly timeoutMs: number; readonly largestBody: number },
  signal: AbortSignal | undefined,
): Promise<Reply> {
  signal?.throwIfAborted()
  const stop = new AbortController()
  const onAbort = () => stop.abort(signal?.reason)
  // Own listener and timer instead of AbortSignal.any: the signal of a long pass must not collect dependants.
  signal?.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(() => stop.abort(new ExchangeTimeout()), limits.timeoutMs)
  const stopped = new Promise<never>((_, reject) => {
    stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true })
  })
  stopped.catch(() => {})

  const answered = (async (): Promise<Reply> => {
    const {
      statusCode,
      headers: answer,
      body,
    } = await dispatcher.request({
      method: 'GET',
      origin: url.origin,
      path: url.pathname + url.search,
      headers,
      signal: stop.signal,
    })
    const reply = { status: statusCode, header: (name: string) => firstOf(answer[name]) }
    try {
      const { text, bytes } = await readText(body, limits.largestBody)
      return { ...reply, text, bytes, bodyError: null }
    } catch (error) {
      body.on('error', () => {}).destroy()
      stop.signal.throwIfAborted()
      // The status is known even if the body is not: a 401 that was cut off is still a 401.
      return { ...reply, text: null, bytes: 0, bodyError: error }
    }
  })()
  // While it connects, undici answers an abort only once connecting has ended: don't wait for that.
  answered.catch(() => {})
  try {
    return await Promise.race([answered, stopped])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

export interface Reply {
  readonly status: number
  readonly header: (name: string) => string | undefined
  /** Null when the body did not arrive whole; then `bodyError` says why. */
  readonly text: string | null
  /** Of the body. */
  readonly bytes: number
  readonly bodyError: unknown
}

export class ExchangeTimeout extends Error {
  override readonly name = 'ExchangeTimeout'
}

export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
}

/** Bad UTF-8 becomes U+FFFD, so that one broken name doesn't cost the queue; a byte order mark is dropped. */
async function readText(
  body: AsyncIterable<unknown>,
  largestBody: number,
): Promise<{ text: string; bytes: number }> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) continue
    bytes += chunk.byteLength
    if (bytes > largestBody) throw new BodyTooLarge()
    text += decoder.decode(chunk, { stream: true })
  }
  return { text: text + decoder.decode(), bytes }
}

function firstOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
