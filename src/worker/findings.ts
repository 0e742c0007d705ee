/** What is an incident, and when it is over: SQL, so that all workers judge by the database and its clock. */
import { type SQL, sql } from 'drizzle-orm'
import { failedChecks } from '../quality/results.ts'
import { verdictOnKeyOf } from '../store/queries/credentials.ts'
import type { IncidentKind } from '../store/queries/incidents.ts'
import { inWords } from '../text/duration.ts'

interface Finding {
  readonly kind: IncidentKind
  /** A query of the summary; no row when nothing is wrong. */
  readonly found: SQL
  /** A condition. */
  readonly isOver: SQL
}

export function findings(teamId: string, staleAfterSeconds: number): readonly Finding[] {
  return [staleData(teamId, staleAfterSeconds), refusedKey(teamId), doubtfulData(teamId)]
}

function staleData(teamId: string, staleAfterSeconds: number): Finding {
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

/** Without a verdict it neither begins nor ends. */
function refusedKey(teamId: string): Finding {
  const verdict = verdictOnKeyOf(teamId)
  return {
    kind: 'credentials',
    found: sql`select 'Allo refuses the API key: ' || coalesce(reason, 'it gave no reason') from (${verdict}) verdict
      where "isRefused"`,
    isOver: sql`exists (select from (${verdict}) verdict where not "isRefused")`,
  }
}

function doubtfulData(teamId: string): Finding {
  const failed = failedChecks(teamId)
  return {
    kind: 'data_quality',
    found: sql`select format('%s of the data failed. %s', case count(*) when 1 then 'A check' else count(*) || ' checks' end,
        min(sentence)) from (${failed}) failed having count(*) > 0`,
    isOver: sql`not exists (${failed})`,
  }
}
