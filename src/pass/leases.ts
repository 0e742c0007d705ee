/**
 * Renews the leases of the passes that this process works on. `sync` holds the lease during the whole pass. In a
 * worker, the job of the pass and the job of each reading hold it while they run. If the jobs of a pass are lost, no
 * process renews its lease: it expires, and the next pass closes this one.
 */
import { LEASE_SECONDS, renewLease } from '../store/pass/passes.ts'
import type { Pool } from '../store/postgres/database.ts'

export interface LeaseKeeper {
  /** Renews at once, then every quarter of a lease. Returns a function that ends this. */
  hold(passId: string): () => void
  stop(): void
}

export function createLeaseKeeper(pool: Pool): LeaseKeeper {
  const holders = new Map<string, number>()
  const lastRenewedAt = new Map<string, number>()
  const renewEveryMs = (LEASE_SECONDS * 1000) / 4

  const renew = (passId: string) => {
    const now = performance.now()
    if (now - (lastRenewedAt.get(passId) ?? Number.NEGATIVE_INFINITY) < renewEveryMs) return
    lastRenewedAt.set(passId, now)
    // Ignored: if the database can't be reached, the reading itself fails.
    renewLease(pool, passId).catch(() => lastRenewedAt.delete(passId))
  }
  const timer = setInterval(() => {
    for (const passId of holders.keys()) renew(passId)
    for (const passId of lastRenewedAt.keys()) if (!holders.has(passId)) lastRenewedAt.delete(passId)
  }, renewEveryMs)

  return {
    hold(passId) {
      holders.set(passId, (holders.get(passId) ?? 0) + 1)
      renew(passId)
      return () => {
        const left = (holders.get(passId) ?? 1) - 1
        if (left > 0) holders.set(passId, left)
        else holders.delete(passId)
      }
    },
    stop: () => clearInterval(timer),
  }
}
