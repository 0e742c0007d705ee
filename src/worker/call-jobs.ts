/**
 * The job that asks for the details of calls, in the queue of looks. There is one at a time for all processes: the id of
 * the job is always the same. It is added after each plan of looks or, without looks, at the end of each pass. It ends when
 * no call is due, or when something else comes first: a pass, a pause, the daily quota.
 *
 * It is not retried. What a killed worker left is due again: see store/call/claim-call.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { AlloSurprisedError } from '../allo/errors.ts'
import { withoutNumbers } from '../allo/text.ts'
import { type AskedCall, askCall, issueOf } from '../live/ask-call.ts'
import { claimCall } from '../store/call/claim-call.ts'
import { enrolCalls } from '../store/call/enrol-calls.ts'
import { lastTeamOfKey } from '../store/pass/teammates.ts'
import type { WorkerContext } from './context.ts'
import type { JobQueue } from './jobs.ts'
import { budgetOf, type LookSettings } from './look-budget.ts'

export const CALLS_JOB = 'calls'
/** What it waits for may change meanwhile. */
const LONGEST_SLEEP_MS = 10_000

/** A no-op while there is such a job. */
export async function requestCalls(queue: JobQueue): Promise<void> {
  await queue.add(CALLS_JOB, {}, { jobId: CALLS_JOB, removeOnComplete: true, removeOnFail: true })
}

type CallsContext = Pick<WorkerContext, 'pool' | 'keyFingerprint' | 'allo' | 'metrics' | 'logger'>

/** Returns what the job does. Rejects only if a failure concerns this process. */
export function createCallsJob(
  context: CallsContext,
  settings: LookSettings,
): (signal: AbortSignal) => Promise<void> {
  const { pool, keyFingerprint } = context
  const sources = { pool, keyFingerprint, allo: context.allo.once() }
  const log = createLog(context)
  return async (signal) => {
    const team = await lastTeamOfKey(pool, keyFingerprint)
    if (team === null) return
    await enrolCalls(pool, team.teamId)
    for (;;) {
      signal.throwIfAborted()
      const next = await claimCall(pool, budgetOf(context, settings))
      if (next.kind === 'none') return
      const ask = async () => {
        if (next.kind === 'call') log(await askCall(sources, next.call, signal))
      }
      await Promise.all([ask(), sleep(Math.min(next.ms, LONGEST_SLEEP_MS), undefined, { signal })])
    }
  }
}

/** The same failure of many calls is a warning once in this time. */
const SAY_EVERY_MS = 15 * 60_000

/** A missing scope and an answer that is not as documented are for the operator; all else passes or comes with passes too. */
function createLog({ metrics, logger }: CallsContext): (asked: AskedCall) => void {
  const saidAt = new Map<string, number>()
  return ({ outcome, error }) => {
    metrics.count({ type: 'call', outcome })
    if (error === null) return
    const issue = issueOf(error)
    const isForOperator = outcome === 'refused' || (error instanceof AlloSurprisedError && !error.retryable)
    const isNews = performance.now() - (saidAt.get(issue) ?? Number.NEGATIVE_INFINITY) >= SAY_EVERY_MS
    if (isForOperator && isNews) saidAt.set(issue, performance.now())
    const level = isForOperator && isNews ? 'warn' : 'debug'
    logger[level]({ event: 'call_details_failed', code: error.code, outcome }, withoutNumbers(error.message))
  }
}
