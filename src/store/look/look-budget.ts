/**
 * What looks may spend: their share of the read budget, kept beside the request slots of the key. All processes take from
 * it under one lock. What readings and webhooks take that was not planned is paid back before looks that are only due.
 */
import { eq, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { type Client, type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { lock } from '../postgres/locks.ts'
import { assign, type Connection, change, maybeOne, orm, template } from '../postgres/query.ts'
import { lastWholePass, requestsToday } from '../queries/daily-requests.ts'
import { apiKeys, readSlots, syncPasses, syncReads } from '../schema.ts'

export interface LookBudget {
  readonly keyFingerprint: string
  /** Milliseconds between two requests of looks at their full share; 0: unlimited. */
  readonly intervalMs: number
  /** Of all requests; null: there is no quota. */
  readonly dailyRequests: number | null
}

const k = alias(apiKeys, 'k')
const s = alias(readSlots, 's')
const p = alias(syncPasses, 'p')
const r = alias(syncReads, 'r')
const now = sql`clock_timestamp()`

/** Of the share, longer than a usual pass, after which every teammate is due. What is unused for longer is lost. */
const UNUSED_SECONDS = 20

/** From when on the share is unused. If a request costs more than the share of that time, it can be saved up for it. */
function unusedSince(intervalMs: SQL): SQL {
  const longest = sql`greatest(${sql.raw(`${UNUSED_SECONDS * 1000}`)}, ${intervalMs})`
  return sql`greatest(${s.nextLookAt}, ${now} - ${milliseconds(longest)})`
}

export interface BudgetState {
  /** Null: no pass of this key has named its team yet. */
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
  const roomMs = sql`extract(epoch from ${now} - ${unusedSince(sql`apart.ms`)}) * 1000 + ${aheadMs}::float8`
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

/** What may be planned for the next `aheadMs`. Until the transaction ends, no other process plans. */
export async function lockLookBudget(
  client: Client,
  budget: LookBudget,
  aheadMs: number,
): Promise<BudgetState | null> {
  await lock(client, sql`select ${`looks ${budget.keyFingerprint}`}::text as name`)
  return maybeOne<BudgetState>(client, budgetState({ ...budget, aheadMs }))
}

interface Spending {
  readonly keyFingerprint: string
  readonly intervalMs: number
  readonly requests: number
}

const spend = template<Spending>(({ keyFingerprint, intervalMs, requests }) => {
  const spent = milliseconds(sql`${intervalMs}::float8 * ${requests}::int`)
  return sql`update ${readSlots} ${s}
    set ${assign(readSlots, { nextLookAt: sql`${unusedSince(sql`${intervalMs}::float8`)} + ${spent}` })}
    where ${s.keyFingerprint} = ${keyFingerprint}`
})

/** Takes requests from the share. `intervalMs`: what each costs; 0: nothing. */
export async function spendOnLooks(client: Connection, spending: Spending): Promise<void> {
  if (spending.intervalMs > 0 && spending.requests > 0) await change(client, spend(spending))
}

/** Holds all looks back for some time from now on. */
export function delayLooks(pool: Pool, keyFingerprint: string, ms: number): Promise<unknown> {
  const until = sql`greatest(${readSlots.nextLookAt}, ${now} + ${milliseconds(ms)})`
  return withDatabaseErrors('delaying looks', () =>
    orm(pool)
      .update(readSlots)
      .set({ nextLookAt: until })
      .where(eq(readSlots.keyFingerprint, keyFingerprint)),
  )
}

export function milliseconds(ms: SQL | number): SQL {
  return sql`make_interval(secs => ${ms}::float8 / 1000)`
}
