/** How far queues got: those that are current, and those that ended in the period, with what was left uncalled. */
import { sql } from 'drizzle-orm'
import { anyOf, one, run } from '../store/postgres/query.ts'
import { countWhere, instant, isOfTeammate, type Rate, type Scope } from './scope.ts'

export interface Queues {
  /** Of all that ended in the period. */
  readonly ended: {
    readonly queues: number
    readonly resets: number
    readonly uncalled: number
  }
  /** Most that remains first; some of them. */
  readonly current: readonly Queue[]
  /** Includes those of which it is not known whether they are. */
  readonly currentCount: number
  readonly unknownCount: number
  /** Last ended first; some of them. */
  readonly past: readonly Queue[]
}

export interface Queue {
  readonly queueId: string
  readonly name: string
  readonly userId: string
  readonly teammate: string
  readonly state: 'current' | 'ended' | 'unknown'
  readonly firstSeenAt: string
  readonly endedAt: string | null
  readonly endReason: string | null
  readonly numbers: number
  readonly remaining: number
  readonly penetration: Rate
  readonly connected: Rate
  readonly medianSecondsToFirstDial: number | null
  /** Null: not ended. */
  readonly uncalledAtEnd: number | null
  readonly unseenSecondsBeforeEnd: number | null
}

const SHOWN = 20

type Chosen = Queues['ended'] &
  Pick<Queues, 'currentCount' | 'unknownCount'> & { readonly ids: readonly string[] }

/** First chooses by columns that cost little, then asks for the figures of those shown: they count all numbers and dials of a queue. */
export async function queuesOf(scope: Scope): Promise<Queues> {
  const { client, filters, period } = scope
  const isChosen =
    filters.queue === null
      ? sql`(ended_at is null and queue_state <> 'ended' or ended_at > ${period.from}::timestamptz)`
      : sql`queue_id = ${filters.queue}`
  const { ids, currentCount, unknownCount, ...ended } = await one<Chosen>(
    client,
    sql`with chosen as (
        select queue_id, queue_state, ended_at, end_reason, uncalled_at_end,
          row_number() over (partition by ended_at is null order by ended_at desc, remaining desc, queue_id) as nth
        from reporting.queues where ${isOfTeammate(scope)} and ${isChosen}
      )
      select coalesce(array_agg(queue_id) filter (where nth <= ${SHOWN}), '{}') as ids,
        ${countWhere(sql`ended_at is null`)}::int as "currentCount",
        ${countWhere(sql`queue_state = 'unknown'`)}::int as "unknownCount", count(ended_at)::int as queues,
        ${countWhere(sql`end_reason = 'queue_replaced'`)}::int as resets, coalesce(sum(uncalled_at_end), 0)::int as uncalled
      from chosen`,
  )
  const queues = await queuesWith(scope, ids)
  return {
    ended,
    currentCount,
    unknownCount,
    current: queues.filter(({ endedAt }) => endedAt === null),
    past: queues.filter(({ endedAt }) => endedAt !== null),
  }
}

function queuesWith({ client, teamId }: Scope, ids: readonly string[]): Promise<Queue[]> {
  return run<Queue>(
    client,
    sql`select queue_id as "queueId", coalesce(queue_name, queue_id) as name, user_id as "userId",
        coalesce(teammate_name, user_id) as teammate, queue_state as state, ${instant(sql`first_seen_at`)} as "firstSeenAt",
        ${instant(sql`ended_at`)} as "endedAt", end_reason as "endReason", numbers, remaining,
        json_build_object('part', dialled_ever, 'whole', numbers_ever, 'rate', penetration_rate) as penetration,
        json_build_object('part', connected_dials, 'whole', resolved_dials, 'rate', connection_rate,
          'low', connection_rate_low, 'high', connection_rate_high) as connected,
        median_seconds_to_first_dial as "medianSecondsToFirstDial", uncalled_at_end as "uncalledAtEnd",
        unseen_seconds_before_end as "unseenSecondsBeforeEnd"
      from reporting.queues where team_id = ${teamId} and queue_id ${anyOf(ids)}
      order by ended_at desc nulls first, remaining desc, name, queue_id`,
  )
}
