/** Numbers that left their queue without a call: how many, how, and when many left at once. */
import { sql } from 'drizzle-orm'
import { one, run } from '../store/postgres/query.ts'
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
  /** Last first; some of them. */
  readonly lastMassRemovals: readonly MassRemoval[]
}

export interface MassRemoval {
  readonly at: string
  readonly numbers: number
  readonly cameBack: number
  readonly reason: string
  readonly queueId: string
  readonly queue: string
  /** Who held the queue then. */
  readonly teammate: string
}

const SHOWN = 15

export async function removalsOf(scope: Scope): Promise<Removals> {
  const { client, period } = scope
  const isChosen = sql`${isAsked(scope)} and ${within(sql`removed_at`, period)}`
  const numbersLeft = (reason: string) =>
    sql`coalesce(sum(numbers) filter (where reason = ${reason}), 0)::int`
  const sums = await one<Omit<Removals, 'lastMassRemovals'>>(
    client,
    sql`select coalesce(sum(numbers), 0)::int as numbers, ${numbersLeft('deleted')} as deleted,
        ${numbersLeft('queue_replaced')} as replaced, ${numbersLeft('queue_gone')} as gone,
        coalesce(sum(came_back), 0)::int as "cameBack", count(*) filter (where is_mass)::int as "massRemovals"
      from reporting.removals where ${isChosen}`,
  )
  const lastMassRemovals = await run<MassRemoval>(
    client,
    sql`select ${instant(sql`removed_at`)} as at, numbers::int as numbers, came_back::int as "cameBack", reason,
        queue_id as "queueId", coalesce(queue_name, queue_id) as queue, coalesce(teammate_name, user_id, 'unknown') as teammate
      from reporting.removals where ${isChosen} and is_mass
      order by removed_at desc, numbers desc, queue_id limit ${SHOWN}`,
  )
  return { ...sums, lastMassRemovals }
}
