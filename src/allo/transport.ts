import { randomUUID } from 'node:crypto'
import pRetry from 'p-retry'
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici'
import type { ProxySettings } from '../config/config.ts'
import { isLoopback } from '../config/loopback.ts'
import { annotate, traced } from '../tracing.ts'
import { waitingFor } from '../waiting.ts'
import { echoesKey } from './echoed-key.ts'
import { AlloError, AlloThrottledError, type Asked } from './errors.ts'
import { type Connection, connectionByFetch, connectionOver, exchange } from './exchange.ts'
import type { Fetch } from './fetch.ts'
import { largestBody } from './limits.ts'
import { type PauseBackoff, pauseAfter } from './pause.ts'
import { readBody, toUnreachable } from './read-body.ts'
import { readRefusal, readRequestId } from './refusal.ts'
import type { Pacer, RequestCounts } from './types.ts'

/**
 * GET with pacing and retries. `get` resolves with the JSON of a 200. It rejects with an AlloError, with the error of
 * the pacer, or with the reason of an aborted `signal`.
 *
 *   attempt:  wait for a turn ─▶ GET ─▶ 200 ─▶ JSON
 *                  ▲              ├─▶ 429: pause all processes that use the key, then again; not counted as a retry
 *                  └──────────────┤
 *                                 ├─▶ 401, and the key in its file has changed: again, once
 *                                 └─▶ error; if it is retryable (HTTP 5xx, no response): backoff, next attempt
 */
export interface Transport {
  readonly counts: Readonly<RequestCounts>
  get(
    path: string,
    query: Readonly<Record<string, string>>,
    asked: Asked,
    signal?: AbortSignal,
  ): Promise<{ readonly body: unknown; readonly requestId: string }>
  /** The same transport with its own counts, which start at zero. Its requests count in both. */
  counted(): Transport
  /** The same, but without retries: an attempt that gets a 429 pauses all processes, and rejects. */
  once(): Transport
  /** Closes the connections. Open requests reject. */
  close(): Promise<void>
}

export interface TransportSettings {
  readonly apiUrl: string
  /** Called for each request, so that a rotated key is used at once. */
  readonly apiKey: () => string
  /** On 401, when the key comes from a file: reads it again and says whether it has changed. */
  readonly rereadKey?: () => Promise<boolean>
  /** `Authorization: <scheme> <key>`; `none` sends the key alone. */
  readonly authScheme: string
  readonly timeoutMs: number
  readonly pacer: Pacer
  readonly userAgent: string
  readonly proxy?: ProxySettings
  /** Sends the requests, instead of our own HTTP client with `proxy`. */
  readonly fetch?: Fetch | undefined
  readonly retry?: Partial<RetrySettings>
  /**
   * Called with the status of each response, and with Allo's clock in it (header `date`). Null: no readable response, or
   * no date.
   */
  readonly onAnswer?: (status: number | null, date: string | null) => void
}

export interface RetrySettings {
  /** After the first attempt. */
  readonly retries: number
  readonly minMs: number
  readonly maxMs: number
  readonly throttled: PauseBackoff
}

const usualRetry: RetrySettings = {
  retries: 4,
  minMs: 500,
  maxMs: 8000,
  throttled: { minMs: 250, maxMs: 30_000 },
}

export function createTransport(settings: TransportSettings): Transport {
  const retry = { ...usualRetry, ...settings.retry }
  const connection = connect(settings)
  const base = settings.apiUrl.replace(/\/+$/, '')
  let closing: Promise<void> | null = null

  async function get(
    { tallies, isOnce }: { readonly tallies: readonly RequestCounts[]; readonly isOnce: boolean },
    path: string,
    query: Readonly<Record<string, string>>,
    asked: Asked,
    signal?: AbortSignal,
  ): Promise<{ body: unknown; requestId: string }> {
    const url = new URL(`${base}${path}`)
    url.search = new URLSearchParams(query).toString()
    let freshKeyTried = false
    let throttledInARow = 0

    async function attempt(): Promise<{ body: unknown; requestId: string }> {
      for (;;) {
        const turn = () => settings.pacer.turn(signal)
        await waitingFor(`a turn to read the ${asked.what}`, () => traced('turn', {}, turn))
        const key = settings.apiKey()
        const { reply, requestId, refusal } = await traced('request', { 'http.request.method': 'GET' }, () =>
          send(tallies, url, key, asked, signal),
        )

        if (reply.status === 429) {
          for (const tally of tallies) tally.throttled++
          throttledInARow++
          const forMs = pauseAfter(reply, refusal, throttledInARow, retry.throttled)
          const refused = { asked: asked.what, requestId, code: refusal.code }
          await settings.pacer.pause(forMs, refused)
          if (isOnce) throw new AlloThrottledError(forMs, 0, refused)
          continue
        }
        throttledInARow = 0
        if (reply.status === 401 && !freshKeyTried) {
          freshKeyTried = true
          if (await hasFreshKey(key)) continue
        }
        return { body: readBody(reply, { asked, requestId, refusal, key }), requestId }
      }
    }

    return pRetry(attempt, {
      retries: isOnce ? 0 : retry.retries,
      minTimeout: retry.minMs,
      maxTimeout: retry.maxMs,
      randomize: true,
      ...(signal ? { signal } : {}),
      shouldRetry: ({ error }) =>
        error instanceof AlloError && error.retryable && !(error instanceof AlloThrottledError),
    })
  }

  async function send(
    tallies: readonly RequestCounts[],
    url: URL,
    key: string,
    asked: Asked,
    signal: AbortSignal | undefined,
  ) {
    const ourId = randomUUID()
    const headers = {
      accept: 'application/json',
      authorization: settings.authScheme === 'none' ? key : `${settings.authScheme} ${key}`,
      'user-agent': settings.userAgent,
      'x-request-id': ourId,
    }
    signal?.throwIfAborted()
    for (const tally of tallies) tally.requests++
    const sentAt = performance.now()
    try {
      const limits = { timeoutMs: settings.timeoutMs, largestBody }
      const reply = await waitingFor(`Allo (the ${asked.what})`, () =>
        exchange(connection, url, headers, limits, signal),
      )
      annotate({ 'http.response.status_code': reply.status })
      settings.onAnswer?.(reply.status, reply.header('date') ?? null)
      for (const tally of tallies) tally.bytes += reply.bytes
      // A server may repeat the key that it refused ("invalid key …"), so remove it first.
      const refusal = readRefusal(reply.status === 200 ? null : reply.text, key)
      const header = reply.header('x-request-id') ?? ''
      const theirId = refusal.requestId ?? (echoesKey(header, key) ? null : readRequestId(header))
      return { reply, refusal, requestId: theirId ?? ourId }
    } catch (error) {
      signal?.throwIfAborted()
      settings.onAnswer?.(null, null)
      throw toUnreachable(error, asked, ourId, settings.timeoutMs)
    } finally {
      for (const tally of tallies) tally.exchangeMs += performance.now() - sentAt
    }
  }

  /** When several requests get a 401, one reads the file again, and the others find that the key has changed. */
  async function hasFreshKey(used: string): Promise<boolean> {
    if (settings.apiKey() !== used) return true
    if (!settings.rereadKey) return false
    // If the file can't be read, the 401 is the error that the operator has to see.
    const changed = await settings.rereadKey().catch(() => false)
    return changed || settings.apiKey() !== used
  }

  function counting(tallies: readonly [RequestCounts, ...RequestCounts[]], isOnce: boolean): Transport {
    return {
      counts: tallies[0],
      get: (path, query, asked, signal) => get({ tallies, isOnce }, path, query, asked, signal),
      counted: () => counting([noRequests(), ...tallies], isOnce),
      once: () => counting([noRequests(), ...tallies], true),
      close() {
        closing ??= connection.close()
        return closing
      },
    }
  }
  return counting([noRequests()], false)
}

function noRequests(): RequestCounts {
  return { requests: 0, throttled: 0, exchangeMs: 0, bytes: 0 }
}

function connect(settings: TransportSettings): Connection {
  return settings.fetch ? connectionByFetch(settings.fetch) : connectionOver(createDispatcher(settings))
}

/**
 * Our own dispatcher, so that proxies work without a flag for Node, and global settings of undici have no effect.
 * HTTP/1.1 only: with HTTP/2, all requests would share one connection and fail together when it is lost.
 */
function createDispatcher({ apiUrl, proxy, timeoutMs }: TransportSettings): Dispatcher {
  const options = { allowH2: false, connect: { timeout: timeoutMs }, headersTimeout: 0, bodyTimeout: 0 }
  // A proxy is not used for this machine: http is allowed only there, and a proxy would get the key in clear text.
  if (isLoopback(new URL(apiUrl).hostname)) return new Agent(options)
  if (!proxy?.httpProxy && !proxy?.httpsProxy) return new Agent(options)
  return new EnvHttpProxyAgent({ ...options, ...proxy })
}
