/**
 * When an incident of each kind begins, with the text of its alert, and when it is over (alerts.ts has the text of the
 * end). The rules are SQL, so that all workers decide by the same data and the same clock.
 */
import { type SQL, sql } from 'drizzle-orm'
import { failedChecks } from '../quality/results.ts'
import { verdictOnKeyOf } from '../store/queries/credentials.ts'
import type { IncidentKind } from '../store/queries/incidents.ts'
import { inWords } from '../text/duration.ts'

interface IncidentRule {
  readonly kind: IncidentKind
  /** A query. Its one row is the text of the alert; no row: there is no incident. */
  readonly found: SQL
  /** A condition in SQL. */
  readonly isOver: SQL
}

export function incidentRules(teamId: string, staleAfterSeconds: number): readonly IncidentRule[] {
  return [staleData(teamId, staleAfterSeconds), refusedKey(teamId), failedDataChecks(teamId)]
}

function staleData(teamId: string, staleAfterSeconds: number): IncidentRule {
  const stale = sql`select count(*)::int as teammates from allo.teammate_freshness
    where team_id = ${teamId} and judged_age_seconds > ${staleAfterSeconds} having count(*) > 0`
  return {
    kind: 'stale_data',
    found: sql`select format('The data of %s are older than %s.',
        case teammates when 1 then 'one teammate' else teammates || ' teammates' end, ${inWords(staleAfterSeconds)}::text)
      from (${stale}) stale`,
    isOver: sql`not exists (${stale})`,
  }
}

/** While it is unknown whether Allo accepts the key, an incident neither begins nor ends. */
function refusedKey(teamId: string): IncidentRule {
  const verdict = verdictOnKeyOf(teamId)
  return {
    kind: 'credentials',
    found: sql`select 'Allo refuses the API key: ' || coalesce(reason, 'it gave no reason') from (${verdict}) verdict
      where "isRefused"`,
    isOver: sql`exists (select from (${verdict}) verdict where not "isRefused")`,
  }
}

function failedDataChecks(teamId: string): IncidentRule {
  const failed = failedChecks(teamId)
  return {
    kind: 'data_quality',
    found: sql`select format('%s of the data failed. %s', case count(*) when 1 then 'A check' else count(*) || ' checks' end,
        min(sentence)) from (${failed}) failed having count(*) > 0`,
    isOver: sql`not exists (${failed})`,
  }
}
