/** How much each teammate dialled and reached, in the period and in the one before; and how their queue stands. */
import { type SQL, sql } from 'drizzle-orm'
import { run } from '../store/postgres/query.ts'
import { instant } from './instant.ts'
import { countWhere, inBoth, isAsked, isOfTeammate, type Rate, rateOf, type Scope, within } from './scope.ts'

/** More are not on the page. */
export const PEOPLE_SHOWN = 100

export interface People {
  readonly total: Activity
  /** Most people reached first. */
  readonly teammates: readonly Person[]
}

export interface Activity {
  readonly dials: number
  /** People reached, of dials with a result. */
  readonly connected: Rate
  readonly voicemail: number
  readonly notReached: number
  readonly previousDials: number
  readonly previousConnected: Rate
}

export interface Person extends Standing, Activity {
  /** Seconds of the period, and of the one before, in which the teammate was not read. */
  readonly unreadSeconds: number
  readonly previousUnreadSeconds: number
}

export interface Standing {
  readonly userId: string
  readonly name: string
  readonly isOnTeam: boolean
  readonly leftAt: string | null
  /** Null: never. */
  readonly readAt: string | null
  readonly queueState: 'queue' | 'no_queue' | 'unknown'
  /** These are null unless `queueState` is `queue`. */
  readonly queueId: string | null
  readonly numbers: number | null
  readonly remaining: number | null
  /** Null: never. */
  readonly lastDialAt: string | null
  /** Another one of these teammates has the same name. */
  readonly isNamesake: boolean
}

/** `unread`: unread seconds of the period and of the one before, by `user_id`. */
export async function peopleOf(
  scope: Scope,
  unread: ReadonlyMap<string, readonly number[]>,
): Promise<People> {
  const { total, byTeammate } = await activityOf(scope)
  const teammates = (await standingsOf(scope)).map((standing): Person => {
    const [unreadSeconds = 0, previousUnreadSeconds = 0] = unread.get(standing.userId) ?? []
    const activity = byTeammate.get(standing.userId) ?? nothing
    return { ...standing, ...activity, unreadSeconds, previousUnreadSeconds }
  })
  const rank = ({ connected, dials }: Person) => connected.part * 1e9 + dials
  return { total, teammates: teammates.sort((a, b) => rank(b) - rank(a)) }
}

const noRate: Rate = { part: 0, whole: 0, rate: null, low: null, high: null }
const nothing: Activity = {
  dials: 0,
  connected: noRate,
  voicemail: 0,
  notReached: 0,
  previousDials: 0,
  previousConnected: noRate,
}

async function activityOf(scope: Scope) {
  const { client, period } = scope
  const now = within(sql`counted_at`, period)
  const before = within(sql`counted_at`, period.previous)
  const rate = (when: SQL) =>
    rateOf(countWhere(sql`${when} and is_connected`), countWhere(sql`${when} and is_resolved`))
  const rows = await run<Activity & { userId: string | null }>(
    client,
    sql`select user_id as "userId", ${countWhere(sql`is_now`)}::int as dials, ${rate(sql`is_now`)} as connected,
        ${countWhere(sql`is_now and outcome = 'voicemail'`)}::int as voicemail,
        ${countWhere(sql`is_now and outcome = 'not_reached'`)}::int as "notReached",
        ${countWhere(sql`not is_now`)}::int as "previousDials", ${rate(sql`not is_now`)} as "previousConnected"
      from (
        select user_id, outcome, is_resolved, is_connected, ${now} as is_now
        from reporting.dials
        where ${isAsked(scope)} and ${within(sql`counted_at`, inBoth(period))} and (${now} or ${before})
      ) of_both_periods
      group by grouping sets ((user_id), ())`,
  )
  const byTeammate = new Map(rows.map(({ userId, ...activity }) => [userId, activity]))
  return { total: byTeammate.get(null) ?? nothing, byTeammate }
}

/** Teammates on the team now or in either period; of a queue, those who dialled in it and its holder. */
function standingsOf(scope: Scope): Promise<Standing[]> {
  const { client, period, filters } = scope
  const concerned =
    filters.queue === null
      ? sql``
      : sql` and user_id in (select user_id from reporting.queues where queue_id = ${filters.queue}
          union select user_id from reporting.dials where queue_id = ${filters.queue})`
  return run<Standing>(
    client,
    sql`select user_id as "userId", coalesce(teammate_name, user_id) as name, is_listed or left_at is null as "isOnTeam",
        ${instant(sql`left_at`)} as "leftAt", ${instant(sql`data_as_of`)} as "readAt", queue_state as "queueState",
        queue_id as "queueId", numbers, remaining, ${instant(sql`last_dial_at`)} as "lastDialAt",
        count(*) over (partition by coalesce(teammate_name, user_id)) > 1 as "isNamesake"
      from reporting.teammates
      where ${isOfTeammate(scope)} and (is_listed or left_at is null or left_at > ${period.previous.from}::timestamptz)${concerned}
      order by name, user_id`,
  )
}
