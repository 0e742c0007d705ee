/** How many dials teammates make in an hour of dialling, which pauses of a session belong to and longer ones do not. */
import { type SQL, sql } from 'drizzle-orm'
import { one } from '../store/postgres/query.ts'
import type { TimeSpan } from './period.ts'
import { isAsked, type Scope, within } from './scope.ts'

/** A longer pause ends a session, as in `daily_activity`. */
const SESSION_PAUSE = sql`interval '30 minutes'`

export interface Pace {
  /** Between one dial and the next one of the same teammate and session. */
  readonly pauses: number
  readonly pauseSeconds: number
  /** Of the period before. */
  readonly previousPauses: number
  readonly previousPauseSeconds: number
}

/** Null: no teammate made two dials within half an hour. */
export function dialsAnHour(pauses: number, seconds: number): number | null {
  return seconds === 0 ? null : (pauses / seconds) * 3600
}

/** A pause counts in the period in which it ends, if the dial before it is in that period, too. */
export function paceOf(scope: Scope): Promise<Pace> {
  const { period } = scope
  const sums = (span: TimeSpan): SQL => sql`(
    select count(pause)::int as pauses, coalesce(extract(epoch from sum(pause)), 0)::float8 as seconds
    from (select counted_at - lag(counted_at) over (partition by user_id order by counted_at) as pause
      from reporting.dials where ${isAsked(scope)} and ${within(sql`counted_at`, span)}) between_dials
    where pause <= ${SESSION_PAUSE})`
  return one<Pace>(
    scope.client,
    sql`select now.pauses, now.seconds as "pauseSeconds", before.pauses as "previousPauses",
        before.seconds as "previousPauseSeconds"
      from ${sums(period)} now cross join ${sums(period.previous)} before`,
  )
}
