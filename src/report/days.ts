/** What came of the dials of each local day, counted as `daily_activity` does. */
import { sql } from 'drizzle-orm'
import { run } from '../store/postgres/query.ts'
import { isAsked, type LocalDay, type Scope } from './scope.ts'
import { unreadShares } from './unread.ts'

/** In the order in which they are shown. */
export const dialOutcomes = [
  'connected',
  'voicemail',
  'not_reached',
  'failed',
  'other',
  'in_progress',
] as const
export type DialOutcome = (typeof dialOutcomes)[number]

export interface DayOfDials extends LocalDay {
  readonly dials: number
  readonly byOutcome: Readonly<Record<DialOutcome, number>>
  /** Share of the day, 0 to 1, that was not read; null: no teammate is on the team. */
  readonly unread: number | null
}

export async function daysOf(scope: Scope): Promise<readonly DayOfDials[]> {
  const { dates, to } = scope.period
  const rows = await run<{ date: string; outcome: DialOutcome; dials: number }>(
    scope.client,
    sql`select to_char(dialled_date, 'YYYY-MM-DD') as date, outcome, count(*)::int as dials from reporting.dials
      where ${isAsked(scope)} and counted_at >= ${dates[0]?.from}::timestamptz and counted_at <= ${to}::timestamptz
      group by dialled_date, outcome`,
  )
  const shares = await unreadShares(scope, dates)
  return dates.map((day, index) => {
    const ofDay = rows.filter(({ date }) => date === day.date)
    const count = (outcome: DialOutcome) => ofDay.find((row) => row.outcome === outcome)?.dials ?? 0
    return {
      ...day,
      dials: ofDay.reduce((sum, { dials }) => sum + dials, 0),
      byOutcome: {
        connected: count('connected'),
        voicemail: count('voicemail'),
        not_reached: count('not_reached'),
        failed: count('failed'),
        other: count('other'),
        in_progress: count('in_progress'),
      },
      unread: shares[index] ?? null,
    }
  })
}
