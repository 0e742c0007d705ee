/** Whether to trust the rest of the report: how fresh it is, what the checks found, and what was not read. */
import { sql } from 'drizzle-orm'
import { one, run } from '../store/postgres/query.ts'
import { instant } from './instant.ts'
import { isOfTeammate, type Scope } from './scope.ts'

export interface Trust {
  readonly teammates: number
  /** Whose data are stale now, or who were never read. */
  readonly stale: number
  readonly leftOut: number
  /** Of the teammate whose data are the oldest. Null: no teammate was ever read. */
  readonly oldestSeconds: number | null
  readonly staleAfterSeconds: number
  readonly checks: readonly Check[]
  readonly checkedAt: string | null
  readonly gaps: Gaps
  /** What ended before was deleted, as configured. */
  readonly historyFrom: string | null
  /** The first reading of any teammate. */
  readonly mirrorFrom: string | null
}

export interface Check {
  readonly name: string
  readonly severity: 'error' | 'warn' | 'note'
  readonly status: 'passed' | 'failed' | 'skipped'
  readonly sentence: string
}

/** Spans of the period in which a teammate was not read, but should have been. */
export interface Gaps {
  readonly count: number
  readonly teammates: number
  /** Longest first; some of them. */
  readonly longest: readonly Gap[]
}

export interface Gap {
  readonly name: string
  readonly from: string
  /** Null: it continues. */
  readonly to: string | null
  readonly seconds: number
  readonly reason: string
}

const GAPS_SHOWN = 10

export async function trustOf(scope: Scope): Promise<Trust> {
  const { client, teamId } = scope
  const trust = await one<Omit<Trust, 'checks' | 'gaps'>>(
    client,
    sql`select count(*)::int as teammates, count(*) filter (where is_stale)::int as stale,
        count(*) filter (where is_left_out)::int as "leftOut",
        max(age_seconds) filter (where not is_left_out) as "oldestSeconds",
        coalesce(max(stale_after_seconds), 0) as "staleAfterSeconds",
        (select ${instant(sql`max(checked_at)`)} from reporting.data_quality where team_id = ${teamId}) as "checkedAt",
        (select ${instant(sql`history_from`)} from reporting.teams where team_id = ${teamId}) as "historyFrom",
        (select ${instant(sql`min(valid_from)`)} from reporting.queue_assignments where team_id = ${teamId}) as "mirrorFrom"
      from reporting.data_freshness where ${isOfTeammate(scope)}`,
  )
  return { ...trust, checks: await checksOf(scope), gaps: await gapsOf(scope) }
}

function checksOf({ client, teamId }: Scope): Promise<Check[]> {
  return run<Check>(
    client,
    sql`select check_name as name, severity, status, sentence from reporting.data_quality where team_id = ${teamId}
      order by status <> 'failed', array_position(array['error', 'warn', 'note'], severity), check_name`,
  )
}

async function gapsOf(scope: Scope): Promise<Gaps> {
  const { client, period } = scope
  const rows = await run<Gap & { count: number; teammates: number }>(
    client,
    sql`with gaps as (
        select g.user_id, coalesce(g.teammate_name, g.user_id) as name, g.reason,
          greatest(g.gap_from, ${period.from}::timestamptz) as gap_from, g.gap_to,
          least(coalesce(g.gap_to, ${period.to}::timestamptz), ${period.to}::timestamptz) as until
        from (select * from reporting.coverage_gaps where ${isOfTeammate(scope)}) g
        join reporting.data_freshness f using (user_id)
        where g.gap_from < ${period.to}::timestamptz
          and coalesce(g.gap_to, ${period.to}::timestamptz) > ${period.from}::timestamptz and not f.is_left_out
      )
      select name, reason, ${instant(sql`gap_from`)} as "from", ${instant(sql`gap_to`)} as "to",
        extract(epoch from until - gap_from)::float8 as seconds, count(*) over ()::int as count,
        (select count(distinct user_id) from gaps)::int as teammates
      from gaps order by until - gap_from desc, gap_from desc limit ${GAPS_SHOWN}`,
  )
  const { count = 0, teammates = 0 } = rows[0] ?? {}
  return { count, teammates, longest: rows.map(({ count: _, teammates: __, ...gap }) => gap) }
}
