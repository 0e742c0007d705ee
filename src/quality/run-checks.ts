/**
 * Runs all checks of one team as of one moment, in one read-only transaction. A running pass is seen with complete
 * readings only, so it can't look like a contradiction.
 */
import { sql } from 'drizzle-orm'
import { type Client, inTransaction, type Pool } from '../store/postgres/database.ts'
import { one } from '../store/postgres/query.ts'
import { iso } from '../store/queries/iso.ts'
import { type Check, type CheckResult, type Found, judge } from './check.ts'
import { checks } from './checks.ts'

export interface QualityReport {
  /** On the database's clock, ISO 8601 in UTC. */
  readonly checkedAt: string
  /** In the order of `checks`. */
  readonly results: readonly CheckResult[]
}

/** work_mem is for the sorts over a long history. */
const settings = `set transaction isolation level repeatable read, read only;
  set local work_mem = '64MB'`

/** Uses two connections that share one snapshot, because a long history takes time. Rejects when aborted. */
export async function runChecks(pool: Pool, teamId: string, signal?: AbortSignal): Promise<QualityReport> {
  const doing = 'checking the data'
  const waiting = checks.entries()
  const results: CheckResult[] = []
  const work = async (client: Client) => {
    for (const [index, check] of waiting) {
      signal?.throwIfAborted()
      results[index] = judge(check, await find(client, check, teamId))
    }
  }
  return inTransaction(pool, doing, async (client) => {
    await client.query(settings)
    const { at, snapshot } = await one<{ at: string; snapshot: string }>(
      client,
      sql`select ${iso(sql`now()`)} as at, pg_export_snapshot() as snapshot`,
    )
    const besides = inTransaction(pool, doing, async (second) => {
      await second.query(`${settings}; set transaction snapshot '${snapshot}'`)
      await work(second)
    })
    await Promise.all([work(client), besides])
    return { checkedAt: at, results }
  })
}

/** Whether a result means that the data must not be trusted. */
export function failsBadly({ severity, status }: CheckResult): boolean {
  return severity === 'error' && status === 'failed'
}

function find(client: Client, { rows }: Check, teamId: string): Promise<Found> {
  return one(
    client,
    sql`select count(*)::float8 as checked, count(*) filter (where is_wrong)::float8 as failing,
          min(id::text) filter (where is_wrong) as first, max(id::text) filter (where is_wrong) as last
        from (${rows(teamId)}) items`,
  )
}
