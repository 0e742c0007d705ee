/**
 * What comes next for current queues: when they run out, and whether their list is worth calling. Both views compute each
 * queue from its dials, so of a large team only some queues are judged: it says how many.
 */
import { sql } from 'drizzle-orm'
import { anyOf, one, run } from '../store/postgres/query.ts'
import { instant } from './instant.ts'
import { type Lists, listsOf } from './lists.ts'
import { isAsked, type Scope } from './scope.ts'

export interface Outlook {
  /** Current queues in which numbers are left. */
  readonly queues: number
  /** Of the queues with the least left, and of those asked for. */
  readonly forecasts: readonly Forecast[]
  /** Of the queues with the most left. */
  readonly lists: Lists
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
  /** Why `runsOutAt` is null. */
  readonly reason: 'nothing_remains' | 'no_dials' | 'too_few_dials' | 'not_dialling' | 'not_today' | null
}

const FORECASTS = 100
const LISTS = 30

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
    lists: await listsOf(scope, most),
  }
}

function forecastsOf({ client, teamId }: Scope, ids: readonly string[]): Promise<Forecast[]> {
  return run<Forecast>(
    client,
    sql`select queue_id as "queueId", user_id as "userId", coalesce(teammate_name, user_id) as name, remaining,
        hours_left::float8 as "hoursLeft", ${instant(sql`runs_out_at`)} as "runsOutAt",
        ${instant(sql`runs_out_earliest_at`)} as "earliestAt", ${instant(sql`runs_out_latest_at`)} as "latestAt",
        reason
      from reporting.queue_forecast where team_id = ${teamId} and queue_id ${anyOf(ids)}
      order by hours_left, name, queue_id`,
  )
}
