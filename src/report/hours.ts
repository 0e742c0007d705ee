/** When people are reached, by hour of the week: the sums of `activity_heatmap`, over 28 days or more. */
import { areAsked, askedOf, type Rate, rateOf, type Scope } from './scope.ts'

/** Fewer dials with a result than this say nothing about an hour. */
export const LEAST_DIALS = 10

export interface HourOfWeek {
  /** 1 Monday to 7 Sunday. */
  readonly weekday: number
  readonly hour: number
  readonly dials: number
  readonly connected: Rate
}

/** Hours without a dial are left out. */
export async function hoursOf(scope: Scope): Promise<readonly HourOfWeek[]> {
  const { from, to } = scope.period.forHours
  const count = (which: string) => `count(*) filter (where ${which})`
  const { rows } = await scope.client.query<HourOfWeek>(
    `select dialled_weekday as weekday, dialled_hour as hour, count(*)::int as dials,
       ${rateOf(count('is_connected'), count('is_resolved'))} as connected
     from reporting.dials
     where ${areAsked} and counted_at > $4::timestamptz and counted_at <= $5::timestamptz
     group by dialled_weekday, dialled_hour order by dialled_weekday, dialled_hour`,
    [...askedOf(scope), from, to],
  )
  return rows
}
