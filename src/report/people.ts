/** How much each teammate dialled and reached, in the period and in the one before; and how their queue stands. */
import { areAsked, askedOf, instant, type Rate, rateOf, type Scope } from './scope.ts'
import { unreadSeconds } from './unread.ts'

export interface People {
  readonly total: Activity
  /** Most people reached first. */
  readonly teammates: readonly Person[]
}

export interface Activity {
  readonly dials: number
  /** People reached, of dials with a result. */
  readonly connected: Rate
  readonly voicemail: number
  readonly notReached: number
  readonly previousDials: number
  readonly previousConnected: Rate
}

export interface Person extends Standing, Activity {
  /** Seconds of the period, and of the one before, in which nobody looked. */
  readonly unreadSeconds: number
  readonly previousUnreadSeconds: number
}

export interface Standing {
  readonly userId: string
  readonly name: string
  readonly isOnTeam: boolean
  readonly leftAt: string | null
  /** Null: never. */
  readonly readAt: string | null
  readonly queueState: 'queue' | 'no_queue' | 'unknown'
  /** These are null unless `queueState` is `queue`. */
  readonly queueId: string | null
  readonly numbers: number | null
  readonly remaining: number | null
}

export async function peopleOf(scope: Scope): Promise<People> {
  const { total, byTeammate } = await activityOf(scope)
  const unread = await unreadSeconds(scope, [scope.period, scope.period.previous])
  const teammates = (await standingsOf(scope)).map((standing): Person => {
    const [unreadSeconds = 0, previousUnreadSeconds = 0] = unread.get(standing.userId) ?? []
    const activity = byTeammate.get(standing.userId) ?? nothing
    return { ...standing, ...activity, unreadSeconds, previousUnreadSeconds }
  })
  const rank = ({ connected, dials }: Person) => connected.part * 1e9 + dials
  return { total, teammates: teammates.sort((a, b) => rank(b) - rank(a)) }
}

const noRate: Rate = { part: 0, whole: 0, rate: null, low: null, high: null }
const nothing: Activity = {
  dials: 0,
  connected: noRate,
  voicemail: 0,
  notReached: 0,
  previousDials: 0,
  previousConnected: noRate,
}

async function activityOf(scope: Scope) {
  const { client, period } = scope
  const count = (which: string) => `count(*) filter (where ${which})`
  const { rows } = await client.query<Activity & { userId: string | null }>(
    `select user_id as "userId", ${count('is_now')}::int as dials,
       ${rateOf(count('is_now and is_connected'), count('is_now and is_resolved'))} as connected,
       ${count(`is_now and outcome = 'voicemail'`)}::int as voicemail,
       ${count(`is_now and outcome = 'not_reached'`)}::int as "notReached",
       ${count('not is_now')}::int as "previousDials",
       ${rateOf(count('not is_now and is_connected'), count('not is_now and is_resolved'))} as "previousConnected"
     from (select user_id, outcome, is_resolved, is_connected, counted_at > $5::timestamptz as is_now
           from reporting.dials
           where ${areAsked} and counted_at > $4::timestamptz and counted_at <= $6::timestamptz) of_both
     group by grouping sets ((user_id), ())`,
    [...askedOf(scope), period.previous.from, period.from, period.to],
  )
  const byTeammate = new Map(rows.map(({ userId, ...activity }) => [userId, activity]))
  return { total: byTeammate.get(null) ?? nothing, byTeammate }
}

/** Those on the team now or in either period; of a queue, who dialled in it or holds it. */
async function standingsOf({ client, teamId, period, filters }: Scope): Promise<Standing[]> {
  const { rows } = await client.query<Standing>(
    `select user_id as "userId", coalesce(teammate_name, user_id) as name, is_listed or left_at is null as "isOnTeam",
       ${instant('left_at')} as "leftAt", ${instant('data_as_of')} as "readAt", queue_state as "queueState",
       queue_id as "queueId", numbers, remaining
     from reporting.teammates
     where team_id = $1 and (is_listed or left_at is null or left_at > $2::timestamptz)
       and ($3::text is null or user_id = $3)
       and ($4::text is null or user_id in (
         select user_id from allo.queues where queue_id = $4 union select user_id from allo.dials where queue_id = $4))
     order by name, user_id`,
    [teamId, period.previous.from, filters.teammate, filters.queue],
  )
  return rows
}
