/**
 * Plans looks: who is looked at, and when. All processes of a team plan together in Postgres, so that each look is
 * planned once, and all looks together stay within their share of the read budget.
 *
 *   a change within two minutes ────────────▶ every 10 seconds
 *   a call in progress, not 15 minutes old ─▶ every 10 seconds
 *   a change within an hour ────────────────▶ every 30 seconds
 *   older ──────────────────────────────────▶ every two minutes
 *   no queue, or its holder is unknown ─────▶ never
 *   a look was unexpected, or got no answer ▶ after 10 seconds, 20, 40 … to five minutes, until one counts
 *
 * If that is more than the share allows, the most overdue come first, measured in their own intervals: so all intervals
 * stretch evenly. There are no looks while a pass makes progress: looks may catch up with what their share left unused
 * meanwhile. There are none during a pause after a 429. After it the share grows back within five minutes. With a daily
 * quota, looks get what the passes of the day leave, spread over the day.
 */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { alias, type PgColumn } from 'drizzle-orm/pg-core'
import { type Client, inTransaction, type Pool } from '../postgres/database.ts'
import { assign, excluded, insertion, maybeOne, name, names, orm, run, template } from '../postgres/query.ts'
import { dials, looks, queueAssignments, queueSnapshots, queues, syncReads, teammates } from '../schema.ts'
import { type LookBudget, lockLookBudget, milliseconds, spendOnLooks } from './look-budget.ts'

export interface PlannedLook {
  readonly userId: string
  readonly plannedAt: string
  /** Milliseconds from now, not negative. */
  readonly inMs: number
}

export interface Plan {
  /** Null: no pass of this key has named its team yet. */
  readonly teamId: string | null
  readonly planned: readonly PlannedLook[]
  /** Why fewer looks were planned than are due; null: all were. */
  readonly heldBackBy: 'pause' | 'pass' | 'quota' | 'share' | null
}

const r = alias(syncReads, 'r')
const l = alias(looks, 'l')
const q = alias(queues, 'q')
const t = alias(teammates, 't')
const a = alias(queueAssignments, 'a')
const c = alias(queueSnapshots, 'c')
const d = alias(dials, 'd')
const now = sql`clock_timestamp()`

/** More looks than that in one plan would not be handed out in time. */
const MOST_PLANNED = 500

/** Plans the looks of the next `aheadMs`. */
export async function planLooks(pool: Pool, budget: LookBudget, aheadMs: number): Promise<Plan> {
  return inTransaction(pool, 'planning looks', async (client) => {
    const state = await lockLookBudget(client, budget, aheadMs)
    if (state === null || state.teamId === null) return { teamId: null, planned: [], heldBackBy: null }
    const { teamId, isPaused, isPassBusy } = state
    if (isPaused || isPassBusy) return { teamId, planned: [], heldBackBy: isPaused ? 'pause' : 'pass' }
    const { intervalMs, free } = state
    if (intervalMs === null) return { teamId, planned: [], heldBackBy: 'quota' }
    const most = Math.min(intervalMs > 0 ? free : MOST_PLANNED, MOST_PLANNED)
    const planned = await run<PlannedLook>(client, plan({ teamId, aheadMs, most }))
    await spendOnLooks(client, { ...budget, intervalMs, requests: planned.length })
    await forgetOldLooks(client, teamId)
    return { teamId, planned, heldBackBy: planned.length === most ? 'share' : null }
  })
}

interface Planning {
  readonly teamId: string
  readonly aheadMs: number
  readonly most: number
}

const plannedLook = sql`${l.userId} as "userId", ${l.plannedAt} as "plannedAt",
  greatest(0, extract(epoch from ${l.plannedAt} - ${now}) * 1000)::float8 as "inMs"`

const plan = template<Planning>(({ teamId, aheadMs, most }) => {
  const lastChange = sql`select ${c.observedAt} as at
    from ${queueSnapshots} ${c} where ${c.queueId} = ${q.queueId} order by ${c.observedAt} desc limit 1`
  // Not the count of calls in progress: some are never closed at Allo, and would count for as long as the queue lives.
  const isInCall = sql`exists (select from ${dials} ${d}
    where ${d.userId} = ${t.userId} and ${d.queueId} = ${q.queueId} and ${d.outcome} = 'in_progress'
      and coalesce(${d.dialledAt}, ${d.firstSeenAt}) > ${now} - interval '15 minutes')`
  const usual = sql`case when change.at > ${now} - interval '2 minutes' or ${isInCall} then 10
    when change.at > ${now} - interval '1 hour' then 30 else 120 end`
  const afterUnexpected = sql`least(300, 10 * 2 ^ least(${l.unexpectedInARow} - 1, 5))`
  const everySeconds = sql`case when ${l.unexpectedInARow} > 0 then greatest(${usual}, ${afterUnexpected}) else ${usual} end`
  return sql`with candidate as (
      select ${t.userId}, ${l.plannedAt} as last_planned_at, (${everySeconds})::float8 as every_seconds
      from ${lookedAt(teamId, sql`left join lateral (${lastChange}) change on true`)}
    ), due as (
      select user_id, last_planned_at + make_interval(secs => every_seconds) as due_at,
        row_number() over (order by extract(epoch from ${now} - last_planned_at) / every_seconds desc nulls first, user_id) as nth
      from candidate
      where last_planned_at is null or last_planned_at + make_interval(secs => every_seconds) < ${now} + ${milliseconds(aheadMs)}
    ), planned as (select *, count(*) over () as looks from due where nth <= ${most})
    insert into ${looks} as l (${names(looks, 'userId', 'teamId', 'plannedAt')})
    select user_id, ${teamId}::text, greatest(due_at, ${now} + ${milliseconds(sql`${aheadMs}::float8 * (nth - 1) / looks`)})
    from planned
    on conflict (${name(looks.userId)}) do update
      set ${assign(looks, { plannedAt: excluded(looks.plannedAt), teamId: excluded(looks.teamId) })}
    returning ${plannedLook}`
})

/** Whether the last pass left the teammate out by configuration. Null: no pass recorded them. */
export function wasLeftOut(userId: PgColumn): SQL {
  return sql`(select ${r.errorCode} = 'not_asked' from ${syncReads} ${r}
    where ${r.userId} = ${userId} order by ${r.observedAt} desc limit 1)`
}

/** Before looks that are only due, which then wait until it is paid back; or only from what the share leaves now. */
const AHEAD_MS = { urgent: 60_000, spare: 0 }
export type Urgency = keyof typeof AHEAD_MS

/**
 * Plans one look at the teammate now, or a second after their last one. Null: the teammate is not looked at, a look is
 * planned for the next second anyway, the share is spent, or there is a pause.
 */
export function planLookNow(
  pool: Pool,
  budget: LookBudget,
  userId: string,
  urgency: Urgency,
): Promise<PlannedLook | null> {
  return inTransaction(pool, 'planning a look', async (client) => {
    const state = await lockLookBudget(client, budget, AHEAD_MS[urgency])
    if (state === null || state.teamId === null || state.isPaused) return null
    const { intervalMs, free } = state
    if (intervalMs === null || (intervalMs > 0 && free === 0)) return null
    const look = await maybeOne<PlannedLook>(client, planNow({ teamId: state.teamId, userId }))
    if (look !== null) await spendOnLooks(client, { ...budget, intervalMs, requests: 1 })
    return look
  })
}

const planNow = template<{ teamId: string; userId: string }>(({ teamId, userId }) => {
  const row = insertion(looks, { userId: t.userId, teamId: sql`${teamId}::text`, plannedAt: now })
  const soon = sql`case when ${l.plannedAt} > ${now} then ${now}
    else greatest(${now}, ${l.plannedAt} + interval '1 second') end`
  return sql`insert into ${looks} as l ${row} from ${lookedAt(teamId)} and ${t.userId} = ${userId}
    on conflict (${name(looks.userId)}) do update set ${assign(looks, { plannedAt: soon })}
      where ${l.plannedAt} not between ${now} and ${now} + interval '1 second'
    returning ${plannedLook}`
})

/** Teammates `t` with their queues `q`, and what `more` joins: each who holds a queue for certain, and whom passes read. */
function lookedAt(teamId: SQL, more = sql``): SQL {
  return sql`${teammates} ${t}
    join ${queues} ${q} on ${q.userId} = ${t.userId} and ${q.isCurrent} and ${q.missingSince} is null
    join ${queueAssignments} ${a} on ${a.userId} = ${t.userId} and ${a.queueId} = ${q.queueId}
      and ${a.validTo} is null and ${a.missingSince} is null
    left join ${looks} ${l} on ${l.userId} = ${t.userId}
    ${more}
    where ${t.teamId} = ${teamId} and ${t.isListed} and ${wasLeftOut(t.userId)} is not true`
}

/** Removes what was planned for teammates of the team who hold no queue any more. */
async function forgetOldLooks(client: Client, teamId: string): Promise<void> {
  const isOld = sql`${looks.plannedAt} < ${now} - interval '1 hour'`
  await orm(client)
    .delete(looks)
    .where(and(eq(looks.teamId, teamId), isOld))
}
