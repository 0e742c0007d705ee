/** When the sentences of the report claim something, and when they don't. */
import { describe, expect, test } from 'vitest'
import { compareHours, isCompared } from '../src/report/compare-hours.ts'
import type { Forecast } from '../src/report/outlook.ts'
import { changeWords } from '../src/report/page/change.ts'
import { notBefore } from '../src/report/page/forecast-words.ts'
import { clockOf } from '../src/report/page/words.ts'

describe('a change', () => {
  const words = (unreadNow: number, unreadThen: number) => {
    const [now, then] = [58, 100]
    const change = changeWords({ now, then, when: '7 days before', unreadNow, unreadThen })
    return typeof change === 'object' && change !== null && 'text' in change ? change.text : String(change)
  }

  test('is claimed if less than 5 % of either time was not read', () => {
    expect(words(0.049, 0.049)).toContain('−42')
  })

  test.each([
    [0.05, 0, 'now'],
    [0, 0.05, 'then'],
  ])('is not claimed if %s of this time and %s of the time before was not read', (now, then, which) => {
    expect(words(now, then)).toBe(
      `7 days before: 100. 5\u00a0% of the time ${which} was not read, so the change is not known.`,
    )
  })
})

describe('a queue that runs out after some hours of dialling', () => {
  const forecast: Forecast = {
    queueId: 'pdl_1',
    userId: 'usr-1',
    name: 'Ann',
    remaining: 16,
    hoursLeft: 4.2,
    runsOutAt: null,
    earliestAt: null,
    latestAt: null,
    reason: 'not_dialling',
  }
  const at = (time: string) => notBefore(forecast, `2026-11-26T${time}:00Z`, clockOf('Europe/Paris'))

  test('runs out not before the part of the local day in which so many hours have passed', () => {
    expect(at('06:00')).toBe('')
    expect(at('10:00')).toBe(', so not before this afternoon')
    expect(at('14:00')).toBe(', so not before this evening')
    expect(at('21:00')).toBe(', so not today')
  })

  test('has no part of the day if the time is known', () => {
    const known = { ...forecast, runsOutAt: '2026-11-26T19:00:00Z' }
    expect(notBefore(known, '2026-11-26T10:00:00Z', clockOf('Europe/Paris'))).toBe('')
  })
})

test('the hours that the week colours are as many as the sentence says it compares', () => {
  const hours = [40, 40, 24, 9].map((whole, index) => {
    const connected = { part: Math.round(whole / 5), whole, rate: 0.2, low: 0.1, high: 0.3 }
    return { weekday: 1, hour: 8 + index, dials: whole, connected }
  })
  expect(hours.filter(isCompared(hours))).toHaveLength(compareHours(hours).compared)
  expect(compareHours(hours).compared).toBe(2)
})
