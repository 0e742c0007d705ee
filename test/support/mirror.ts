/**
 * The program as `sync` runs it, in this process: real configuration, client and budget, with shorter waits. One mirror
 * is one key on one database, and can run any number of passes.
 */
import { createAlloClient } from '../../src/allo/client.ts'
import { createPacer } from '../../src/allo/pacer.ts'
import { createSurpriseLog } from '../../src/allo/surprises.ts'
import { loadConfig } from '../../src/config/config.ts'
import { type LookResult, lookAtTeammate } from '../../src/live/look-at-teammate.ts'
import { createLogger } from '../../src/logger.ts'
import { choiceOf } from '../../src/pass/choose-teammates.ts'
import { runInProcess, type SyncResult } from '../../src/pass/run-in-process.ts'
import { openNumberKeys } from '../../src/personal-data/open-number-keys.ts'
import type { SimulatedAllo } from '../../src/simulation/server.ts'
import type { Cadence } from '../../src/store/pass/passes.ts'
import { keyFingerprint, openReadBudget } from '../../src/store/pass/read-budget.ts'
import { openPool } from '../../src/store/postgres/database.ts'
import { createCallsJob } from '../../src/worker/call-jobs.ts'
import { cadenceOf } from '../../src/worker/freshness.ts'
import { createMetrics } from '../../src/worker/metrics.ts'

export interface Mirror {
  /** `users` as in `--user`: ids. Empty: every teammate. */
  pass(options?: {
    readonly users?: readonly string[]
    readonly dryRun?: boolean
    readonly cadence?: Cadence
    readonly signal?: AbortSignal
  }): Promise<SyncResult>
  /** One look, now. */
  look(teamId: string, userId: string, rank?: number): Promise<LookResult>
  /** Asks for the details of calls until none is due, as the job of a worker does. */
  askCalls(signal?: AbortSignal): Promise<void>
  close(): Promise<void>
}

export async function openMirror({
  simulated,
  databaseUrl,
  apiKey,
  env = {},
}: {
  readonly simulated: Pick<SimulatedAllo, 'url'>
  readonly databaseUrl: string
  readonly apiKey: string
  readonly env?: Readonly<Record<string, string>>
}): Promise<Mirror> {
  const config = loadConfig({
    ALLO_API_KEY: apiKey,
    ALLO_API_URL: simulated.url,
    ALLO_READS_PER_SECOND: 'unlimited',
    DATABASE_URL: databaseUrl,
    ...env,
  })
  const fingerprint = keyFingerprint(apiKey)
  const pool = openPool(databaseUrl, { max: 12, name: 'mirror under test' })
  const numberKeys = await openNumberKeys(config, { pool, isEmbedded: false })
  const budget = await openReadBudget(databaseUrl, fingerprint)
  const pacer = createPacer({ budget, readsPerSecond: null, maxThrottledMs: 60_000 })
  const allo = createAlloClient({
    apiUrl: config.apiUrl,
    apiKey: () => config.apiKey.value(),
    authScheme: config.authScheme,
    timeoutMs: config.requestTimeoutMs,
    naiveTimeZone: config.naiveTimeZone,
    userAgent: 'allo-queue-mirror/test',
    pacer,
    retry: { minMs: 2, maxMs: 10, throttled: { minMs: 2, maxMs: 30_000 } },
    onSurprise: () => undefined,
  })
  return {
    pass: ({ users = [], dryRun = false, cadence, signal } = {}) =>
      runInProcess(
        {
          pool,
          numberKeys,
          allo,
          onLimit: () => undefined,
          scopes: [],
          pacer,
          concurrency: () => (config.concurrency === 'auto' ? 4 : config.concurrency),
          surprises: createSurpriseLog(),
          observer: { passStarted: () => undefined, teammateRead: () => undefined, warn: () => undefined },
          keyFingerprint: fingerprint,
          version: 'test',
        },
        {
          ...choiceOf(config, users),
          trigger: 'manual',
          dryRun,
          cadence: cadence ?? cadenceOf(config.schedule, config.freshnessSloMs, new Date()),
          signal,
        },
      ),
    look: (teamId, userId, rank) =>
      lookAtTeammate(
        { pool, numberKeys, allo: allo.once() },
        { teamId, userId, plannedAt: null, rank: rank ?? null },
        new AbortController().signal,
      ),
    askCalls: (signal = new AbortController().signal) =>
      createCallsJob(
        {
          pool,
          keyFingerprint: fingerprint,
          allo,
          metrics: createMetrics(),
          logger: createLogger('silent', { write: () => undefined }, () => []),
        },
        { looksPerSecond: () => null, dailyRequests: config.dailyRequests },
      )(signal),
    async close() {
      await allo.close()
      await budget.close()
      await pool.end()
    },
  }
}
