/**
 * What to do today: teammates and queues that need attention, each with a number. As of now, whatever the period is. Each
 * kind is one query of one view. What could not be judged is counted beside it, so that an empty list is no guess.
 */
import { type SQL, sql } from 'drizzle-orm'
import { run } from '../store/postgres/query.ts'
import { workingDayBefore } from './calendar.ts'
import { instant } from './instant.ts'
import { previousHolder } from './removals.ts'
import { isAsked, isOfTeammate, type Scope } from './scope.ts'

export interface Todo {
  /** Not read in time: `number` is the age of their data in seconds; null: never read. */
  readonly notRead: Some
  /** Hold a queue in which nothing is left. `number` is how many numbers it has. */
  readonly nothingLeft: Some
  /** On the team and seen without a queue. Last dial first. */
  readonly withoutQueue: Some
  /**
   * Queues that lie idle. `number`: what is left in them; `at`: the last dial of the holder in any queue, null: none was
   * seen. A queue lies idle if the holder has had it since before the last working day, Monday to Friday, and made no dial
   * on that day or since.
   */
  readonly idle: Some
  /** Numbers that wait longer than 7 days for their first call: `number` of them, by holder. */
  readonly waiting: SomeNumbers
  /**
   * Numbers added today that wait longer than the target for their first call: `number` of them, by holder. Null: so many
   * were added that looking them up takes too long.
   */
  readonly late: (SomeNumbers & { readonly targetSeconds: number | null }) | null
  /** Ten or more uncalled numbers that left a queue at once, yesterday or today. `at`: when it was seen. */
  readonly lost: SomeNumbers
  /** Teammates for whom it is not known whether they have a queue. */
  readonly unknownQueues: number
}

export interface Some {
  /** Of teammates, or of events. */
  readonly count: number
  /** Most urgent first; some of them. */
  readonly first: readonly TodoItem[]
}

export interface SomeNumbers extends Some {
  /** The sum over all of them. */
  readonly numbers: number
}

export interface TodoItem {
  readonly userId: string
  readonly name: string
  readonly number: number | null
  readonly at: string | null
  readonly queueId: string | null
  /** Why numbers left; null: it is about something else. */
  readonly reason: string | null
}

const SHOWN = 4

export async function todoOf(scope: Scope): Promise<Todo> {
  const [unknown] = await run<{ teammates: number }>(
    scope.client,
    sql`select count(*)::int as teammates from reporting.teammates
      where ${isOfTeammate(scope)} and (is_listed or left_at is null) and queue_state = 'unknown'`,
  )
  return {
    notRead: await some(scope, notRead(scope), sql`number desc nulls first`),
    nothingLeft: await some(scope, nothingLeft(scope), sql`number desc`),
    withoutQueue: await some(scope, withoutQueue(scope), sql`at desc nulls last`),
    idle: await some(scope, idle(scope), sql`number desc`),
    waiting: await someNumbers(scope, waiting(scope)),
    late: await lateOf(scope),
    lost: await someNumbers(scope, lost(scope)),
    unknownQueues: unknown?.teammates ?? 0,
  }
}

async function some({ client }: Scope, items: SQL, urgency: SQL): Promise<SomeNumbers> {
  const rows = await run<TodoItem & { count: number; numbers: number }>(
    client,
    sql`select *, count(*) over ()::int as count, (sum(number) over ())::float8 as numbers from (${items}) items
      order by ${urgency}, name, "userId" limit ${SHOWN}`,
  )
  const { count = 0, numbers = 0 } = rows[0] ?? {}
  return { count, numbers, first: rows.map(({ count: _, numbers: __, ...item }) => item) }
}

function someNumbers(scope: Scope, items: SQL): Promise<SomeNumbers> {
  return some(scope, items, sql`number desc`)
}

const whose = sql`user_id as "userId", coalesce(teammate_name, user_id) as name`

function notRead(scope: Scope): SQL {
  return sql`select ${whose}, age_seconds as number, ${instant(sql`last_observed_at`)} as at, null as "queueId", null as reason
    from reporting.data_freshness where ${isOfTeammate(scope)} and is_stale`
}

function nothingLeft(scope: Scope): SQL {
  return sql`select ${whose}, numbers as number, ${instant(sql`last_dial_at`)} as at, queue_id as "queueId", null as reason
    from reporting.teammates where ${isAsked(scope)} and (is_listed or left_at is null) and remaining = 0`
}

function withoutQueue(scope: Scope): SQL {
  return sql`select ${whose}, 0 as number, ${instant(sql`last_dial_at`)} as at, queue_id as "queueId", null as reason
    from reporting.teammates where ${isAsked(scope)} and (is_listed or left_at is null) and queue_state = 'no_queue'`
}

function idle(scope: Scope): SQL {
  const { today } = scope.period
  const since = sql`reporting.start_of_day(${workingDayBefore(today.date)}::date)`
  return sql`select ${whose}, remaining as number, ${instant(sql`last_dial_at`)} as at, queue_id as "queueId", null as reason
    from reporting.teammates t
    where ${isAsked(scope)} and (is_listed or left_at is null) and remaining > 0
      and coalesce(last_dial_at < ${since}, true)
      and exists (select from reporting.queue_assignments a where a.user_id = t.user_id and a.queue_id = t.queue_id
        and a.valid_to is null and a.valid_from < ${since})`
}

function waiting(scope: Scope): SQL {
  return sql`select ${whose}, count(*)::int as number, ${instant(sql`min(created_at)`)} as at,
      min(queue_id) as "queueId", null as reason
    from reporting.stale_numbers where ${isAsked(scope)} group by user_id, teammate_name`
}

/** Each number is looked for in all queues. */
const MOST_ADDED = 20_000

async function lateOf(scope: Scope): Promise<Todo['late']> {
  const { client, period } = scope
  const isAddedToday = sql`${isAsked(scope)} and first_seen_at >= ${period.today.from}::timestamptz`
  const [added] = await run<{ tooMany: boolean }>(
    client,
    sql`select count(*) > ${MOST_ADDED} as "tooMany"
      from (select from reporting.number_entries where ${isAddedToday} limit ${MOST_ADDED + 1}) added`,
  )
  if (added?.tooMany === true) return null
  const [target] = await run<{ seconds: number | null }>(
    client,
    sql`select max(target_seconds)::float8 as seconds from reporting.speed_to_lead where ${isAddedToday}`,
  )
  const late = sql`select ${whose}, count(*)::int as number, ${instant(sql`min(created_at)`)} as at,
      min(queue_id) as "queueId", null as reason
    from reporting.speed_to_lead
    where ${isAddedToday} and created_at >= ${period.today.from}::timestamptz
      and lead_state = 'waiting' and is_within_target is false
    group by user_id, teammate_name`
  return { ...(await someNumbers(scope, late)), targetSeconds: target?.seconds ?? null }
}

/** Of numbers that may have left in the time of either of two holders: both names, and no id of a teammate. */
function lost(scope: Scope): SQL {
  const name = sql`coalesce(r.teammate_name, r.user_id, 'unknown')`
  return sql`select case when r.previous_holder_id is null then coalesce(r.user_id, '') else '' end as "userId",
      concat_ws(' or ', ${name}, ${previousHolder(sql`r`)}) as name,
      numbers::int as number, ${instant(sql`removed_at`)} as at, queue_id as "queueId", reason
    from reporting.removals r
    where ${isAsked(scope)} and is_mass and removed_at >= reporting.start_of_day(${scope.period.today.date}::date - 1)`
}
