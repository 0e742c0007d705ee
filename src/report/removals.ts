/** Numbers that left their queue without a call: how many, how, and when many left at once. */
import { sql } from 'drizzle-orm'
import { one } from '../store/postgres/query.ts'
import { instant } from './instant.ts'
import { isAsked, type Scope, within } from './scope.ts'

export interface Removals {
  readonly numbers: number
  /** Of them, by reason. */
  readonly deleted: number
  readonly replaced: number
  readonly gone: number
  /** Of them, in a queue again afterwards, or also in another one. */
  readonly cameBack: number
  readonly massRemovals: number
  /** Most numbers first; some of them. */
  readonly largest: readonly MassRemoval[]
}

export interface MassRemoval {
  readonly at: string
  readonly numbers: number
  readonly cameBack: number
  readonly reason: string
  readonly queueId: string
  readonly queue: string
  /** Who held the queue when it was seen. */
  readonly teammate: string
}

const SHOWN = 15

/** The view is read once: it looks at all numbers that left in the period. */
export function removalsOf(scope: Scope): Promise<Removals> {
  const { client, period } = scope
  const numbersLeft = (reason: string) =>
    sql`coalesce(sum(numbers) filter (where reason = ${reason}), 0)::int`
  const mass = sql`select json_build_object('at', ${instant(sql`removed_at`)}, 'numbers', numbers, 'cameBack', came_back,
      'reason', reason, 'queueId', queue_id, 'queue', coalesce(queue_name, queue_id),
      'teammate', coalesce(teammate_name, user_id, 'unknown')) as event,
      row_number() over (order by numbers desc, removed_at desc, queue_id) as nth
    from chosen where is_mass`
  return one<Removals>(
    client,
    sql`with chosen as materialized (
        select * from reporting.removals where ${isAsked(scope)} and ${within(sql`removed_at`, period)})
      select coalesce(sum(numbers), 0)::int as numbers, ${numbersLeft('deleted')} as deleted,
        ${numbersLeft('queue_replaced')} as replaced, ${numbersLeft('queue_gone')} as gone,
        coalesce(sum(came_back), 0)::int as "cameBack", count(*) filter (where is_mass)::int as "massRemovals",
        (select coalesce(json_agg(event order by nth), '[]') from (${mass}) mass where nth <= ${SHOWN}) as largest
      from chosen`,
  )
}
