/** One pass in this process, put together as `sync` does it, without spacing between its reads. */
import { withAllo } from '../src/commands/open/allo.ts'
import { syncOnce } from '../src/commands/sync/run.ts'
import { loadConfig } from '../src/config/config.ts'
import { openNumberKeys } from '../src/personal-data/open-number-keys.ts'
import { openReadBudget } from '../src/store/pass/read-budget.ts'
import type { Pool } from '../src/store/postgres/database.ts'
import { apiKey } from './simulated-allo.ts'

/** Resolves with its duration in milliseconds; rejects unless everyone was read. */
export async function runPass(
  database: { readonly url: string; readonly pool: Pool },
  alloUrl: string,
  teammateRead: () => void = () => undefined,
): Promise<number> {
  const config = loadConfig({
    ALLO_API_KEY: apiKey,
    ALLO_API_URL: alloUrl,
    ALLO_READS_PER_SECOND: 'unlimited',
    NUMBER_KEY: '5eed'.repeat(16),
  })
  const observer = {
    passStarted: () => undefined,
    teammateRead,
    warn: (message: string) => console.error(message),
  }
  const { pool } = database
  const numberKeys = await openNumberKeys(config, { pool, isEmbedded: false })
  const openBudget = (fingerprint: string) => openReadBudget(database.url, fingerprint)
  const pass = await withAllo(config, openBudget, (open) =>
    syncOnce(config, { pool, numberKeys, open, observer }),
  )
  if (pass.status !== 'ok') throw new Error('the pass did not read everyone', { cause: pass.stoppedBy })
  return pass.durationMs
}
