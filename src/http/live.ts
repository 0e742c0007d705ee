/** How soon changes at Allo are visible, in one sentence: the command `status` and the status page show it. */
import { RECOVERY_SECONDS } from '../store/look/look-budget.ts'
import type { LiveStatus } from '../store/queries/live-status.ts'
import { counted } from '../text/counted.ts'
import { inWords } from '../text/duration.ts'

export interface LiveFacts {
  /** Null: no team is on record. */
  readonly live: LiveStatus | null
  /** LIVE_BUDGET_SHARE, from 0 to 1. */
  readonly budgetShare: number
  readonly hasDailyQuota: boolean
  readonly pausedSeconds: number
  /** Null: not known. */
  readonly workers: number | null
  readonly hasQueues: boolean
}

/** Teammates who dial are looked at every ten seconds (plan-looks.ts). A longer interval says why. */
const STRETCHED_SECONDS = 15

/** `looks every 10 s (p50), 12 s (p95) for 30 teammates who dial; 312 dials of the last hour seen after 4.8 s (p50), …`. */
export function liveInWords(facts: LiveFacts): string {
  return `${looksInWords(facts)}; ${lagInWords(facts.live)}`
}

function looksInWords({
  live,
  budgetShare,
  hasDailyQuota,
  pausedSeconds,
  workers,
  hasQueues,
}: LiveFacts): string {
  if (budgetShare === 0) return 'no looks: LIVE_BUDGET_SHARE is 0'
  if (pausedSeconds >= 1) return `no looks: Allo asked for a pause, ${inWords(pausedSeconds)} left`
  if (workers === 0) return 'no looks: no worker is running'
  if (!hasQueues || live === null) return 'no looks: no teammate has a queue'
  if (live.teammatesLookedAt === 0) return 'no looks yet in the last hour'
  return `${everyInWords(live)}${heldBackInWords(live, budgetShare, hasDailyQuota)}`
}

function everyInWords({ teammatesLookedAt, ...live }: LiveStatus): string {
  const { teammatesDialling, intervalP50Seconds: p50, intervalP95Seconds: p95 } = live
  if (teammatesDialling === 0 || p50 === null || p95 === null) {
    return `no teammate dials; ${counted(teammatesLookedAt, 'teammate')} looked at in the last hour`
  }
  const who = teammatesDialling === 1 ? '1 teammate who dials' : `${teammatesDialling} teammates who dial`
  return `looks every ${inWords(p50)} (p50), ${inWords(p95)} (p95) for ${who}`
}

function heldBackInWords(
  { secondsSincePause, intervalP50Seconds }: LiveStatus,
  budgetShare: number,
  hasDailyQuota: boolean,
): string {
  if (secondsSincePause !== null && secondsSincePause < RECOVERY_SECONDS) {
    return `, fewer for ${inWords(RECOVERY_SECONDS - secondsSincePause)} more after a 429`
  }
  if (intervalP50Seconds === null || intervalP50Seconds < STRETCHED_SECONDS) return ''
  const quota = hasDailyQuota ? ', as much of ALLO_DAILY_REQUESTS as is left' : ''
  return `, not every 10 s, because they have ${Math.round(budgetShare * 100)} % of the read budget (LIVE_BUDGET_SHARE)${quota} and wait for passes`
}

function lagInWords(live: LiveStatus | null): string {
  if (live === null || live.lagP50Seconds === null || live.lagP95Seconds === null) {
    return 'no dial was seen in the last hour'
  }
  const { dials, lagP50Seconds, lagP95Seconds } = live
  return `${counted(dials, 'dial')} of the last hour seen after ${inWords(lagP50Seconds)} (p50), ${inWords(lagP95Seconds)} (p95)`
}
