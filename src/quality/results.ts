/** The stored results of the last run of the checks, for the status page, alerts and reports. */

import { ask, type Pool } from '../store/postgres/database.ts'
import { iso } from '../store/queries/status.ts'
import type { CheckResult } from './check.ts'
import type { QualityReport } from './run-checks.ts'

/** One statement, so atomic. Deletes results of checks that no longer exist. An older run does not overwrite a newer. */
export async function saveResults(
  pool: Pool,
  teamId: string,
  { checkedAt, results }: QualityReport,
): Promise<void> {
  await ask(
    pool,
    'saving what the checks found',
    `with found as (
       select * from jsonb_to_recordset($3)
         as f(name text, severity text, checked bigint, failing bigint, status text, sentence text)
     ), gone as (
       delete from allo.quality_results where team_id = $1 and check_name not in (select name from found)
     )
     insert into allo.quality_results as r (team_id, check_name, severity, checked, failing, status, sentence, checked_at)
     select $1, name, severity, checked, failing, status, sentence, $2 from found
     on conflict (team_id, check_name) do update set
       severity = excluded.severity, checked = excluded.checked, failing = excluded.failing, status = excluded.status,
       sentence = excluded.sentence, checked_at = excluded.checked_at
     where r.checked_at < excluded.checked_at`,
    [teamId, checkedAt, JSON.stringify(results)],
  )
}

/** Ordered by severity. Null: the checks never ran. */
export async function lastResults(pool: Pool, teamId: string): Promise<QualityReport | null> {
  const { rows } = await ask<CheckResult & { checkedAt: string }>(
    pool,
    'reading what the checks found',
    `select check_name as name, severity, checked::float8, failing::float8, status, sentence, ${iso('checked_at')} as "checkedAt"
     from allo.quality_results where team_id = $1
     order by array_position(array['error', 'warn', 'note'], severity), check_name`,
    [teamId],
  )
  const [first] = rows
  if (first === undefined) return null
  return { checkedAt: first.checkedAt, results: rows.map(({ checkedAt: _, ...result }) => result) }
}

/** SQL condition: a failed error check. `freshness` is excluded, because it has its own alert. */
export const isFailedError = `severity = 'error' and status = 'failed' and check_name <> 'freshness'`
