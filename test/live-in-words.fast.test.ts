import { describe, expect, test } from 'vitest'
import { type LiveFacts, liveInWords } from '../src/http/live.ts'

const live = {
  teammatesLookedAt: 45,
  teammatesDialling: 30,
  intervalP50Seconds: 10.3,
  intervalP95Seconds: 12,
  dials: 1312,
  dialsSeenByLook: 1300,
  lagP50Seconds: 4.8,
  lagP95Seconds: 9.7,
  secondsSincePause: null,
}
const facts: LiveFacts = {
  live,
  budgetShare: 0.25,
  hasDailyQuota: false,
  pausedSeconds: 0,
  workers: 2,
  hasQueues: true,
}
const lag = '1312 dials of the last hour seen after 4.8 s (p50), 9.7 s (p95)'

describe('the sentence about looks', () => {
  test('has how often teammates who dial are looked at, and the lag of dials', () => {
    expect(liveInWords(facts)).toBe(`looks every 10 s (p50), 12 s (p95) for 30 teammates who dial; ${lag}`)
    expect(liveInWords({ ...facts, live: { ...live, teammatesDialling: 1 } })).toContain(
      'for 1 teammate who dials;',
    )
  })

  test.each<[string, Partial<LiveFacts>]>([
    ['no looks: LIVE_BUDGET_SHARE is 0', { budgetShare: 0 }],
    ['no looks: Allo asked for a pause, 12 s left', { pausedSeconds: 12 }],
    ['no looks: no worker is running', { workers: 0 }],
    ['no looks: no teammate has a queue', { hasQueues: false }],
    ['no looks yet in the last hour', { live: { ...live, teammatesLookedAt: 0 } }],
    [
      'no teammate dials; 45 teammates looked at in the last hour',
      { live: { ...live, teammatesDialling: 0, intervalP50Seconds: null, intervalP95Seconds: null } },
    ],
    [
      'looks every 10 s (p50), 12 s (p95) for 30 teammates who dial, fewer for 3 min more after a 429',
      { live: { ...live, secondsSincePause: 120 } },
    ],
    [
      'looks every 48 s (p50), 12 s (p95) for 30 teammates who dial, not every 10 s, because they have 25 % of the read budget (LIVE_BUDGET_SHARE) and wait for passes',
      { live: { ...live, intervalP50Seconds: 48 } },
    ],
    [
      'looks every 48 s (p50), 12 s (p95) for 30 teammates who dial, not every 10 s, because they have 25 % of the read budget (LIVE_BUDGET_SHARE), as much of ALLO_DAILY_REQUESTS as is left and wait for passes',
      { live: { ...live, intervalP50Seconds: 48 }, hasDailyQuota: true },
    ],
  ])('says why there are none or fewer: %s', (sentence, change) => {
    expect(liveInWords({ ...facts, ...change })).toBe(`${sentence}; ${lag}`)
  })

  test('says so if no dial was seen', () => {
    const none = { ...live, dials: 0, lagP50Seconds: null, lagP95Seconds: null }
    expect(liveInWords({ ...facts, live: none })).toMatch(/; no dial was seen in the last hour$/)
  })
})
