/** At which attempt people are reached, from `attempts`: of the whole team, in whole weeks. */
import { sql } from 'drizzle-orm'
import { one, run } from '../store/postgres/query.ts'
import type { TimeSpan } from './period.ts'
import { type Rate, rateOf, type Scope, within } from './scope.ts'

/** The weeks that overlap the time of the hours of the week: 28 days at least. Dials of an unknown attempt are left out. */
export interface Attempts {
  /** There are too many dials to look up the earlier ones of each while the page waits. */
  readonly isTooMuch: boolean
  /** Monday of the first of them. Null: there is none. */
  readonly firstWeek: string | null
  /** By attempt; the last one has all later ones, too. */
  readonly attempts: readonly Attempt[]
}

export interface Attempt {
  /** 1: the first dial of a number that the team ever made. */
  readonly attempt: number
  /** It has this attempt and all later ones. */
  readonly isOpenEnded: boolean
  readonly dials: number
  readonly connected: Rate
}

/** Later ones are shown together. */
const LAST = 8
/** Each dial costs some 20 µs, because its number is looked for in all queues. */
export const MOST_DIALS = 20_000

export async function attemptsOf({ client, teamId, period }: Scope): Promise<Attempts> {
  if (await hasMoreDials({ client, teamId }, period.forHours))
    return { isTooMuch: true, firstWeek: null, attempts: [] }
  const { from, to } = period.forHours
  const localDate = (instant: string) => sql`(${instant}::timestamptz at time zone ${period.timeZone})::date`
  const rows = await run<Attempt & { firstWeek: string }>(
    client,
    sql`select least(attempt, ${LAST}) as attempt, max(attempt) > ${LAST} as "isOpenEnded", sum(dials)::int as dials,
        ${rateOf(sql`sum(connected)`, sql`sum(resolved_dials)`)} as connected,
        to_char(min(min(week)) over (), 'YYYY-MM-DD') as "firstWeek"
      from reporting.attempts
      where team_id = ${teamId} and attempt is not null and week > ${localDate(from)} - 7 and week <= ${localDate(to)}
      group by 1 order by 1`,
  )
  return {
    isTooMuch: false,
    firstWeek: rows[0]?.firstWeek ?? null,
    attempts: rows.map(({ firstWeek: _, ...attempt }) => attempt),
  }
}

/** Whether the team has more dials in that time than can be looked up while a page waits. */
export async function hasMoreDials(
  { client, teamId }: Pick<Scope, 'client' | 'teamId'>,
  span: TimeSpan,
): Promise<boolean> {
  const { hasMore } = await one<{ hasMore: boolean }>(
    client,
    sql`select count(*) > ${MOST_DIALS} as "hasMore" from (
        select from reporting.dials where team_id = ${teamId} and ${within(sql`counted_at`, span)}
        limit ${MOST_DIALS + 1}) counted`,
  )
  return hasMore
}
