/**
 * Plans looks: who is looked at, and when. All processes of a team plan together in Postgres, so that each look is
 * planned once, and all looks together stay within their share of the read budget.
 *
 *   queue with a change within two minutes, or a call in progress ─▶ every 10 seconds
 *   a change within an hour ────────────────▶ every 30 seconds
 *   older ──────────────────────────────────▶ every two minutes
 *   no queue, or its holder is unknown ─────▶ never
 *   a look was unexpected, or got no answer ▶ after 10 seconds, 20, 40 … to five minutes, until one counts
 *
 * If that is more than the share allows, the most overdue come first, measured in their own intervals: so all intervals
 * stretch evenly. There are no looks while a pass makes progress, nor during a pause after a 429. After it the share
 * grows back within five minutes. With a daily quota, looks get what the passes of the day leave, spread over the day.
 */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { alias, type PgColumn } from 'drizzle-orm/pg-core'
import { type Client, inTransaction, type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { lock } from '../postgres/locks.ts'
import {
  assign,
  change,
  excluded,
  insertion,
  maybeOne,
  name,
  names,
  orm,
  run,
  template,
} from '../postgres/query.ts'
import { lastWholePass, requestsToday } from '../queries/daily-requests.ts'
import {
  apiKeys,
  looks,
  queueAssignments,
  queueSnapshots,
  queues,
  readSlots,
  syncPasses,
  syncReads,
  teammates,
} from '../schema.ts'

export interface LookBudget {
  readonly keyFingerprint: string
  /** Milliseconds between two requests of looks at their full share; 0: unlimited. */
  readonly intervalMs: number
  /** Of all requests; null: there is no quota. */
  readonly dailyRequests: number | null
}

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

const k = alias(apiKeys, 'k')
const s = alias(readSlots, 's')
const p = alias(syncPasses, 'p')
const r = alias(syncReads, 'r')
const l = alias(looks, 'l')
const q = alias(queues, 'q')
const t = alias(teammates, 't')
const a = alias(queueAssignments, 'a')
const c = alias(queueSnapshots, 'c')
const now = sql`clock_timestamp()`

/** More looks than that in one plan would not be handed out in time. */
const MOST_PLANNED = 500

/** Plans the looks of the next `aheadMs`. */
export async function planLooks(pool: Pool, budget: LookBudget, aheadMs: number): Promise<Plan> {
  return inTransaction(pool, 'planning looks', async (client) => {
    await lock(client, sql`select ${lockName(budget)}::text as name`)
    const state = await maybeOne<BudgetState>(client, budgetState({ ...budget, aheadMs }))
    if (state === null || state.teamId === null) return { teamId: null, planned: [], heldBackBy: null }
    const { teamId, isPaused, isPassBusy } = state
    if (isPaused || isPassBusy) return { teamId, planned: [], heldBackBy: isPaused ? 'pause' : 'pass' }
    const { intervalMs, free } = state
    if (intervalMs === null) return { teamId, planned: [], heldBackBy: 'quota' }
    const most = Math.min(intervalMs > 0 ? free : MOST_PLANNED, MOST_PLANNED)
    const planned = await run<PlannedLook>(client, plan({ teamId, aheadMs, most, apartMs: intervalMs }))
    await spend(client, budget, intervalMs * planned.length)
    await forgetOldLooks(client, teamId)
    return { teamId, planned, heldBackBy: planned.length === most ? 'share' : null }
  })
}

interface BudgetState {
  readonly teamId: string | null
  readonly isPaused: boolean
  readonly isPassBusy: boolean
  /** Between two requests of looks now; 0: unlimited; null: the passes of the day need the rest of the quota. */
  readonly intervalMs: number | null
  /** Requests that may be planned now, if they are limited. */
  readonly free: number
}

/** After a pause the share of looks grows back within this time. */
export const RECOVERY_SECONDS = 300
/** A pass that recorded nothing for longer waits for something, and leaves the budget unused. */
const BUSY_SECONDS = 3

const budgetState = template<LookBudget & { aheadMs: number }>((budget) => {
  const { keyFingerprint, intervalMs, dailyRequests, aheadMs } = budget
  const lastRead = sql`(select max(${r.observedAt}) from ${syncReads} ${r} where ${r.passId} = ${p.passId})`
  const busy = sql`exists (select from ${syncPasses} ${p}
    where ${p.teamId} = ${k.teamId} and ${p.status} = 'running' and ${p.trigger} <> 'look'
      and greatest(${p.startedAt}, ${lastRead}) > ${now} - ${milliseconds(sql.raw(`${BUSY_SECONDS * 1000}`))})`
  const shareNow = sql`least(1, greatest(0.02, coalesce(
    extract(epoch from ${now} - ${k.pausedUntil}) / ${sql.raw(`${RECOVERY_SECONDS}`)}, 1)))::float8`
  const roomMs = sql`extract(epoch from ${now} - greatest(${s.nextLookAt}, ${now})) * 1000 + ${aheadMs}::float8`
  return sql`select ${k.teamId} as "teamId", coalesce(${k.pausedUntil} > ${now}, false) as "isPaused",
      ${busy} as "isPassBusy", apart.ms as "intervalMs",
      case when apart.ms > 0 then greatest(0, floor((${roomMs})::float8 / apart.ms))::int else 0 end as free
    from ${apiKeys} ${k} join ${readSlots} ${s} on ${s.keyFingerprint} = ${k.keyFingerprint}
    cross join lateral (${restOfDay({ keyFingerprint, dailyRequests })}) rest
    cross join lateral (select case when rest.requests is null then ${intervalMs}::float8 / ${shareNow}
      when rest.requests > 0 then greatest(${intervalMs}::float8 / ${shareNow}, rest.seconds * 1000 / rest.requests)
      end as ms) apart
    where ${k.keyFingerprint} = ${keyFingerprint}`
})

/** One row: seconds until the quota of the next day, and the requests that looks may send until then; null: any. */
function restOfDay({ keyFingerprint, dailyRequests }: { keyFingerprint: SQL; dailyRequests: SQL }): SQL {
  const seconds = sql`extract(epoch from date_trunc('day', ${now}, 'UTC') + interval '1 day' - ${now})::float8`
  const ofPasses = sql`coalesce((select pass.requests * ceil(left_over.seconds / nullif(pass.seconds, 0))
    from (${lastWholePass(k.teamId)}) pass), 0)`
  return sql`select left_over.seconds,
      (${dailyRequests}::int - ${requestsToday(keyFingerprint)} - ${ofPasses})::float8 as requests
    from (select ${seconds} as seconds) left_over`
}

interface Planning {
  readonly teamId: string
  readonly aheadMs: number
  readonly most: number
  /** Between two looks that are both due now. */
  readonly apartMs: number
}

const plan = template<Planning>(({ teamId, aheadMs, most, apartMs }) => {
  // A call may take long, and one that was never closed is no longer in progress.
  const lastChange = sql`select ${c.observedAt} as at,
      ${c.observedAt} > ${now} - case when ${c.inProgress} > 0 then interval '15 minutes' else interval '2 minutes' end as is_dialling
    from ${queueSnapshots} ${c} where ${c.queueId} = ${q.queueId} order by ${c.observedAt} desc limit 1`
  const usual = sql`case when change.is_dialling then 10
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
    )
    insert into ${looks} as l (${names(looks, 'userId', 'teamId', 'plannedAt')})
    select user_id, ${teamId}::text, greatest(due_at, ${now} + ${milliseconds(sql`(nth - 1) * ${apartMs}::float8`)})
    from due where nth <= ${most} and (due_at is null or due_at < ${now} + ${milliseconds(aheadMs)})
    on conflict (${name(looks.userId)}) do update
      set ${assign(looks, { plannedAt: excluded(looks.plannedAt), teamId: excluded(looks.teamId) })}
    returning ${l.userId} as "userId", ${l.plannedAt} as "plannedAt",
      greatest(0, extract(epoch from ${l.plannedAt} - ${now}) * 1000)::float8 as "inMs"`
})

/** Whether the last pass left the teammate out by configuration. Null: no pass recorded them. */
export function wasLeftOut(userId: PgColumn): SQL {
  return sql`(select ${r.errorCode} = 'not_asked' from ${syncReads} ${r}
    where ${r.userId} = ${userId} order by ${r.observedAt} desc limit 1)`
}

const spendLooks = template<{ keyFingerprint: string; ms: number }>(
  ({ keyFingerprint, ms }) => sql`update ${readSlots} ${s}
    set ${assign(readSlots, { nextLookAt: sql`greatest(${s.nextLookAt}, ${now}) + ${milliseconds(ms)}` })}
    where ${s.keyFingerprint} = ${keyFingerprint}`,
)

/** Holds all looks back for some time, or until the requests that took it are paid for. */
export function delayLooks(pool: Pool, keyFingerprint: string, ms: number): Promise<unknown> {
  return withDatabaseErrors('delaying looks', () => change(pool, spendLooks({ keyFingerprint, ms })))
}

/**
 * Plans one look at the teammate now, beside the others, but for at most a minute of the share ahead. Null: the
 * teammate is not looked at, a look is planned for the next second anyway, the share is spent, or there is a pause.
 */
export function planLookNow(pool: Pool, budget: LookBudget, userId: string): Promise<PlannedLook | null> {
  return inTransaction(pool, 'planning a look', async (client) => {
    await lock(client, sql`select ${lockName(budget)}::text as name`)
    const state = await maybeOne<BudgetState>(client, budgetState({ ...budget, aheadMs: URGENT_AHEAD_MS }))
    if (state === null || state.teamId === null || state.isPaused) return null
    const { intervalMs, free } = state
    if (intervalMs === null || (intervalMs > 0 && free === 0)) return null
    const look = await maybeOne<PlannedLook>(client, planNow({ teamId: state.teamId, userId }))
    if (look !== null) await spend(client, budget, intervalMs)
    return look
  })
}

/** Planned looks wait until it is paid back. So a webhook comes before looks that are only due. */
const URGENT_AHEAD_MS = 60_000

const planNow = template<{ teamId: string; userId: string }>(({ teamId, userId }) => {
  const row = insertion(looks, { userId: t.userId, teamId: sql`${teamId}::text`, plannedAt: now })
  return sql`insert into ${looks} as l ${row} from ${lookedAt(teamId)} and ${t.userId} = ${userId}
    on conflict (${name(looks.userId)}) do update set ${assign(looks, { plannedAt: excluded(looks.plannedAt) })}
      where ${l.plannedAt} not between ${now} and ${now} + interval '1 second'
    returning ${l.userId} as "userId", ${l.plannedAt} as "plannedAt", 0::float8 as "inMs"`
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

export interface UnexpectedLook {
  readonly teamId: string
  readonly userId: string
  readonly reason: string
}

/**
 * The look did not count. Looks at the teammate become rarer until one counts, also if a reading in between found
 * nothing: if Allo ignores `size`, for example, no look can count, and each would request a reading.
 */
export function recordUnexpected(pool: Pool, { teamId, userId, reason }: UnexpectedLook): Promise<unknown> {
  return withDatabaseErrors('recording an unexpected look', () =>
    orm(pool)
      .insert(looks)
      .values({
        userId,
        teamId,
        plannedAt: now,
        unexpectedInARow: 1,
        unexpectedAt: now,
        unexpectedReason: reason,
      })
      .onConflictDoUpdate({
        target: looks.userId,
        set: {
          unexpectedInARow: sql`${looks.unexpectedInARow} + 1`,
          unexpectedAt: now,
          unexpectedReason: reason,
        },
      }),
  )
}

/** A reading found what the looks did not expect. */
export function clearUnexpected(pool: Pool, userId: string): Promise<unknown> {
  const none = { unexpectedInARow: 0, unexpectedAt: null, unexpectedReason: null }
  return withDatabaseErrors('clearing unexpected looks', () =>
    orm(pool).update(looks).set(none).where(eq(looks.userId, userId)),
  )
}

/** Removes what was planned for teammates of the team who hold no queue any more. */
async function forgetOldLooks(client: Client, teamId: string): Promise<void> {
  const isOld = sql`${looks.plannedAt} < ${now} - interval '1 hour'`
  await orm(client)
    .delete(looks)
    .where(and(eq(looks.teamId, teamId), isOld))
}

async function spend(client: Client, { keyFingerprint }: LookBudget, ms: number): Promise<void> {
  if (ms > 0) await change(client, spendLooks({ keyFingerprint, ms }))
}

function lockName({ keyFingerprint }: LookBudget): string {
  return `looks ${keyFingerprint}`
}

function milliseconds(ms: SQL | number): SQL {
  return sql`make_interval(secs => ${ms}::float8 / 1000)`
}
