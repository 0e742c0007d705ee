/** Opens a client of the API with the read budget of its key, and closes it after the work. */
import { createAlloClient } from '../../allo/client.ts'
import { neededScopes } from '../../allo/documented-words.ts'
import type { Fetch } from '../../allo/fetch.ts'
import { createPacer, type ProcessPacer } from '../../allo/pacer.ts'
import { createSurpriseLog, type SurpriseLog } from '../../allo/surprises.ts'
import type { RetrySettings } from '../../allo/transport.ts'
import type { AlloClient } from '../../allo/types.ts'
import type { Config, ConfigWithKey } from '../../config/config.ts'
import { keyFingerprint, type OpenReadBudget } from '../../store/pass/read-budget.ts'
import { version } from '../../version.ts'

const MAX_THROTTLED_MS = 5 * 60_000
export const DOCUMENTED_READS_PER_SECOND = 20
/** Share of the API's limit that we use. The rest is for the customer's other tools. */
const SHARE_OF_LIMIT = 0.9

export interface OpenAllo {
  readonly allo: AlloClient
  readonly pacer: ProcessPacer
  readonly keyFingerprint: string
  readonly surprises: SurpriseLog
  /** Those that the key needs. */
  readonly scopes: readonly string[]
  /** Sets the limit that the API sent; null: it sent none. */
  readonly onLimit: (readsPerSecond: number | null) => void
  readonly concurrency: () => number
  /** The budget of the key; null: unlimited. */
  readonly readsPerSecond: () => number | null
}

export interface AlloLimits {
  /** The work fails after waiting longer than this because of 429s. */
  readonly maxThrottledMs?: number
  readonly retry?: Partial<RetrySettings>
  /** As in TransportSettings. */
  readonly onAnswer?: (status: number | null, date: string | null) => void
  /** As in TransportSettings. */
  readonly fetch?: Fetch | undefined
}

/** Calls `work` with the open API. `openBudget` opens the read budget. */
export async function withAllo<T>(
  config: ConfigWithKey,
  openBudget: (fingerprint: string) => Promise<OpenReadBudget>,
  work: (allo: OpenAllo) => Promise<T>,
  { maxThrottledMs = MAX_THROTTLED_MS, retry = {}, onAnswer = () => undefined, fetch }: AlloLimits = {},
): Promise<T> {
  const fingerprint = keyFingerprint(config.apiKey.value())
  const budget = await openBudget(fingerprint)
  let readsPerSecond = configuredRate(config, null)
  const pacer = createPacer({ budget, readsPerSecond, maxThrottledMs })
  const surprises = createSurpriseLog()
  const allo = createAlloClient({
    apiUrl: config.apiUrl,
    apiKey: () => config.apiKey.value(),
    rereadKey: () => config.apiKey.reread(),
    authScheme: config.authScheme,
    timeoutMs: config.requestTimeoutMs,
    naiveTimeZone: config.naiveTimeZone,
    proxy: config.proxy(),
    userAgent: `allo-queue-mirror/${version}`,
    pacer,
    retry,
    onAnswer,
    fetch,
    onSurprise: surprises.add,
  })
  try {
    return await work({
      allo,
      pacer,
      keyFingerprint: fingerprint,
      readsPerSecond: () => readsPerSecond,
      surprises,
      scopes: neededScopes(config),
      onLimit(limit) {
        readsPerSecond = configuredRate(config, limit)
        pacer.setReadsPerSecond(readsPerSecond)
      },
      concurrency: () =>
        config.concurrency === 'auto' ? usefulConcurrency(readsPerSecond, allo.counts) : config.concurrency,
    })
  } finally {
    await allo.close()
    await budget.close()
  }
}

/** Reads per second; null: unlimited. `limit`: what Allo sent; null: nothing. */
export function configuredRate(config: Config, limit: number | null): number | null {
  if (config.readsPerSecond === 'unlimited') return null
  return config.readsPerSecond === 'auto'
    ? (limit ?? DOCUMENTED_READS_PER_SECOND) * SHARE_OF_LIMIT
    : config.readsPerSecond
}

/**
 * The smallest number of parallel readings that uses the whole budget in spite of latency and saving. More would only
 * make each reading longer, and so more likely to be torn.
 */
export function usefulConcurrency(
  readsPerSecond: number | null,
  { requests, exchangeMs }: { readonly requests: number; readonly exchangeMs: number },
): number {
  if (readsPerSecond === null) return 4
  const latencySeconds = requests === 0 ? 0.1 : exchangeMs / requests / 1000
  return Math.min(Math.max(Math.ceil(readsPerSecond * latencySeconds * 1.5) + 1, 2), 10)
}
