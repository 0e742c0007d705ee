/** What commands work with, opened from the configuration and closed in the right order, whatever happens. */
import { createAlloClient } from '../allo/client.ts'
import { createPacer, type ProcessPacer } from '../allo/pacer.ts'
import type { AlloClient, Surprise } from '../allo/types.ts'
import type { Config, ConfigWithKey } from '../config.ts'
import { startEmbeddedPostgres } from '../embedded/postgres.ts'
import { openPool, type Pool } from '../store/database.ts'
import { keyFingerprint, openReadBudget } from '../store/read-budget.ts'
import { version } from '../version.ts'

const MAX_THROTTLED_MS = 5 * 60_000
const DOCUMENTED_READS_PER_SECOND = 20
/** Of what the API allows; the rest is for the customer's other tools. */
const SHARE_OF_LIMIT = 0.9

export interface OpenDatabase {
  readonly url: string
  readonly isEmbedded: boolean
  readonly pool: Pool
}

/** Their own Postgres, or the embedded one of the data folder, for as long as `work` runs. */
export async function withDatabase<T>(
  config: Pick<Config, 'databaseUrl' | 'dataDir'>,
  work: (database: OpenDatabase) => Promise<T>,
): Promise<T> {
  const embedded =
    config.databaseUrl === null
      ? await startEmbeddedPostgres({ dataDir: `${config.dataDir}/postgres` })
      : null
  const url = embedded?.url ?? config.databaseUrl?.value() ?? ''
  const pool = openPool(url, { max: 12, name: 'sync' })
  try {
    return await work({ url, isEmbedded: embedded !== null, pool })
  } finally {
    await pool.end()
    await embedded?.stop()
  }
}

export interface OpenAllo {
  readonly allo: AlloClient
  readonly pacer: ProcessPacer
  readonly keyFingerprint: string
  readonly surprises: () => readonly Surprise[]
  /** The same, once: what was taken is not told again until the API shows it in a later pass. */
  readonly takeSurprises: () => readonly Surprise[]
  /** The API said what it allows; null: it did not. */
  readonly onLimit: (readsPerSecond: number | null) => void
  readonly concurrency: () => number
}

/** The API under the budget of its key. Needs a migrated database: the budget lives there. */
export async function withAllo<T>(
  config: ConfigWithKey,
  databaseUrl: string,
  work: (allo: OpenAllo) => Promise<T>,
): Promise<T> {
  const fingerprint = keyFingerprint(config.apiKey.value())
  const book = await openReadBudget(databaseUrl, fingerprint)
  let readsPerSecond = configuredRate(config, DOCUMENTED_READS_PER_SECOND)
  const pacer = createPacer({ book, readsPerSecond, maxThrottledMs: MAX_THROTTLED_MS })
  const surprises = new Map<string, Surprise>()
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
    onSurprise: (surprise) => surprises.set(`${surprise.where}: ${surprise.what}`, surprise),
  })
  try {
    return await work({
      allo,
      pacer,
      keyFingerprint: fingerprint,
      surprises: () => [...surprises.values()],
      takeSurprises() {
        const taken = [...surprises.values()]
        surprises.clear()
        return taken
      },
      onLimit(limit) {
        readsPerSecond = configuredRate(config, limit ?? DOCUMENTED_READS_PER_SECOND)
        pacer.setReadsPerSecond(readsPerSecond)
      },
      concurrency: () =>
        config.concurrency === 'auto' ? usefulConcurrency(readsPerSecond, allo.counts) : config.concurrency,
    })
  } finally {
    await allo.close()
    await book.close()
  }
}

function configuredRate(config: Config, limit: number): number | null {
  if (config.readsPerSecond === 'unlimited') return null
  return config.readsPerSecond === 'auto' ? limit * SHARE_OF_LIMIT : config.readsPerSecond
}

/**
 * As many walks as it takes to keep the budget busy while answers travel and readings are saved, and no more: each
 * further one only makes the others slower, and their readings longer and more often torn.
 */
export function usefulConcurrency(
  readsPerSecond: number | null,
  { requests, exchangeMs }: { readonly requests: number; readonly exchangeMs: number },
): number {
  if (readsPerSecond === null) return 4
  const latencySeconds = requests === 0 ? 0.1 : exchangeMs / requests / 1000
  return Math.min(Math.max(Math.ceil(readsPerSecond * latencySeconds * 1.5) + 1, 2), 10)
}
