/**
 * What comes next for current queues: when they run out, and whether their list is worth calling. Both views compute each
 * queue from its dials, so of a large team only some queues are judged: it says how many.
 */
import { sql } from 'drizzle-orm'
import { anyOf, one, run } from '../store/postgres/query.ts'
import { instant } from './instant.ts'
import { isAsked, type Scope } from './scope.ts'

export interface Outlook {
  /** Current queues in which numbers are left. */
  readonly queues: number
  /** Of the queues with the least left, and of those asked for. */
  readonly forecasts: readonly Forecast[]
  /** Lists that are clearly worse than the limits, of the queues with the most left; `judged` of these queues. */
  readonly poorLists: { readonly judged: number; readonly lists: readonly PoorList[] }
}

export interface Forecast {
  readonly queueId: string
  readonly userId: string
  readonly name: string
  readonly remaining: number
  /** Hours of dialling. Null: nothing remains, or the pace is not known. */
  readonly hoursLeft: number | null
  /** These are null unless it runs out today if the teammate goes on without a pause. */
  readonly runsOutAt: string | null
  readonly earliestAt: string | null
  readonly latestAt: string | null
  /** At the pace of its holder nothing is left before the evening, even if they have not begun yet. */
  readonly isOverBeforeEvening: boolean
  /** Why `runsOutAt` is null. */
  readonly reason: 'nothing_remains' | 'no_dials' | 'too_few_dials' | 'not_dialling' | 'not_today' | null
}

export interface PoorList {
  readonly queueId: string
  readonly userId: string
  readonly name: string
  /** Which limit it is clearly above: the one it is above by most. */
  readonly problem: 'not_in_service' | 'duplicates' | 'called_elsewhere'
  readonly part: number
  readonly whole: number
}

export const EVENING_HOUR = 18
const FORECASTS = 100
const LISTS = 30

/** A list is poor if the lower bound of its share is above the limit. */
export const listLimits = { not_in_service: 0.1, duplicates: 0.1, called_elsewhere: 0.3 } as const

export async function outlookOf(scope: Scope, askedIds: readonly string[]): Promise<Outlook> {
  const { client } = scope
  const { queues, least, most } = await one<{
    queues: number
    least: readonly string[]
    most: readonly string[]
  }>(
    client,
    sql`select count(*)::int as queues,
        coalesce(json_agg(queue_id order by up) filter (where up <= ${FORECASTS}), '[]') as least,
        coalesce(json_agg(queue_id order by down) filter (where down <= ${LISTS}), '[]') as most
      from (select queue_id, row_number() over (order by remaining, queue_id) as up,
          row_number() over (order by remaining desc, queue_id) as down
        from reporting.teammates where ${isAsked(scope)} and (is_listed or left_at is null) and remaining > 0) open`,
  )
  return {
    queues,
    forecasts: await forecastsOf(scope, [...new Set([...least, ...askedIds])]),
    poorLists: { judged: most.length, lists: await poorListsOf(scope, most) },
  }
}

function forecastsOf({ client, teamId, period }: Scope, ids: readonly string[]): Promise<Forecast[]> {
  const evening = sql`(${period.today.date}::date + make_interval(hours => ${EVENING_HOUR})) at time zone ${period.timeZone}`
  return run<Forecast>(
    client,
    sql`select queue_id as "queueId", user_id as "userId", coalesce(teammate_name, user_id) as name, remaining,
        hours_left::float8 as "hoursLeft", ${instant(sql`runs_out_at`)} as "runsOutAt",
        ${instant(sql`runs_out_earliest_at`)} as "earliestAt", ${instant(sql`runs_out_latest_at`)} as "latestAt",
        coalesce(data_as_of + make_interval(secs => hours_left::float8 * 3600) < ${evening}, false) as "isOverBeforeEvening", reason
      from reporting.queue_forecast where team_id = ${teamId} and queue_id ${anyOf(ids)}
      order by hours_left, name, queue_id`,
  )
}

function poorListsOf({ client, teamId }: Scope, ids: readonly string[]): Promise<PoorList[]> {
  const { not_in_service, duplicates, called_elsewhere } = listLimits
  return run<PoorList>(
    client,
    sql`select queue_id as "queueId", user_id as "userId", coalesce(teammate_name, user_id) as name,
        problem, part::int as part, whole::int as whole
      from reporting.list_health cross join lateral (
        select problem, part, whole from (values
          ('not_in_service', not_in_service, resolved_numbers, not_in_service_rate_low, ${not_in_service}::numeric),
          ('duplicates', duplicates, known_numbers, duplicate_rate_low, ${duplicates}::numeric),
          ('called_elsewhere', called_elsewhere, known_numbers, called_elsewhere_rate_low, ${called_elsewhere}::numeric)
        ) shares (problem, part, whole, low, most)
        where low > most order by low - most desc limit 1
      ) worst
      where team_id = ${teamId} and queue_id ${anyOf(ids)}
      order by part desc, name, queue_id`,
  )
}
