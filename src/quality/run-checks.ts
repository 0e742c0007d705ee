/**
 * Runs all checks of one team as of one moment, in one read-only transaction. A running pass is seen with complete
 * readings only, so it can't look like a contradiction.
 */
import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { instant, type Output } from '../json-output.ts'
import { type Client, inTransaction, type Pool } from '../store/postgres/database.ts'
import { one } from '../store/postgres/query.ts'
import { iso } from '../store/queries/iso.ts'
import { type CheckResult, checkResultSchema, countItems, judge } from './check.ts'
import { checks } from './checks.ts'
import { type Batches, findBatches, runDeepCheck } from './deep/deep-check.ts'
import { deepChecks } from './deep/deep-checks.ts'

export const qualityReportSchema = z.object({
  checkedAt: instant.describe("On the database's clock."),
  results: z.array(checkResultSchema).describe('Errors first, then warnings and notes.'),
})

export type QualityReport = Output<typeof qualityReportSchema>

/** work_mem is for the sorts over a long history. */
const settings = `set transaction isolation level repeatable read, read only;
  set local work_mem = '64MB'`

export interface RunOptions {
  readonly signal?: AbortSignal
  /** Also run the deep checks. It is called after each part of them, with the share of all parts that is done. */
  readonly deep?: (done: number) => void
}

/** Runs one check and returns its result. */
type Step = (client: Client) => Promise<CheckResult>

/** Uses two connections that share one snapshot, because a long history takes time. Rejects when aborted. */
export async function runChecks(
  pool: Pool,
  teamId: string,
  { signal, deep }: RunOptions = {},
): Promise<QualityReport> {
  const doing = 'checking the data'
  return inTransaction(pool, doing, async (client) => {
    await client.query(settings)
    const { at, snapshot } = await one<{ at: string; snapshot: string }>(
      client,
      sql`select ${iso(sql`now()`)} as at, pg_export_snapshot() as snapshot`,
    )
    const deepSteps = deep ? stepsOfDeepChecks(teamId, await findBatches(client, teamId), deep) : []
    const steps = [...stepsOfChecks(teamId), ...deepSteps]
    const waiting = steps.entries()
    const results: CheckResult[] = []
    const work = async (client: Client) => {
      for (const [index, step] of waiting) {
        signal?.throwIfAborted()
        results[index] = await step(client)
      }
    }
    const besides = inTransaction(pool, doing, async (second) => {
      await second.query(`${settings}; set transaction snapshot '${snapshot}'`)
      await work(second)
    })
    await Promise.all([work(client), besides])
    return { checkedAt: at, results }
  })
}

function stepsOfChecks(teamId: string): Step[] {
  return checks.map((check) => async (client) => judge(check, await countItems(client, check.rows(teamId))))
}

function stepsOfDeepChecks(teamId: string, batches: Batches, onProgress: (done: number) => void): Step[] {
  const parts = deepChecks.reduce((sum, { by }) => sum + batches[by].length, 0)
  let done = 0
  const onBatch = () => {
    done += 1
    onProgress(done / parts)
  }
  return deepChecks.map((check) => (client) => runDeepCheck(client, check, { teamId, batches, onBatch }))
}

/** Whether a result means that the data must not be trusted. */
export function failsBadly({ severity, status }: CheckResult): boolean {
  return severity === 'error' && status === 'failed'
}
