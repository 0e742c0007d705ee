/** How far queues got: those that are current, and those that ended in the period, with what was left uncalled. */
import { sql } from 'drizzle-orm'
import { anyOf, one, run } from '../store/postgres/query.ts'
import { instant } from './instant.ts'
import { countWhere, isOfTeammate, type Rate, type Scope, within } from './scope.ts'

export interface Queues {
  /** Of all that ended in the period. */
  readonly ended: {
    readonly queues: number
    readonly resets: number
    readonly uncalled: number
  }
  /** Held by a teammate now: what is left in them is left to call. */
  readonly current: OpenQueues
  /** Neither ended nor known to be held. What was left when they were read last is not left to call. */
  readonly unknown: OpenQueues
  /** Last ended first; some of them. */
  readonly past: readonly Queue[]
}

export interface OpenQueues {
  readonly queues: number
  readonly remaining: number
  /** Most that remains first; some of them. */
  readonly shown: readonly Queue[]
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

interface OfState {
  readonly queues: number
  readonly remaining: number
  readonly ids: readonly string[]
}

interface Chosen {
  readonly current: OfState
  readonly unknown: OfState
  readonly past: OfState
  readonly ended: Queues['ended']
}

/**
 * First chooses by columns that cost little, then asks for the figures of those shown: they count all numbers and dials
 * of a queue. A queue is current if its holder has it now, as in the tile of what is left to call.
 */
export async function queuesOf(scope: Scope): Promise<Queues> {
  const { client, filters, period, teamId } = scope
  const isOfPeriod = within(sql`ended_at`, period)
  const isChosen =
    filters.queue === null ? sql`(queue_state <> 'ended' or ${isOfPeriod})` : sql`queue_id = ${filters.queue}`
  const ofState = (state: string) => sql`json_build_object('queues', ${countWhere(sql`state = ${state}`)},
      'remaining', coalesce(sum(remaining) filter (where state = ${state}), 0),
      'ids', coalesce(json_agg(queue_id order by nth) filter (where state = ${state} and nth <= ${SHOWN}), '[]'))`
  const { current, unknown, past, ended } = await one<Chosen>(
    client,
    sql`with held as (
        select queue_id from reporting.teammates where team_id = ${teamId} and (is_listed or left_at is null)
      ), chosen as (
        select *, row_number() over (partition by state order by ended_at desc, remaining desc, queue_id) as nth
        from (
          select queue_id, ended_at, end_reason, uncalled_at_end, remaining,
            case when queue_state = 'ended' then 'ended'
              when queue_id in (select queue_id from held where queue_id is not null) then 'current' else 'unknown' end as state
          from reporting.queues where ${isOfTeammate(scope)} and ${isChosen}
        ) judged
      )
      select ${ofState('current')} as current, ${ofState('unknown')} as unknown, ${ofState('ended')} as past,
        json_build_object('queues', ${countWhere(isOfPeriod)},
          'resets', ${countWhere(sql`${isOfPeriod} and end_reason = 'queue_replaced'`)},
          'uncalled', coalesce(sum(uncalled_at_end) filter (where ${isOfPeriod}), 0)) as ended
      from chosen`,
  )
  const queues = await queuesWith(scope, [...current.ids, ...unknown.ids, ...past.ids])
  const shown = ({ ids }: OfState) => queues.filter(({ queueId }) => ids.includes(queueId))
  const open = ({ ids, ...counts }: OfState) => ({ ...counts, shown: shown({ ids, ...counts }) })
  return { ended, current: open(current), unknown: open(unknown), past: shown(past) }
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
