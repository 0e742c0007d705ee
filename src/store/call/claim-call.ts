/**
 * Which call to ask for next, and when. Requests for details have the lowest priority:
 *
 *   a pass runs, a pause after a 429, the day's quota is needed, held back ─▶ `none`
 *   looks have spent their share ───────────────────────────────────────────▶ `wait`
 *   no call is to be asked for ─────────────────────────────────────────────▶ `none`
 *   otherwise ──────────────────────────────────────────────────────────────▶ `call`
 *
 * A claim is paid from the share of looks, and holds for two minutes. If its worker is killed, the call is due again
 * then, without having used an attempt. So no call is lost, and no two workers ask for one call at once.
 */
import { sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { type LookBudget, lockLookBudget, spendOnLooks } from '../look/look-budget.ts'
import { type Client, inTransaction, type Pool } from '../postgres/database.ts'
import { assign, maybeOne, name, template } from '../postgres/query.ts'
import { calls, readSlots, syncPasses } from '../schema.ts'

export interface ClaimedCall {
  readonly teamId: string
  readonly callId: string
  /** Until when the claim holds: its mark, too. */
  readonly claimedUntil: string
}

/** `ms`: until the next call may be claimed. What looks have saved up is left to them. */
export type NextCall =
  | { readonly kind: 'call'; readonly call: ClaimedCall; readonly ms: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'none' }

const c = alias(calls, 'c')
const s = alias(readSlots, 's')
const p = alias(syncPasses, 'p')
const now = sql`clock_timestamp()`

export async function claimCall(pool: Pool, budget: LookBudget): Promise<NextCall> {
  return inTransaction(pool, 'choosing a call', async (client) => {
    const state = await lockLookBudget(client, budget, 0)
    if (state === null || state.teamId === null || state.isPaused || state.intervalMs === null)
      return { kind: 'none' }
    const { teamId, intervalMs, free } = state
    if (!(await isFree(client, budget, teamId))) return { kind: 'none' }
    if (intervalMs > 0 && free === 0) return { kind: 'wait', ms: intervalMs }
    const call = await maybeOne<ClaimedCall>(client, claim({ teamId }))
    if (call === null) return { kind: 'none' }
    await spendOnLooks(client, { ...budget, intervalMs, requests: 1 })
    return { kind: 'call', call, ms: intervalMs }
  })
}

async function isFree(client: Client, { keyFingerprint }: LookBudget, teamId: string): Promise<boolean> {
  return (await maybeOne(client, freedom({ keyFingerprint, teamId }))) !== null
}

/** A row if no pass runs and nothing holds requests for details back. */
const freedom = template<{ keyFingerprint: string; teamId: string }>(
  ({ keyFingerprint, teamId }) => sql`select 1 from ${readSlots} ${s}
    where ${s.keyFingerprint} = ${keyFingerprint} and (${s.nextCallAt} is null or ${s.nextCallAt} <= ${now})
      and not exists (select from ${syncPasses} ${p} where ${p.teamId} = ${teamId} and ${p.status} = 'running'
        and ${p.trigger} <> 'look' and ${p.leaseExpiresAt} > ${now})`,
)

/** Calls without details first, and of these the newest that were asked for least often. */
const claim = template<{ teamId: string }>(({ teamId }) => {
  const due = sql`select ${c.callId} from ${calls} ${c}
    where ${c.teamId} = ${teamId} and ${c.nextAskAt} <= ${now}
    order by ${c.teamId}, (${c.knownAt} is not null), ${c.attempts}, ${c.dialledAt} desc nulls last
    limit 1 for update skip locked`
  return sql`update ${calls} set ${assign(calls, { nextAskAt: sql`${now} + interval '2 minutes'` })}
    where ${calls.teamId} = ${teamId} and ${calls.callId} = (${due})
    returning ${name(calls.teamId)} as "teamId", ${name(calls.callId)} as "callId", ${name(calls.nextAskAt)} as "claimedUntil"`
})
