import { describe, expect, test } from 'vitest'
import { describeSchedule, nextSlot, staleAfterMs } from '../src/worker/freshness.ts'

describe('the default freshness limit', () => {
  const now = new Date('2026-11-25T12:07:00Z')

  test('is three intervals, unless FRESHNESS_SLO is set', () => {
    expect(staleAfterMs({ everyMs: 300_000 }, null, now)).toBe(900_000)
    expect(staleAfterMs({ everyMs: 300_000 }, 60_000, now)).toBe(60_000)
  })

  test('of a cron schedule allows two missed runs and ends with the third, over nights and weekends', () => {
    const worktime = { cron: '*/10 8-19 * * 1-5', timeZone: 'UTC' }
    const missed = (at: string) =>
      new Date(Date.parse(at) - staleAfterMs(worktime, null, new Date(at))).toISOString()
    expect(missed('2026-11-25T12:07:00Z')).toBe('2026-11-25T11:40:00.000Z')
    // Sunday: the last three runs are Friday's.
    expect(missed('2026-11-29T12:00:00Z')).toBe('2026-11-27T19:30:00.000Z')
    // Monday morning, just after the first run: it has not missed three.
    expect(missed('2026-11-30T08:05:00Z')).toBe('2026-11-27T19:40:00.000Z')
    expect(staleAfterMs(worktime, 60_000, now)).toBe(60_000)
  })

  test('the next run of a cron schedule is computed without a worker, in its own time zone', () => {
    expect(nextSlot({ cron: '0 9 * * *', timeZone: 'Europe/Paris' }, now)?.toISOString()).toBe(
      '2026-11-26T08:00:00.000Z',
    )
    expect(nextSlot({ everyMs: 300_000 }, now)).toBeNull()
  })

  test.each([
    [{ everyMs: 300_000 }, 'every 5 m'],
    [{ everyMs: 90_000 }, 'every 90 s'],
    [{ everyMs: 1500 }, 'every 1500 ms'],
    [{ cron: '0 9 * * *', timeZone: 'UTC' }, '0 9 * * * (UTC)'],
  ] as const)('%o is written as %s', (schedule, text) => {
    expect(describeSchedule(schedule)).toBe(text)
  })
})
