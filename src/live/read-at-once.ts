/**
 * Reads one teammate at once, because a look found what the mirror does not hold. This is a pass of its own, with the
 * trigger `look`, through the same steps as any other: so the known rules judge what was found. A pass of one teammate
 * can't end a queue.
 */
import type { AlloClient } from '../allo/types.ts'
import { finish } from '../pass/finish.ts'
import type { LeaseKeeper } from '../pass/leases.ts'
import { openRecord } from '../pass/pass-record.ts'
import { type ReadingDone, readTeammate } from '../pass/read-teammate.ts'
import type { NumberKeys } from '../snapshot/number-key.ts'
import { isTeammateAboutToBeRead } from '../store/look/look-evidence.ts'
import { type Cadence, startPass } from '../store/pass/passes.ts'
import type { Pool } from '../store/postgres/database.ts'

export interface AtOnce {
  readonly teamId: string
  readonly userId: string
  /** Unique. If the same job runs again after a crash, it continues its pass. */
  readonly jobId: string
}

/** Null: a running pass is about to read the teammate, so nothing was done; or their answer was recorded already. */
export async function readAtOnce(
  deps: {
    readonly pool: Pool
    readonly numberKeys: NumberKeys | null
    /** Counts the requests of this reading. */
    readonly allo: AlloClient
    readonly leases: LeaseKeeper
    readonly cadence: () => Cadence
    readonly version: string
  },
  { teamId, userId, jobId }: AtOnce,
  signal: AbortSignal,
): Promise<ReadingDone | null> {
  const { pool, numberKeys, allo, leases, cadence, version } = deps
  if (await isTeammateAboutToBeRead(pool, teamId, userId)) return null
  const pass = { teamId, trigger: 'look', isWholeTeam: false, version, cadence: cadence(), jobId } as const
  const passId = await startPass(pool, pass)
  const record = openRecord(pool, numberKeys, { passId, teamId })
  const release = leases.hold(passId)
  try {
    const done = await readTeammate({ pool, numberKeys, allo, record }, userId, { signal })
    await finish(record, { asked: 1, spent: { requests: 0, throttled: 0 }, incomplete: null })
    return done
  } finally {
    release()
  }
}
