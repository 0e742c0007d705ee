/**
 * What came of answered dials, from `calls`: conversations, conversions, phone menus and the time people talked. Counted in
 * the period of the page, as `funnel` counts whole days. How many dials there were, and were answered, is in people.ts.
 */
import { type SQL, sql } from 'drizzle-orm'
import { run } from '../store/postgres/query.ts'
import { countWhere, isAsked, type Rate, rateOf, type Scope, within } from './scope.ts'

export interface Funnel {
  readonly total: AnsweredCalls
  /** Most conversations first; without those of whose dials no details were ever to be asked for. */
  readonly teammates: readonly (AnsweredCalls & { readonly userId: string })[]
}

/** Of answered dials. Nothing is counted of those whose details are not known. */
export interface AnsweredCalls {
  /** Whose details are known, are still to be asked for, or were given up. Of others no details are asked for. */
  readonly known: number
  readonly waiting: number
  readonly givenUp: number
  /** Longer than 60 seconds and not with a phone menu, of known ones. */
  readonly conversations: Rate
  /** With a tag of CONVERSION_TAGS, of known ones. Null: of no known one it can be said. */
  readonly conversions: Rate | null
  /** Known ones that say which tags they have. If there are some and `conversions` is null, CONVERSION_TAGS is not set. */
  readonly tagged: number
  readonly phoneMenus: number
  /** Of known ones, and of answered calls whose dial has no result yet. */
  readonly talkSeconds: number
  /** Of known ones. Null: there are none. */
  readonly medianTalkSeconds: number | null
}

const noRate: Rate = { part: 0, whole: 0, rate: null, low: null, high: null }
export const noCalls: AnsweredCalls = {
  known: 0,
  waiting: 0,
  givenUp: 0,
  conversations: noRate,
  conversions: null,
  tagged: 0,
  phoneMenus: 0,
  talkSeconds: 0,
  medianTalkSeconds: null,
}

/** Whether a call is a conversion is looked up in its tags: once for each call. */
export async function funnelOf(scope: Scope): Promise<Funnel> {
  const known = countWhere(isKnown)
  const ofKnown = (condition: SQL) => rateOf(countWhere(sql`${isKnown} and ${condition}`), known)
  const rows = await run<AnsweredCalls & { userId: string | null }>(
    scope.client,
    sql`with chosen as materialized (
        select user_id, details_state, is_connected, is_conversation, is_phone_menu, talk_seconds,
          case when ${isKnown} then is_conversion end as is_conversion,
          case when ${isKnown} then tags is not null end as is_tagged
        from reporting.calls where ${isAsked(scope)} and ${within(sql`counted_at`, scope.period)})
      select user_id as "userId", ${known}::int as known,
        ${countWhere(sql`is_connected and details_state = 'waiting'`)}::int as waiting,
        ${countWhere(sql`is_connected and details_state = 'given_up'`)}::int as "givenUp",
        ${ofKnown(sql`is_conversation`)} as conversations,
        case when count(is_conversion) > 0 then ${ofKnown(sql`is_conversion`)} end as conversions,
        ${countWhere(sql`is_tagged`)}::int as tagged, ${countWhere(sql`${isKnown} and is_phone_menu`)}::int as "phoneMenus",
        coalesce(sum(talk_seconds), 0)::float8 as "talkSeconds",
        percentile_cont(0.5) within group (order by talk_seconds) filter (where ${isKnown}) as "medianTalkSeconds"
      from chosen group by grouping sets ((user_id), ())
      order by ${countWhere(sql`${isKnown} and is_conversation`)} desc, known desc, user_id`,
  )
  const { userId: _, ...total } = rows.find(({ userId }) => userId === null) ?? { ...noCalls, userId: null }
  const teammates = rows.flatMap(({ userId, ...calls }) => (userId === null ? [] : [{ userId, ...calls }]))
  return { total, teammates }
}

const isKnown = sql`(is_connected and details_state = 'known')`
