/** What commands work with, opened from the configuration and closed in the right order, whatever happens. */

import { createAlloClient } from '../allo/client.ts'
import { createPacer, type ProcessPacer } from '../allo/pacer.ts'
import { createSurpriseLog } from '../allo/surprises.ts'
import type { RetrySettings } from '../allo/transport.ts'
import type { AlloClient, Surprise } from '../allo/types.ts'
import type { Config, ConfigWithKey } from '../config/config.ts'
import { inspectEmbeddedPostgres, startEmbeddedPostgres } from '../embedded/postgres.ts'
import { exitCodes } from '../errors.ts'
import { toMirrorError } from '../foreign-errors.ts'
import { SchemaVersionError } from '../store/migrate/migrate.ts'
import { keyFingerprint, type ReadBudget } from '../store/pass/read-budget.ts'
import { openPool, type Pool, withDatabaseErrors } from '../store/postgres/database.ts'
import { whenAborted, withInterruption } from '../terminal/interruption.ts'
import { version } from '../version.ts'
import { reachDatabase } from './reach-database.ts'

const MAX_THROTTLED_MS = 5 * 60_000
const DOCUMENTED_READS_PER_SECOND = 20
/** Of what the API allows; the rest is for the customer's other tools. */
const SHARE_OF_LIMIT = 0.9

export interface OpenDatabase {
  readonly url: string
  readonly isEmbedded: boolean
  readonly pool: Pool
}

export function embeddedFolder({ dataDir }: Pick<Config, 'dataDir'>): string {
  return `${dataDir}/postgres`
}

/**
 * Their own Postgres, or the embedded one of the data folder, for as long as `work` runs. Throws OpenDatabaseError
 * when there is none to work with. With `mayCreate: false` no data folder is made.
 */
export async function withDatabase<T>(
  config: Pick<Config, 'databaseUrl' | 'dataDir'>,
  work: (database: OpenDatabase) => Promise<T>,
  {
    mayCreate = true,
    name = 'sync',
    reach = reachDatabase,
    signal,
  }: {
    readonly mayCreate?: boolean
    readonly name?: string
    /** The service waits here until there is one. */
    readonly reach?: (pool: Pool, url: string) => Promise<unknown>
    /** Tells `work` to end in order. Without it, SIGTERM and the like cut `work` off, and stop an embedded server. */
    readonly signal?: AbortSignal
  } = {},
): Promise<T> {
  const use = async (url: string, isEmbedded: boolean): Promise<T> => {
    const pool = openPool(url, { max: 12, name })
    try {
      await reach(pool, url)
      return await work({ url, isEmbedded, pool })
    } catch (error) {
      throw await asKnownError(error)
    } finally {
      await pool.end()
    }
  }
  const own = config.databaseUrl?.value()
  if (own !== undefined) return use(own, false)
  const folder = embeddedFolder(config)
  if (!mayCreate) await requireEmbeddedData(folder)
  if (signal !== undefined) return withEmbedded(folder, signal, (url) => use(url, true))
  // A server of ours would go on without us.
  return withInterruption((signal) =>
    withEmbedded(folder, signal, (url) => Promise.race([use(url, true), whenAborted(signal)])),
  )
}

/** What the driver threw past the store's own wrapping becomes a DatabaseError: a connection that broke is no bug. */
export async function asKnownError(error: unknown): Promise<unknown> {
  if (error === null || toMirrorError(error).exitCode !== exitCodes.bug) return error
  return withDatabaseErrors('talking to Postgres', () => Promise.reject(error)).catch((known) => known)
}

async function requireEmbeddedData(folder: string): Promise<void> {
  if ((await inspectEmbeddedPostgres(folder)).state !== 'absent') return
  throw new SchemaVersionError(
    `there is no database in ${folder} yet: run \`allo-queue-mirror migrate\` first, or set DATABASE_URL`,
  )
}

async function withEmbedded<T>(
  dataDir: string,
  signal: AbortSignal,
  use: (url: string) => Promise<T>,
): Promise<T> {
  const embedded = await startEmbeddedPostgres({ dataDir, signal })
  try {
    return await use(embedded.url)
  } finally {
    await embedded.stop()
  }
}

export interface OpenAllo {
  readonly allo: AlloClient
  readonly pacer: ProcessPacer
  readonly keyFingerprint: string
  readonly surprises: () => readonly Surprise[]
  /** Those that came since they were taken last. */
  readonly takeSurprises: () => readonly Surprise[]
  /** What was taken is told again when it comes again: in another pass. */
  readonly renewSurprises: () => void
  /** The API said what it allows; null: it did not. */
  readonly onLimit: (readsPerSecond: number | null) => void
  readonly concurrency: () => number
  /** The budget of the key; null: unlimited. */
  readonly readsPerSecond: () => number | null
}

export interface AlloLimits {
  /** Waiting longer than this because of 429s ends the work. */
  readonly maxThrottledMs?: number
  readonly retry?: Partial<RetrySettings>
  readonly onAnswer?: (status: number | null) => void
}

/** The API under the budget of its key. `openBook`: where the budget is kept. */
export async function withAllo<T>(
  config: ConfigWithKey,
  openBook: (fingerprint: string) => Promise<ReadBudget>,
  work: (allo: OpenAllo) => Promise<T>,
  { maxThrottledMs = MAX_THROTTLED_MS, retry = {}, onAnswer = () => undefined }: AlloLimits = {},
): Promise<T> {
  const fingerprint = keyFingerprint(config.apiKey.value())
  const book = await openBook(fingerprint)
  let readsPerSecond = configuredRate(config, DOCUMENTED_READS_PER_SECOND)
  const pacer = createPacer({ book, readsPerSecond, maxThrottledMs })
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
    onSurprise: surprises.add,
  })
  try {
    return await work({
      allo,
      pacer,
      keyFingerprint: fingerprint,
      readsPerSecond: () => readsPerSecond,
      surprises: surprises.all,
      takeSurprises: surprises.take,
      renewSurprises: surprises.renew,
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

/** Null: without a limit. */
export function configuredRate(config: Config, limit: number): number | null {
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
