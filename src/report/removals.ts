/** Numbers that left their queue without a call: how many, how, and when many left at once. */
import { type SQL, sql } from 'drizzle-orm'
import { one } from '../store/postgres/query.ts'
import { instant } from './instant.ts'
import { isAsked, type Scope, within } from './scope.ts'

export interface Removals extends ByWay {
  readonly massRemovals: number
  /** Most numbers first; some of them. */
  readonly largest: readonly MassRemoval[]
  /** Most numbers first. Together they have all numbers: each number counts once. */
  readonly holders: readonly LossOfHolder[]
}

/** Numbers that left while this teammate held the queue, or, if `before` is given, in the time of one of the two. */
export interface LossOfHolder extends ByWay {
  /** Null: the holder is unknown. */
  readonly userId: string | null
  readonly name: string
  /** Held the queue before. Null: the numbers left in the time of `name`. */
  readonly beforeId: string | null
  readonly before: string | null
}

export interface ByWay {
  readonly numbers: number
  /** Of them, by reason. */
  readonly deleted: number
  readonly replaced: number
  readonly gone: number
  /** Of them, in a queue again afterwards, or also in another one. */
  readonly cameBack: number
}

export interface MassRemoval {
  readonly at: string
  readonly numbers: number
  readonly cameBack: number
  readonly reason: string
  readonly queueId: string
  readonly queue: string
  /** Who held the queue when it was seen; `Ann or Bo` if it may have been in the time of either. */
  readonly teammate: string
}

const SHOWN = 15

/** The view is read once: it looks at all numbers that left in the period. */
export function removalsOf(scope: Scope): Promise<Removals> {
  const { client, period } = scope
  const mass = sql`select json_build_object('at', ${instant(sql`removed_at`)}, 'numbers', numbers, 'cameBack', came_back,
      'reason', reason, 'queueId', queue_id, 'queue', coalesce(queue_name, queue_id),
      'teammate', concat_ws(' or ', name, before)) as event,
      row_number() over (order by numbers desc, removed_at desc, queue_id) as nth
    from chosen where is_mass`
  const holders = sql`select user_id as "userId", name, previous_holder_id as "beforeId", before, ${byWay}
    from chosen
    group by user_id, name, previous_holder_id, before order by numbers desc, name, before nulls first, user_id`
  return one<Removals>(
    client,
    sql`with chosen as materialized (
        select r.*, coalesce(r.teammate_name, r.user_id, 'unknown') as name, ${previousHolder(sql`r`)} as before
        from reporting.removals r where ${isAsked(scope)} and ${within(sql`removed_at`, period)})
      select ${byWay}, count(*) filter (where is_mass)::int as "massRemovals",
        (select coalesce(json_agg(event order by nth), '[]') from (${mass}) mass where nth <= ${SHOWN}) as largest,
        (select coalesce(json_agg(holders), '[]') from (${holders}) holders) as holders
      from chosen`,
  )
}

/** The name of the teammate in whose time the numbers of a row of `removals` may have left, too. Null: there is none. */
export function previousHolder(removal: SQL): SQL {
  return sql`case when ${removal}.previous_holder_id is not null then coalesce((
    select teammate_name from reporting.teammates t where t.user_id = ${removal}.previous_holder_id),
    ${removal}.previous_holder_id) end`
}

const numbersLeft = (reason: string) => sql`coalesce(sum(numbers) filter (where reason = ${reason}), 0)::int`
const byWay = sql`coalesce(sum(numbers), 0)::int as numbers, ${numbersLeft('deleted')} as deleted,
  ${numbersLeft('queue_replaced')} as replaced, ${numbersLeft('queue_gone')} as gone,
  coalesce(sum(came_back), 0)::int as "cameBack"`
