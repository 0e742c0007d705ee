/** A cron expression means the same to the configuration, to the schedule and to the freshness limit. */
import { describe, expect, test } from 'vitest'
import { readCron } from '../src/config/cron.ts'
import { nextSlotMs, previousSlotMs } from '../src/worker/cron-slots.ts'

describe('a cron expression', () => {
  test.each([
    ['*/10 8-19 * * 1-5', '*/10 8-19 * * 1-5'],
    ['  0   8\t* * mon-fri ', '0 8 * * mon-fri'],
    ['0 0 L * *', '0 0 L * *'],
    ['0 0 * * 5L', '0 0 * * 5L'],
    ['0 0 * jul,aug 1#2', '0 0 * jul,aug 1#2'],
    ['0 0 ? * thu', '0 0 ? * thu'],
    ['0 0 29 2 *', '0 0 29 2 *'],
    ['@daily', '0 0 * * *'],
    ['@MIDNIGHT', '0 0 * * *'],
    ['@hourly', '0 * * * *'],
  ])('%j is %s', (text, cron) => {
    expect(readCron(text)).toEqual({ cron })
  })

  test.each([
    ['* * * *', '4 fields where five'],
    ['0 * * * * *', '6 fields where five are needed; the one for seconds'],
    ['0 0 1 1 * 2027 x', '7 fields'],
    ['', '1 field where five'],
    ['@secondly', 'no name of a schedule'],
    ['@reboot', 'no name of a schedule'],
    ['H * * * *', 'a sign'],
    ['0 0 15W * *', 'a sign'],
    ['0 0 LW * *', 'a sign'],
    ['? * * * *', 'a sign'],
    ['0 0 30 2 *', 'never comes'],
    ['0 0 31 4,6 *', 'never comes'],
    ['60 * * * *', 'out of its range'],
    ['0 24 * * *', 'out of its range'],
    ['0 0 * * 8', 'out of its range'],
    ['0 0 0 * *', 'out of its range'],
    ['0 22-2 * * *', 'out of its range'],
    ['*/0 * * * *', 'out of its range'],
    ['*/61 * * * *', 'a step'],
    ['0 */24 * * *', 'a step'],
    ['0 8 * * 1-5,', 'out of its range'],
  ])('%j is refused: %s', (text, fault) => {
    expect(readCron(text)).toEqual({ fault: expect.stringContaining(fault) })
  })
})

describe('in a zone where the clocks go forward at midnight', () => {
  const from = (timeZone: string, start: string, cron: string, count = 4) => {
    const slots: string[] = []
    for (let at = Date.parse(start), n = 0; n < count; n += 1) {
      at = nextSlotMs({ cron, timeZone }, at)
      slots.push(new Date(at).toISOString().slice(5, 16))
    }
    return slots
  }

  test.each([
    ['Africa/Cairo', '2026-04-22T12:00:00Z', ['04-22T22:00', '04-23T22:00', '04-24T21:00', '04-25T21:00']],
    ['Asia/Beirut', '2026-03-27T12:00:00Z', ['03-27T22:00', '03-28T22:00', '03-29T21:00', '03-30T21:00']],
    [
      'America/Santiago',
      '2026-09-04T12:00:00Z',
      ['09-05T04:00', '09-06T04:00', '09-07T03:00', '09-08T03:00'],
    ],
    ['America/Havana', '2026-03-06T12:00:00Z', ['03-07T05:00', '03-08T05:00', '03-09T04:00', '03-10T04:00']],
    // These have their gap at two in the morning, and none.
    ['Europe/Paris', '2026-03-27T12:00:00Z', ['03-27T23:00', '03-28T23:00', '03-29T22:00', '03-30T22:00']],
    ['UTC', '2026-03-27T12:00:00Z', ['03-28T00:00', '03-29T00:00', '03-30T00:00', '03-31T00:00']],
  ])('a pass at midnight in %s is due on each day', (zone, start, slots) => {
    expect(from(zone, start, '0 0 * * *')).toEqual(slots)
  })

  test('a slot in the skipped hour is shifted by the length of the skip, once, and only on that day', () => {
    const start = '2026-04-23T20:00:00Z'
    expect(from('Africa/Cairo', start, '30 0 * * *', 2)).toEqual(['04-23T22:30', '04-24T21:30'])
    expect(from('Africa/Cairo', start, '0 0,1 * * *', 2)).toEqual(['04-23T22:00', '04-24T21:00'])
    expect(from('Africa/Cairo', start, '*/30 * * * *', 6).slice(3)).toEqual([
      '04-23T22:00',
      '04-23T22:30',
      '04-23T23:00',
    ])
    expect(from('Africa/Cairo', start, '0 0 * * fri', 1)).toEqual(['04-23T22:00'])
    expect(from('Africa/Cairo', start, '0 0 * * thu', 1)).toEqual(['04-29T21:00'])
    // Summer time ends at midnight, too: the hour that comes twice runs it once.
    expect(from('America/Havana', '2026-10-30T12:00:00Z', '0 0 * * *', 3)).toEqual([
      '10-31T04:00',
      '11-01T05:00',
      '11-02T05:00',
    ])
  })

  test.each(['Africa/Cairo', 'America/Santiago', 'Europe/Paris'])(
    'slots in %s come once a day for a year, and the same slots are found backwards',
    (timeZone) => {
      const schedule = { cron: '15 0 * * *', timeZone }
      let at = Date.parse('2026-01-01T12:00:00Z')
      const forward: number[] = []
      for (let day = 0; day < 365; day += 1) {
        at = nextSlotMs(schedule, at)
        forward.push(at)
      }
      const days = forward.map((slot) => new Intl.DateTimeFormat('en-CA', { timeZone }).format(slot))
      expect(new Set(days).size).toBe(365)
      const back: number[] = []
      // Back over the day on which the clocks change in one of them, and the days around it.
      const start = forward.findIndex((slot) => slot > Date.parse('2026-09-20T00:00:00Z'))
      at = (forward[start] ?? 0) + 1
      for (let day = 0; day < 30; day += 1) {
        at = previousSlotMs(schedule, at)
        back.push(at)
      }
      expect(back.reverse()).toEqual(forward.slice(start - 29, start + 1))
    },
  )
})
