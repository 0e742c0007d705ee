/** One pass over a simulated team, with real parts and nothing from the environment. */
import { createAlloClient } from '../../src/allo/client.ts'
import { createPacer } from '../../src/allo/pacer.ts'
import { createSurpriseLog } from '../../src/allo/surprises.ts'
import { runInProcess, type SyncOptions, type SyncResult } from '../../src/pass/run-in-process.ts'
import type { SimulatedAllo } from '../../src/simulation/server.ts'
import { keyFingerprint, openReadBudget } from '../../src/store/pass/read-budget.ts'
import { openPool } from '../../src/store/postgres/database.ts'

export const apiKey = 'ak_live_of_a_test'

/** Everyone on the team is asked unless `options` says otherwise; the simulation should have no limit. */
export async function runPass(
  simulated: SimulatedAllo,
  databaseUrl: string,
  options: Partial<SyncOptions> = {},
): Promise<SyncResult> {
  const fingerprint = keyFingerprint(apiKey)
  const pool = openPool(databaseUrl, { max: 10, name: 'test pass' })
  const budget = await openReadBudget(databaseUrl, fingerprint)
  const pacer = createPacer({ budget, readsPerSecond: null, maxThrottledMs: 0 })
  const allo = createAlloClient({
    apiUrl: simulated.url,
    apiKey: () => apiKey,
    rereadKey: async () => false,
    authScheme: 'Api-Key',
    timeoutMs: 10_000,
    naiveTimeZone: 'UTC',
    userAgent: 'allo-queue-mirror/test',
    pacer,
    onSurprise: () => undefined,
  })
  const dependencies = {
    pool,
    numberKeys: null,
    allo,
    onLimit: () => undefined,
    scopes: [],
    pacer,
    concurrency: () => 4,
    surprises: createSurpriseLog(),
    observer: { passStarted: () => undefined, teammateRead: () => undefined, warn: () => undefined },
    keyFingerprint: fingerprint,
    version: 'test',
  }
  const everyone = { trigger: 'manual', users: [], only: [], except: [], includeBlocked: true } as const
  try {
    return await runInProcess(dependencies, { ...everyone, dryRun: false, ...options })
  } finally {
    await allo.close()
    await budget.close()
    await pool.end()
  }
}
