/** Whether to believe the rest of the report: how fresh it is, what the checks found, and when nobody looked. */
import { instant, type Scope } from './scope.ts'

export interface Trust {
  readonly teammates: number
  /** Older than they may be, by the clock of now, or never read. */
  readonly stale: number
  readonly leftOut: number
  /** Of the teammate whose data are the oldest. Null: nobody was ever read. */
  readonly oldestSeconds: number | null
  readonly staleAfterSeconds: number
  readonly checks: readonly Check[]
  readonly checkedAt: string | null
  readonly gaps: Gaps
  /** What ended before was deleted, as configured. */
  readonly historyFrom: string | null
  /** The first reading of anybody. */
  readonly mirrorFrom: string | null
}

export interface Check {
  readonly name: string
  readonly severity: 'error' | 'warn' | 'note'
  readonly status: 'passed' | 'failed' | 'skipped'
  readonly sentence: string
}

/** Stretches of the period in which somebody on the team was not read, though they should have been. */
export interface Gaps {
  readonly count: number
  readonly teammates: number
  /** Longest first; some of them. */
  readonly longest: readonly Gap[]
}

export interface Gap {
  readonly name: string
  readonly from: string
  /** Null: it goes on. */
  readonly to: string | null
  readonly seconds: number
  readonly reason: string
}

const GAPS_SHOWN = 10

export async function trustOf(scope: Scope): Promise<Trust> {
  const { client, teamId, filters } = scope
  const { rows } = await client.query<Omit<Trust, 'checks' | 'gaps'>>(
    `select count(*)::int as teammates, count(*) filter (where is_stale)::int as stale,
       count(*) filter (where is_left_out)::int as "leftOut",
       max(age_seconds) filter (where not is_left_out) as "oldestSeconds",
       coalesce(max(stale_after_seconds), 0) as "staleAfterSeconds",
       (select ${instant('max(checked_at)')} from reporting.data_quality where team_id = $1) as "checkedAt",
       (select ${instant('history_from')} from reporting.teams where team_id = $1) as "historyFrom",
       (select ${instant('min(valid_from)')} from reporting.queue_assignments where team_id = $1) as "mirrorFrom"
     from reporting.data_freshness where team_id = $1 and ($2::text is null or user_id = $2)`,
    [teamId, filters.teammate],
  )
  if (rows[0] === undefined) throw new Error('an aggregate has a row')
  return { ...rows[0], checks: await checksOf(scope), gaps: await gapsOf(scope) }
}

async function checksOf({ client, teamId }: Scope): Promise<Check[]> {
  const { rows } = await client.query<Check>(
    `select check_name as name, severity, status, sentence from reporting.data_quality where team_id = $1
     order by status <> 'failed', array_position(array['error', 'warn', 'note'], severity), check_name`,
    [teamId],
  )
  return rows
}

async function gapsOf({ client, teamId, period, filters }: Scope): Promise<Gaps> {
  const { rows } = await client.query<Gap & { count: number; teammates: number }>(
    `with gaps as (
       select g.user_id, coalesce(g.teammate_name, g.user_id) as name, g.reason,
         greatest(g.gap_from, $2::timestamptz) as gap_from, g.gap_to, coalesce(g.gap_to, $3::timestamptz) as until
       from reporting.coverage_gaps g
       join reporting.data_freshness f using (user_id)
       where g.team_id = $1 and coalesce(g.gap_to, $3::timestamptz) > $2::timestamptz
         and ($4::text is null or g.user_id = $4) and not f.is_left_out
     )
     select name, reason, ${instant('gap_from')} as "from", ${instant('gap_to')} as "to",
       extract(epoch from until - gap_from)::float8 as seconds, count(*) over ()::int as count,
       (select count(distinct user_id) from gaps)::int as teammates
     from gaps order by until - gap_from desc, gap_from desc limit ${GAPS_SHOWN}`,
    [teamId, period.from, period.to, filters.teammate],
  )
  const { count = 0, teammates = 0 } = rows[0] ?? {}
  return { count, teammates, longest: rows.map(({ count: _, teammates: __, ...gap }) => gap) }
}
