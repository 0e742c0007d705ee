import { randomUUID } from 'node:crypto'
import pRetry from 'p-retry'
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici'
import type { ProxySettings } from '../config/config.ts'
import { isLoopback } from '../config/loopback.ts'
import { waitingFor } from '../waiting.ts'
import { echoesKey } from './echoed-key.ts'
import { AlloError, AlloThrottledError, type Asked } from './errors.ts'
import { exchange } from './exchange.ts'
import { largestBody } from './limits.ts'
import { type PauseBackoff, pauseAfter } from './pause.ts'
import { readBody, toUnreachable } from './read-body.ts'
import { readRefusal, readRequestId } from './refusal.ts'
import type { Pacer, RequestCounts } from './types.ts'

/**
 * `get` and nothing else. It resolves with the JSON of a 200, or rejects with an AlloError, with what the pacer
 * rejected with, or with the reason of an aborted `signal`.
 *
 *   attempt:  wait for our turn ─▶ GET ─▶ 200 ─▶ JSON
 *                  ▲                ├─▶ 429: pause everyone on the key, again; costs no retry
 *                  └────────────────┤
 *                                   ├─▶ 401, and the key in its file has changed: once more
 *                                   └─▶ else an error; if trying again can help: p-retry's backoff, next attempt
 */
export interface Transport {
  readonly counts: Readonly<RequestCounts>
  get(
    path: string,
    query: Readonly<Record<string, string>>,
    asked: Asked,
    signal?: AbortSignal,
  ): Promise<{ readonly body: unknown; readonly requestId: string }>
  /** The same transport with counts of its own, that start at zero; what it does counts in both. */
  counted(): Transport
  /** Ends open connections; exchanges under way reject. */
  close(): Promise<void>
}

export interface TransportSettings {
  readonly apiUrl: string
  /** Asked for each request, so that a key read again is used at once. */
  readonly apiKey: () => string
  /** On 401, when the key comes from a file: reads it again and says whether it has changed. */
  readonly rereadKey?: () => Promise<boolean>
  /** `Authorization: <scheme> <key>`; `none` sends the key alone. */
  readonly authScheme: string
  readonly timeoutMs: number
  readonly pacer: Pacer
  readonly userAgent: string
  readonly proxy?: ProxySettings
  readonly retry?: Partial<RetrySettings>
  /** Told of each request what it was answered with; null: nothing that could be read. */
  readonly onAnswer?: (status: number | null) => void
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
  const dispatcher = createDispatcher(settings)
  const base = settings.apiUrl.replace(/\/+$/, '')
  let closing: Promise<void> | null = null

  async function get(
    tallies: readonly RequestCounts[],
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
        await waitingFor(`a turn to read the ${asked.what}`, () => settings.pacer.turn(signal))
        const key = settings.apiKey()
        const { reply, requestId, refusal } = await send(tallies, url, key, asked, signal)

        if (reply.status === 429) {
          for (const tally of tallies) tally.throttled++
          throttledInARow++
          const forMs = pauseAfter(reply, refusal, throttledInARow, retry.throttled)
          await settings.pacer.pause(forMs, { asked: asked.what, requestId, code: refusal.code })
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
      retries: retry.retries,
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
        exchange(dispatcher, url, headers, limits, signal),
      )
      settings.onAnswer?.(reply.status)
      for (const tally of tallies) tally.bytes += reply.bytes
      // A server may repeat the key it refused ("invalid key …"): take it out before anything is read.
      const refusal = readRefusal(reply.status === 200 ? null : reply.text, key)
      const header = reply.header('x-request-id') ?? ''
      const theirId = refusal.requestId ?? (echoesKey(header, key) ? null : readRequestId(header))
      return { reply, refusal, requestId: theirId ?? ourId }
    } catch (error) {
      signal?.throwIfAborted()
      settings.onAnswer?.(null)
      throw toUnreachable(error, asked, ourId, settings.timeoutMs)
    } finally {
      for (const tally of tallies) tally.exchangeMs += performance.now() - sentAt
    }
  }

  /** Several requests meet the same rotation: one reads the file again, the others find the key changed already. */
  async function hasFreshKey(used: string): Promise<boolean> {
    if (settings.apiKey() !== used) return true
    if (!settings.rereadKey) return false
    // A file that can't be read just now leaves the 401, which is what the operator has to see.
    const changed = await settings.rereadKey().catch(() => false)
    return changed || settings.apiKey() !== used
  }

  function counting(tallies: readonly [RequestCounts, ...RequestCounts[]]): Transport {
    return {
      counts: tallies[0],
      get: (path, query, asked, signal) => get(tallies, path, query, asked, signal),
      counted: () => counting([noRequests(), ...tallies]),
      close() {
        closing ??= dispatcher.destroy()
        return closing
      },
    }
  }
  return counting([noRequests()])
}

function noRequests(): RequestCounts {
  return { requests: 0, throttled: 0, exchangeMs: 0, bytes: 0 }
}

/**
 * Our own dispatcher, so that proxies hold without a flag to Node and nobody's global settings reach us. HTTP/1.1
 * only: over one HTTP/2 connection a single lost connection would fail every walk at once.
 */
function createDispatcher({ apiUrl, proxy, timeoutMs }: TransportSettings): Dispatcher {
  const options = { allowH2: false, connect: { timeout: timeoutMs }, headersTimeout: 0, bodyTimeout: 0 }
  // Plain http is for this machine only; a proxy elsewhere would get the key in clear text.
  if (isLoopback(new URL(apiUrl).hostname)) return new Agent(options)
  if (!proxy?.httpProxy && !proxy?.httpsProxy) return new Agent(options)
  return new EnvHttpProxyAgent({
    ...options,
    // An empty text, unlike undefined, keeps undici from looking into the environment itself.
    httpProxy: proxy.httpProxy ?? '',
    httpsProxy: proxy.httpsProxy ?? '',
    noProxy: proxy.noProxy ?? '',
  })
}
