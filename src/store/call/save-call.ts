/**
 * Records what came of asking for a claimed call.
 *
 *   details ──────▶ known. A conversation is asked for once more a day after the dial, for tags that were added
 *   no details ───▶ asked again after 10 minutes, 30, 2 hours, 8 hours, a day; then given up
 *   no answer ────▶ due again, no attempt used
 *
 * Idempotent. Details are true whoever asked for them, so they are kept even if the claim has run out. A call that is
 * known stays known, and so does each detail that a later answer leaves out.
 */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { CallDetails } from '../../allo/types.ts'
import { type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { orm } from '../postgres/query.ts'
import { calls, dials, queueEntries, readSlots } from '../schema.ts'
import type { ClaimedCall } from './claim-call.ts'

const d = alias(dials, 'd')
const e = alias(queueEntries, 'e')
const now = sql`clock_timestamp()`

/** After the first attempt without details, the second, … After the last one the call is given up. */
const GAPS_MINUTES = [10, 30, 120, 480, 1440]
/** Allo's word: a call of more than a minute is a conversation. */
const CONVERSATION_SECONDS = 60

export async function saveDetails(pool: Pool, call: ClaimedCall, details: CallDetails): Promise<void> {
  const { durationSeconds, alloNumber } = details
  const said = Object.fromEntries(Object.entries(details).filter(([, value]) => value !== null))
  const isAskedAgain = sql`${calls.knownAt} is null and ${durationSeconds > CONVERSATION_SECONDS}::boolean`
  const aDayLater = sql`greatest(${calls.dialledAt} + interval '1 day', ${now} + interval '1 hour')`
  await withDatabaseErrors('recording the details of a call', () =>
    orm(pool)
      .update(calls)
      .set({
        ...said,
        ...(alloNumber !== null && {
          alloNumber: sql`case when not ${isDialled(alloNumber)} then ${alloNumber} end`,
        }),
        askedAt: now,
        nextAskAt: sql`case when ${isAskedAgain} then ${aDayLater} end`,
        knownAt: sql`coalesce(${calls.knownAt}, ${now})`,
        attempts: 0,
        givenUpAt: null,
        reason: null,
      })
      .where(isCall(call)),
  )
}

/** Whether it is the number that was called, which is never kept here. */
function isDialled(number: string): SQL {
  return sql`exists (select from ${dials} ${d} join ${queueEntries} ${e} on ${e.entryId} = ${d.entryId}
    where ${d.teamId} = ${calls.teamId} and ${d.callId} = ${calls.callId} and regexp_replace(${e.numberTo}, '[^0-9]', '', 'g') = ${number.replaceAll(/\D/g, '')})`
}

/** `reason`: a code. Returns whether the call was given up. With `isFinal`, it is at the first attempt. */
export async function saveNoDetails(
  pool: Pool,
  call: ClaimedCall,
  { reason, isFinal = false }: { readonly reason: string; readonly isFinal?: boolean },
): Promise<boolean> {
  const minutes = isFinal
    ? sql`null::int`
    : sql`(${sql.param(`{${GAPS_MINUTES.join()}}`)}::int[])[${calls.attempts} + 1]`
  const [saved] = await withDatabaseErrors('recording a call without details', () =>
    orm(pool)
      .update(calls)
      .set({
        askedAt: now,
        attempts: sql`${calls.attempts} + 1`,
        nextAskAt: sql`${now} + make_interval(mins => ${minutes})`,
        givenUpAt: sql`case when ${calls.knownAt} is null and ${minutes} is null then ${now} end`,
        reason,
      })
      .where(and(isCall(call), isClaimed(call)))
      .returning({ givenUpAt: calls.givenUpAt }),
  )
  return saved !== undefined && saved.givenUpAt !== null
}

/** Gives the claim back without using an attempt: the call is due after this time. `reason`: a code. */
export async function releaseCall(
  pool: Pool,
  call: ClaimedCall,
  { reason, afterMs }: { readonly reason: string; readonly afterMs: number },
): Promise<void> {
  await withDatabaseErrors('giving a call back', () =>
    orm(pool)
      .update(calls)
      .set({ askedAt: now, nextAskAt: after(afterMs), reason })
      .where(and(isCall(call), isClaimed(call))),
  )
}

/** No call is asked for meanwhile, by no process. */
export async function holdCallsBack(pool: Pool, keyFingerprint: string, ms: number): Promise<void> {
  await withDatabaseErrors('holding calls back', () =>
    orm(pool)
      .update(readSlots)
      .set({ nextCallAt: after(ms) })
      .where(eq(readSlots.keyFingerprint, keyFingerprint)),
  )
}

function after(ms: number): SQL {
  return sql`${now} + make_interval(secs => ${ms / 1000}::float8)`
}

function isCall({ teamId, callId }: ClaimedCall): SQL | undefined {
  return and(eq(calls.teamId, teamId), eq(calls.callId, callId))
}

/** Another worker may have claimed it since. */
function isClaimed({ claimedUntil }: ClaimedCall): SQL {
  return eq(calls.nextAskAt, claimedUntil)
}
