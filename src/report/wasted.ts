/** Dials of the period that were not needed, from `wasted_dials`: how many, why, and by whom. */
import { sql } from 'drizzle-orm'
import { run } from '../store/postgres/query.ts'
import { hasMoreDials } from './attempts.ts'
import { countWhere, isAsked, type Scope, within } from './scope.ts'

export interface WastedDials extends ByReason {
  /** There are too many dials to look up the earlier ones of each while the page waits: all counts are 0 then. */
  readonly isTooMuch: boolean
  /** Most such dials first; without those who made none. */
  readonly teammates: readonly (ByReason & { readonly userId: string; readonly name: string })[]
}

/** Each dial counts for the first reason that applies, so that reasons can be added up. */
export interface ByReason {
  readonly dials: number
  readonly connectedBefore: number
  readonly notInService: number
  readonly tooSoon: number
}

const none = { dials: 0, connectedBefore: 0, notInService: 0, tooSoon: 0 }

export async function wastedDialsOf(scope: Scope): Promise<WastedDials> {
  const { client, period } = scope
  if (await hasMoreDials(scope, period)) return { ...none, isTooMuch: true, teammates: [] }
  const rows = await run<ByReason & { userId: string | null; name: string }>(
    client,
    sql`select user_id as "userId", coalesce(teammate_name, user_id) as name, count(*)::int as dials,
        ${countWhere(sql`reason = 'connected_before'`)}::int as "connectedBefore",
        ${countWhere(sql`reason = 'not_in_service'`)}::int as "notInService",
        ${countWhere(sql`reason = 'too_soon'`)}::int as "tooSoon"
      from reporting.wasted_dials where ${isAsked(scope)} and ${within(sql`counted_at`, period)}
      group by grouping sets ((user_id, teammate_name), ())
      order by dials desc, name, user_id`,
  )
  const {
    userId: _,
    name: __,
    ...total
  } = rows.find(({ userId }) => userId === null) ?? { ...none, userId: null, name: '' }
  const teammates = rows.flatMap(({ userId, ...row }) => (userId === null ? [] : [{ userId, ...row }]))
  return { isTooMuch: false, ...total, teammates }
}
