/**
 * What all queries of one report share: a transaction in which they see the same moment, the team, the filters and the
 * period. Instants are text: ISO 8601 in UTC with microseconds, which Postgres takes back unchanged.
 *
 * A report reads schema `reporting` only: a login with the reader's role can make one.
 */
import { type SQL, sql } from 'drizzle-orm'
import { type Client, inTransaction, type Pool } from '../store/postgres/database.ts'
import { one } from '../store/postgres/query.ts'
import { FilterError, type Filters } from './filters.ts'
import type { Period, TimeSpan } from './period.ts'

export interface Scope {
  readonly client: Client
  readonly teamId: string
  readonly filters: Filters
  readonly period: Period
}

/** All queries of `work` see one moment of the database and can change nothing. A query that takes too long fails. */
export function readOneMoment<T>(
  pool: Pool,
  { doing, statementTimeoutMs }: { readonly doing: string; readonly statementTimeoutMs: number },
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return inTransaction(pool, doing, async (client) => {
    await client.query(`set transaction isolation level repeatable read, read only;
      set local statement_timeout = ${statementTimeoutMs}`)
    return work(client)
  })
}

interface Names {
  readonly teammate: string | null
  readonly queue: string | null
}

/** Throws FilterError unless the team has them. Returns their names; null: not asked for. */
export async function namesOf(
  client: Client,
  teamId: string,
  { teammate, queue }: Pick<Filters, 'teammate' | 'queue'>,
): Promise<Names> {
  const names = await one<Names>(
    client,
    sql`select
      (select coalesce(teammate_name, user_id) from reporting.teammates
       where team_id = ${teamId} and user_id = ${teammate}) as teammate,
      (select ${queueNameAmong(sql`q`)} from reporting.queues q
       where team_id = ${teamId} and queue_id = ${queue}) as queue`,
  )
  if (teammate !== null && names.teammate === null) throw new FilterError('This team has no such teammate.')
  if (queue !== null && names.queue === null) throw new FilterError('This team has no such queue.')
  return names
}

/** The name of a queue; with its holder if another teammate's queue has the same name. `queue`: a row of `queues`. */
export function queueNameAmong(queue: SQL): SQL {
  return sql`case when exists (select from reporting.queues other where other.team_id = ${queue}.team_id
      and other.queue_name = ${queue}.queue_name and other.user_id <> ${queue}.user_id)
    then concat(${queue}.queue_name, ' of ', coalesce(${queue}.teammate_name, ${queue}.user_id))
    else coalesce(${queue}.queue_name, ${queue}.queue_id) end`
}

/** Condition on a view with `team_id`, `user_id` and `queue_id`: rows of what the report is narrowed to. */
export function isAsked(scope: Scope): SQL {
  const { queue } = scope.filters
  return queue === null ? isOfTeammate(scope) : sql`${isOfTeammate(scope)} and queue_id = ${queue}`
}

/** The same on a view that has no queue. */
export function isOfTeammate({ teamId, filters: { teammate } }: Scope): SQL {
  return teammate === null ? sql`team_id = ${teamId}` : sql`team_id = ${teamId} and user_id = ${teammate}`
}

/** Condition: the instant is within the span. */
export function within(at: SQL, { from, to }: TimeSpan): SQL {
  return sql`${at} > ${from}::timestamptz and ${at} <= ${to}::timestamptz`
}

/** From the beginning of the previous period to the end of this one: between them there may be days of neither. */
export function inBoth({ previous, to }: Period): TimeSpan {
  return { from: previous.from, to }
}

/** `count(*)` of the rows that meet the condition. */
export function countWhere(condition: SQL): SQL {
  return sql`count(*) filter (where ${condition})`
}

/** A part of a whole, with its 95 % Wilson bounds; null when the whole is 0. */
export interface Rate {
  readonly part: number
  readonly whole: number
  readonly rate: number | null
  readonly low: number | null
  readonly high: number | null
}

/** A JSON object that is a Rate, of two counts. */
export function rateOf(part: SQL, whole: SQL): SQL {
  return sql`json_build_object('part', ${part}, 'whole', ${whole}, 'rate', reporting.rate(${part}, ${whole}),
    'low', reporting.rate_low(${part}, ${whole}), 'high', reporting.rate_high(${part}, ${whole}))`
}
