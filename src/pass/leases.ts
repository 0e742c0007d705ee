/**
 * Renews the leases of the passes that this process works on, as long as it does: `sync` holds one throughout, the
 * worker's job of a pass and each of its readings hold it while they run. No process holds the lease of a pass whose
 * jobs were lost, so the lease expires and the next pass closes it.
 */
import { LEASE_SECONDS, renewLease } from '../store/pass/passes.ts'
import type { Pool } from '../store/postgres/database.ts'

export interface LeaseKeeper {
  /** Renews at once, then every quarter of a lease. Returns what lets go again. */
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
    // A database that can't be reached fails the reading itself; until then the lease has time.
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
