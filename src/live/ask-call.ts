/**
 * Asks Allo for the details of one claimed call, and records what came of it:
 *
 *   details ──────────────────────────────────▶ known
 *   404, or the call has no result yet ───────▶ unanswered: asked again later, then given up
 *   an answer that is not as documented, 5xx ─▶ unanswered, too. After 5xx all calls wait a minute
 *   400: Allo knows no such id ───────────────▶ given up
 *   401, 403 ─────────────────────────────────▶ refused: no attempt used, all calls wait 15 minutes
 *   429, no connection ───────────────────────▶ later: no attempt used, all calls wait a minute
 *
 * Rejects only if the failure concerns this process: an abort, or Postgres is gone. Then nothing is recorded, and the call
 * is due again when its claim has run out.
 */
import {
  AlloRefusedError,
  AlloSurprisedError,
  AlloThrottledError,
  AlloUnreachableError,
} from '../allo/errors.ts'
import type { AlloClient, CallAnswer } from '../allo/types.ts'
import type { MirrorError } from '../errors.ts'
import { toMirrorError } from '../foreign-errors.ts'
import { concernOf, isRefusal } from '../pass/failure.ts'
import type { ClaimedCall } from '../store/call/claim-call.ts'
import { holdCallsBack, releaseCall, saveDetails, saveNoDetails } from '../store/call/save-call.ts'
import type { Pool } from '../store/postgres/database.ts'

/** `allo` sends each request once. */
export interface CallSources {
  readonly pool: Pool
  readonly keyFingerprint: string
  readonly allo: AlloClient
}

export const callOutcomes = ['known', 'unanswered', 'given_up', 'refused', 'later'] as const

/** `error`: what Allo answered instead; null: nothing is wrong. */
export interface AskedCall {
  readonly outcome: (typeof callOutcomes)[number]
  readonly error: MirrorError | null
}

const HOLD_MS = { refused: 15 * 60_000, other: 60_000 }
/** So that a call that never gets an answer does not keep others waiting. */
const UNREACHED_AFTER_MS = 10 * 60_000

export async function askCall(
  sources: CallSources,
  call: ClaimedCall,
  signal: AbortSignal,
): Promise<AskedCall> {
  try {
    return await recordAnswer(sources, call, await sources.allo.readCall(call.callId, signal))
  } catch (thrown) {
    signal.throwIfAborted()
    const error = toMirrorError(thrown)
    if (concernOf(error) === 'process') throw error
    return { outcome: await recordFailure(sources, call, error), error }
  }
}

/** The code of the error, and which field of the answer was not as documented. */
export function issueOf(error: MirrorError): string {
  return error instanceof AlloSurprisedError && error.path !== ''
    ? `${error.code}: ${error.path}`
    : error.code
}

async function recordAnswer(
  { pool }: CallSources,
  call: ClaimedCall,
  answer: CallAnswer,
): Promise<AskedCall> {
  if (answer.kind !== 'details') {
    const isGivenUp = await saveNoDetails(pool, call, { reason: answer.kind })
    return { outcome: isGivenUp ? 'given_up' : 'unanswered', error: null }
  }
  await saveDetails(pool, call, answer.details)
  return { outcome: 'known', error: null }
}

async function recordFailure(
  { pool, keyFingerprint }: CallSources,
  call: ClaimedCall,
  error: MirrorError,
): Promise<AskedCall['outcome']> {
  const reason = issueOf(error)
  if (isRefusal(error)) {
    await holdCallsBack(pool, keyFingerprint, HOLD_MS.refused)
    await releaseCall(pool, call, { reason, afterMs: 0 })
    return 'refused'
  }
  if (error.retryable) await holdCallsBack(pool, keyFingerprint, HOLD_MS.other)
  if (error instanceof AlloThrottledError || error instanceof AlloUnreachableError) {
    const afterMs = error instanceof AlloThrottledError ? 0 : UNREACHED_AFTER_MS
    await releaseCall(pool, call, { reason, afterMs })
    return 'later'
  }
  const isFinal = error instanceof AlloRefusedError && error.status === 400
  const isGivenUp = await saveNoDetails(pool, call, { reason, isFinal })
  return isGivenUp ? 'given_up' : 'unanswered'
}
