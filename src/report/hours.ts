/** When people are reached, by hour of the week: dials counted as `activity_heatmap` does, over 28 days or more. */
import { sql } from 'drizzle-orm'
import { run } from '../store/postgres/query.ts'
import { countWhere, isAsked, type Rate, rateOf, type Scope, within } from './scope.ts'

export interface HourOfWeek {
  /** 1 Monday to 7 Sunday. */
  readonly weekday: number
  readonly hour: number
  readonly dials: number
  readonly connected: Rate
}

/** Hours without a dial are left out. */
export function hoursOf(scope: Scope): Promise<readonly HourOfWeek[]> {
  return run<HourOfWeek>(
    scope.client,
    sql`select dialled_weekday as weekday, dialled_hour as hour, count(*)::int as dials,
        ${rateOf(countWhere(sql`is_connected`), countWhere(sql`is_resolved`))} as connected
      from reporting.dials
      where ${isAsked(scope)} and ${within(sql`counted_at`, scope.period.forHours)}
      group by dialled_weekday, dialled_hour order by dialled_weekday, dialled_hour`,
  )
}
