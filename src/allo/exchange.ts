import type { Dispatcher } from 'undici'
import type { BodyReader, Fetch } from './fetch.ts'

/**
 * Sends one GET and resolves with its complete response. No retry: transport.ts does that. `timeoutMs` covers
 * connecting, headers and body together; after it, ExchangeTimeout is thrown. An abort of `signal` rejects at once with
 * its reason.
 *
 * This is the only file that names an HTTP method. It is GET, because the scope that reads queues can also clear them.
 * Redirects are not followed, so the key is sent to one host only.
 */
export async function exchange(
  connection: Connection,
  url: URL,
  headers: Readonly<Record<string, string>>,
  limits: { readonly timeoutMs: number; readonly largestBody: number },
  signal: AbortSignal | undefined,
): Promise<Reply> {
  signal?.throwIfAborted()
  const stop = new AbortController()
  const onAbort = () => stop.abort(signal?.reason)
  // Not AbortSignal.any: the signal of a long pass would keep a dependent signal for each request.
  signal?.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(() => stop.abort(new ExchangeTimeout()), limits.timeoutMs)
  const stopped = new Promise<never>((_, reject) => {
    stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true })
  })
  stopped.catch(() => {})

  const answered = (async (): Promise<Reply> => {
    const { body, discard, ...reply } = await connection.get(url, headers, stop.signal)
    try {
      const { text, bytes } = await readText(body, limits.largestBody)
      return { ...reply, text, bytes, bodyError: null }
    } catch (error) {
      discard()
      stop.signal.throwIfAborted()
      // The status is known even if the body is not: a 401 that was cut off is still a 401.
      return { ...reply, text: null, bytes: 0, bodyError: error }
    }
  })()
  // While undici connects, it handles an abort only after the connection attempt: don't wait for that.
  answered.catch(() => {})
  try {
    return await Promise.race([answered, stopped])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

interface Head {
  readonly status: number
  /** `name` is in lower case. */
  readonly header: (name: string) => string | undefined
}

/** How a GET is sent. */
export interface Connection {
  get(
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Head & { readonly body: AsyncIterable<unknown>; readonly discard: () => void }>
  close(): Promise<void>
}

export function connectionOver(dispatcher: Dispatcher): Connection {
  return {
    async get({ origin, pathname, search }, headers, signal) {
      const { statusCode, ...answer } = await dispatcher.request({
        method: 'GET',
        origin,
        path: pathname + search,
        headers,
        signal,
      })
      return {
        status: statusCode,
        header: (name) => firstOf(answer.headers[name]),
        body: answer.body,
        discard: () => answer.body.on('error', () => {}).destroy(),
      }
    },
    close: () => dispatcher.destroy(),
  }
}

/** `fetch` belongs to the caller: closing the connection does nothing. */
export function connectionByFetch(fetch: Fetch): Connection {
  return {
    async get(url, headers, signal) {
      const answer = await fetch(url.href, { method: 'GET', headers, redirect: 'manual', signal })
      const reader = answer.body?.getReader()
      return {
        status: answer.status,
        // The encoding is that of the network: a fetch has decoded the body.
        header: (name) => (name === 'content-encoding' ? undefined : (answer.headers.get(name) ?? undefined)),
        body: chunksOf(reader),
        discard: () => void reader?.cancel().catch(() => undefined),
      }
    },
    close: async () => undefined,
  }
}

async function* chunksOf(reader: BodyReader | undefined): AsyncGenerator<unknown> {
  if (reader === undefined) return
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield value
  }
}

export interface Reply extends Head {
  /** Null when the body did not arrive whole; then `bodyError` says why. */
  readonly text: string | null
  /** Size of the body. */
  readonly bytes: number
  readonly bodyError: unknown
}

export class ExchangeTimeout extends Error {
  override readonly name = 'ExchangeTimeout'
}

export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
}

/**
 * Invalid UTF-8 becomes U+FFFD, so that one broken name does not make the queue unreadable. Drops a byte order mark.
 */
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
