/** Sends an alert as a POST. The URL is a secret: it allows writing to the chat channel. */
import pRetry, { AbortError } from 'p-retry'
import { Agent, EnvHttpProxyAgent, request } from 'undici'
import type { ProxySettings, Secret } from '../config/config.ts'
import { isLoopback } from '../config/loopback.ts'
import { printable, printableJson } from '../text/printable.ts'

/** Chat tools show `text` and interpret its markup. The other fields are for programs. */
export type AlertMessage = { readonly text: string } & Readonly<Record<string, unknown>>

export interface Webhook {
  /** Resolves when the server accepted it. Rejects with an error that names only the host of the URL. */
  post(message: AlertMessage, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export interface WebhookRetry {
  readonly retries: number
  readonly minTimeout: number
  readonly maxTimeout: number
}

/** All retries and their timeouts must end before the claim of the incident expires. */
const usualRetry: WebhookRetry = { retries: 4, minTimeout: 1000, maxTimeout: 8000 }
const TIMEOUT_MS = 10_000

export function createWebhook(
  url: Secret,
  proxy: ProxySettings,
  { userAgent, retry = usualRetry }: { readonly userAgent: string; readonly retry?: WebhookRetry },
): Webhook {
  const proxied = new EnvHttpProxyAgent({ ...proxy, connect: { timeout: TIMEOUT_MS } })
  // A proxy can't reach this machine, and would learn the URL.
  const direct = new Agent({ connect: { timeout: TIMEOUT_MS } })

  const attempt = async (body: string, signal: AbortSignal) => {
    const to = url.value()
    const answer = await request(to, {
      dispatcher: isLoopback(new URL(to).hostname) ? direct : proxied,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': userAgent },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    await answer.body.dump()
    const { statusCode } = answer
    if (statusCode >= 200 && statusCode < 300) return
    const error = new Error(`it answered ${statusCode}`)
    const canHelp = statusCode === 408 || statusCode === 429 || statusCode >= 500
    throw canHelp ? error : new AbortError(error)
  }

  return {
    async post(message, signal) {
      // A file with a new URL takes effect without a restart; one that can't be read leaves the old.
      await url.reread().catch(() => false)
      const body = printableJson(JSON.stringify({ ...message, text: forChat(message.text) }))
      try {
        await pRetry(() => attempt(body, signal), { ...retry, randomize: true, signal })
      } catch (error) {
        throw new Error(reasonOf(error))
      }
    },
    close: async () => {
      await Promise.all([proxied.destroy(), direct.destroy()])
    },
  }
}

/**
 * Alerts contain names and messages from the API. They must not mention people or contain links in Slack, Mattermost or
 * similar chats. So the characters that would make a mention or a link are replaced by similar ones.
 */
function forChat(text: string): string {
  return (
    printable(text)
      .replaceAll('@', '＠')
      .replaceAll('://', ':∕∕')
      // example.com becomes a link by itself.
      .replace(/(?<=[\p{L}\p{N}_-])\.(?=\p{L})/gu, '․')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
  )
}

/** Only what we worded ourselves, and codes: other texts may quote the URL. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it could not be reached'
  if (/^it answered \d+$/.test(error.message)) return error.message
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : ''
  return error.name === 'TimeoutError' ? 'no answer in time' : `it could not be reached${code}`
}
