/** What came of the dials of each local day, counted as `daily_activity` does. */
import { sql } from 'drizzle-orm'
import { run } from '../store/postgres/query.ts'
import type { LocalDay } from './period.ts'
import { isAsked, type Scope } from './scope.ts'
import { unreadShares } from './unread.ts'

/** In the order in which they are shown. */
const noDials = { connected: 0, voicemail: 0, not_reached: 0, failed: 0, other: 0, in_progress: 0 }
export type DialOutcome = keyof typeof noDials
export const dialOutcomes = Object.keys(noDials) as readonly DialOutcome[]

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
    const counted = Object.fromEntries(ofDay.map(({ outcome, dials }) => [outcome, dials]))
    return {
      ...day,
      dials: ofDay.reduce((sum, { dials }) => sum + dials, 0),
      byOutcome: { ...noDials, ...counted },
      unread: shares[index] ?? null,
    }
  })
}
