/** How far queues got: those that are current, and those that ended in the period, with what their end threw away. */
import { instant, type Rate, type Scope } from './scope.ts'

export interface Queues {
  /** Of all that ended in the period. */
  readonly ended: {
    readonly queues: number
    readonly resets: number
    readonly uncalled: number
  }
  /** Most that remains first; some of them. */
  readonly current: readonly Queue[]
  /** Those of which it is not known whether they still are, included. */
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
const nothing = { ids: [], currentCount: 0, unknownCount: 0, queues: 0, resets: 0, uncalled: 0 }

/** Chosen before the view is asked, since it counts every number and dial of each queue it is asked for. */
export async function queuesOf(scope: Scope): Promise<Queues> {
  const { client, teamId, filters, period } = scope
  const { rows } = await client.query<{
    ids: readonly string[]
    currentCount: number
    unknownCount: number
    queues: number
    resets: number
    uncalled: number
  }>(
    `with chosen as (
       select q.queue_id, q.is_current, q.ended_at, q.end_reason, s.remaining,
         row_number() over (partition by q.ended_at is null order by q.ended_at desc, s.remaining desc, q.queue_id) as nth
       from allo.queues q
       left join lateral (
         select remaining from allo.queue_snapshots where queue_id = q.queue_id order by observed_at desc limit 1
       ) s on true
       where q.team_id = $1 and ($2::text is null or q.user_id = $2)
         and case when $3::text is null then q.ended_at is null and q.is_current is not false or q.ended_at > $4::timestamptz
           else q.queue_id = $3 end
     )
     select coalesce(array_agg(queue_id) filter (where nth <= ${SHOWN}), '{}') as ids,
       count(*) filter (where ended_at is null)::int as "currentCount",
       count(*) filter (where is_current is null)::int as "unknownCount", count(ended_at)::int as queues, count(*) filter (where end_reason = 'queue_replaced')::int as resets,
       coalesce(sum(remaining) filter (where ended_at is not null), 0)::int as uncalled
     from chosen`,
    [teamId, filters.teammate, filters.queue, period.from],
  )
  const { ids, currentCount, unknownCount, ...ended } = rows[0] ?? nothing
  const queues = await queuesWith(scope, ids)
  return {
    ended,
    currentCount,
    unknownCount,
    current: queues.filter(({ endedAt }) => endedAt === null),
    past: queues.filter(({ endedAt }) => endedAt !== null),
  }
}

async function queuesWith({ client, teamId }: Scope, ids: readonly string[]): Promise<Queue[]> {
  const rate = (part: string, whole: string, name: string) =>
    `json_build_object('part', ${part}, 'whole', ${whole}, 'rate', ${name}_rate, 'low', ${name}_rate_low, 'high', ${name}_rate_high)`
  const { rows } = await client.query<Queue>(
    `select queue_id as "queueId", coalesce(queue_name, queue_id) as name, user_id as "userId",
       coalesce(teammate_name, user_id) as teammate, queue_state as state, ${instant('first_seen_at')} as "firstSeenAt",
       ${instant('ended_at')} as "endedAt", end_reason as "endReason", numbers, remaining,
       json_build_object('part', dialled_ever, 'whole', numbers_ever, 'rate', penetration_rate) as penetration,
       ${rate('connected_dials', 'resolved_dials', 'connection')} as connected,
       median_seconds_to_first_dial as "medianSecondsToFirstDial", uncalled_at_end as "uncalledAtEnd",
       unseen_seconds_before_end as "unseenSecondsBeforeEnd"
     from reporting.queues where team_id = $1 and queue_id = any ($2)
     order by ended_at desc nulls first, remaining desc, name, queue_id`,
    [teamId, ids],
  )
  return rows
}
