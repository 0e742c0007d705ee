/** The stored results of the last run of the checks, for the status page, alerts and reports. */
import { and, eq, getTableColumns, type SQL, sql } from 'drizzle-orm'
import { type Client, inTransaction, type Pool, withDatabaseErrors } from '../store/postgres/database.ts'
import { anyOf, excluded, orm } from '../store/postgres/query.ts'
import { iso } from '../store/queries/iso.ts'
import { qualityResults } from '../store/schema.ts'
import type { CheckResult } from './check.ts'
import type { QualityReport } from './run-checks.ts'

/** Atomic. Deletes results of checks that no longer exist. An older run does not overwrite a newer. */
export async function saveResults(pool: Pool, teamId: string, report: QualityReport): Promise<void> {
  await inTransaction(pool, 'saving what the checks found', async (client) => {
    await deleteOtherResults(client, teamId, report)
    if (report.results.length > 0) await upsertResults(client, teamId, report)
  })
}

async function deleteOtherResults(client: Client, teamId: string, { results }: QualityReport): Promise<void> {
  const isMade = sql`${qualityResults.checkName} ${anyOf(results.map(({ name }) => name))}`
  await orm(client)
    .delete(qualityResults)
    .where(and(eq(qualityResults.teamId, teamId), sql`not ${isMade}`))
}

async function upsertResults(
  client: Client,
  teamId: string,
  { checkedAt, results }: QualityReport,
): Promise<void> {
  const rows = results.map(({ name, ...result }) => ({ teamId, checkName: name, checkedAt, ...result }))
  const { teamId: _, checkName, ...updated } = getTableColumns(qualityResults)
  await orm(client)
    .insert(qualityResults)
    .values(rows)
    .onConflictDoUpdate({
      target: [qualityResults.teamId, checkName],
      set: Object.fromEntries(Object.entries(updated).map(([key, column]) => [key, excluded(column)])),
      setWhere: sql`${qualityResults.checkedAt} < ${excluded(qualityResults.checkedAt)}`,
    })
}

/** Ordered by severity. Null: the checks never ran. */
export async function lastResults(pool: Pool, teamId: string): Promise<QualityReport | null> {
  const { checkName, severity, checked, failing, status, sentence, checkedAt } = qualityResults
  const rows = await withDatabaseErrors('reading what the checks found', () =>
    orm(pool)
      .select({
        name: checkName,
        severity: sql<CheckResult['severity']>`${severity}`,
        checked,
        failing,
        status: sql<CheckResult['status']>`${status}`,
        sentence,
        checkedAt: iso(checkedAt),
      })
      .from(qualityResults)
      .where(eq(qualityResults.teamId, teamId))
      .orderBy(sql`array_position(array['error', 'warn', 'note'], ${severity})`, checkName),
  )
  const [first] = rows
  if (first === undefined) return null
  return { checkedAt: first.checkedAt, results: rows.map(({ checkedAt: _, ...result }) => result) }
}

/** A query of the sentences of failed error checks. `freshness` is excluded, because it has its own alert. */
export function failedChecks(teamId: string): SQL {
  const { checkName, severity, status, sentence } = qualityResults
  return sql`select ${sentence} as sentence from ${qualityResults}
    where ${qualityResults.teamId} = ${teamId} and ${severity} = 'error' and ${status} = 'failed'
      and ${checkName} <> 'freshness'`
}
