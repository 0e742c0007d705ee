/** Local days, weeks and hours: clock changes, ends of sessions, and the exact limits of periods. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { recordReportTimeZone } from '../src/store/queries/settings.ts'
import type { Outcome } from './support/bookkeeping.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { groupBy } from './support/recorded.ts'
import {
  connectionRate,
  daysBefore,
  localDay,
  localHour,
  localWeekday,
  nextDay,
  sessions,
  startOfDay,
  tally,
} from './support/reporting-calendar.ts'
import { asCounted, type Desk, type DeskDial, seat } from './support/reporting-desk.ts'
import { byKey, mismatches, readView, without } from './support/reporting-views.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database?.drop())

const SECOND = 1_000_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const at = (instant: string) => Date.parse(instant) * 1000
const read = <Row extends object>(view: string, { teamId }: Desk) =>
  readView<Row>(database.pool, `reporting.${view}`, teamId)
const connected = (...instants: number[]): DeskDial[] =>
  instants.map((instant) => ({ at: instant, outcome: 'connected' }))

/** Every ten minutes, all around the clock. */
function aroundTheClock(since: number, until: number): DeskDial[] {
  const mix: readonly Outcome[] = [
    'connected',
    'not_reached',
    'voicemail',
    'failed',
    'in_progress',
    'not_reached',
    'other',
  ]
  return Array.from({ length: Math.ceil((until - since) / (10 * MINUTE)) }, (_, index) => ({
    at: since + index * 10 * MINUTE,
    outcome: mix[index % mix.length] ?? 'other',
  }))
}

describe('a day on which the clock changes', () => {
  test.each([
    { zone: 'Europe/Paris', day: '2025-03-30', hours: 23 },
    { zone: 'Europe/Paris', day: '2025-10-26', hours: 25 },
    { zone: 'America/New_York', day: '2025-03-09', hours: 23 },
    { zone: 'America/New_York', day: '2025-11-02', hours: 25 },
    { zone: 'Asia/Kolkata', day: '2025-10-26', hours: 24 },
    // Half an hour; from 24:00 to 23:00; from 0:00 to 1:00; from 1:00 back to 0:00.
    { zone: 'Australia/Lord_Howe', day: '2025-04-06', hours: 24.5 },
    { zone: 'America/Santiago', day: '2025-04-05', hours: 25 },
    { zone: 'America/Santiago', day: '2025-09-07', hours: 23 },
    { zone: 'Atlantic/Azores', day: '2025-10-26', hours: 25 },
    { zone: 'America/Havana', day: '2025-11-02', hours: 25 },
  ])(
    'has $hours hours in $zone on $day, and each dial has one day, hour and weekday',
    async ({ zone, day, hours }) => {
      const [since, until] = [at(`${day}T00:00Z`) - 2 * DAY, at(`${day}T00:00Z`) + 3 * DAY]
      const dials = aroundTheClock(since, until)
      const desk = await seat(database.pool, { since, until, dials })
      await recordReportTimeZone(database.pool, zone)

      const rows = await read<{ day: string; dials: number }>('daily_activity', desk)
      const days = groupBy(asCounted(dials), (dial) => localDay(dial.at, zone))
      const expected = [...days].map(([day, ofDay]) => ({
        day,
        is_day_over: startOfDay(nextDay(day), zone) <= until,
        gap_seconds: Math.max(0, since - startOfDay(day, zone)) / SECOND,
        ...tally(ofDay),
        ...sessions(ofDay),
      }))
      const found = rows.map((row) => without(row, 'team_id', 'user_id', 'teammate_name'))
      const ofDay = (row: { day: string }) => row.day
      expect(mismatches(byKey(found, ofDay), byKey(expected, ofDay))).toEqual([])
      expect(days.get(day)?.length).toBe(hours * 6)

      const views = await read<{
        counted_at: number
        dialled_date: string
        dialled_weekday: number
        dialled_hour: number
      }>('dials', desk)
      const asShown = ({ at }: { at: number }) => ({
        counted_at: at,
        dialled_date: localDay(at, zone),
        dialled_weekday: localWeekday(at, zone),
        dialled_hour: localHour(at, zone),
      })
      const shown = views.map(({ counted_at, dialled_date, dialled_weekday, dialled_hour }) => ({
        counted_at,
        dialled_date,
        dialled_weekday,
        dialled_hour,
      }))
      const key = (row: { counted_at: number }) => String(row.counted_at)
      expect(mismatches(byKey(shown, key), byKey(dials.map(asShown), key))).toEqual([])

      const heatmap = await read<{ weekday: number; hour: number; dials: number }>('activity_heatmap', desk)
      const hoursOfDials = groupBy(dials, ({ at }) => `${localWeekday(at, zone)} ${localHour(at, zone)}`)
      expect(heatmap).toHaveLength(168)
      for (const { weekday, hour, dials: counted } of heatmap)
        expect(counted).toBe(hoursOfDials.get(`${weekday} ${hour}`)?.length ?? 0)
    },
  )
})

describe('a period of seven days', () => {
  test.each([
    { zone: 'Europe/Paris', until: '2025-10-28T15:00:00Z', hours: 169 },
    { zone: 'America/New_York', until: '2025-03-12T15:00:00Z', hours: 167 },
    { zone: 'Asia/Kolkata', until: '2025-10-28T15:00:00Z', hours: 168 },
  ])('has $hours hours in $zone, as its local clock shows', async ({ zone, until, hours }) => {
    const now = at(until)
    const [week, fortnight] = [now - hours * HOUR, now - (hours + 168) * HOUR]
    // On either side of both beginnings, and of the end.
    const edges = [fortnight, fortnight + 1, week, week + 1, now, now + 1]
    const desk = await seat(database.pool, { since: now - 20 * DAY, until: now, dials: connected(...edges) })
    await recordReportTimeZone(database.pool, zone)
    expect(await read('leaderboard_7d', desk)).toMatchObject([
      {
        period_from: week,
        period_to: now,
        dials: 2,
        connected: 2,
        previous_dials: 2,
        previous_connected: 2,
        gap_seconds: 0,
      },
    ])
    expect(daysBefore(now, 7, zone)).toBe(week)
  })

  test('counts each outcome in its column and each number once, and leaves out teammates who left before it', async () => {
    const now = at('2025-06-20T12:00:00Z')
    const outcomes: readonly Outcome[] = [
      'connected',
      'voicemail',
      'not_reached',
      'failed',
      'other',
      'in_progress',
    ]
    const dials = outcomes.flatMap((outcome, index) =>
      Array.from({ length: index + 1 }, (_, turn) => ({
        at: now - (index * 7 + turn + 1) * HOUR,
        outcome,
        entry: index,
      })),
    )
    const desk = await seat(database.pool, { since: now - 9 * DAY, until: now, dials })
    await recordReportTimeZone(database.pool, 'UTC')
    expect(await read('leaderboard_7d', desk)).toMatchObject([
      {
        dials: 21,
        resolved_dials: 15,
        connected: 1,
        voicemail: 2,
        not_reached: 3,
        picked_up: 3,
        numbers_dialled: 6,
      },
    ])
    const left = (instant: number) =>
      database.pool.query(
        `update allo.teammates set is_listed = false, left_at = timestamptz 'epoch' + $2 * interval '1 microsecond'
         where user_id = $1`,
        [desk.userId, instant],
      )
    await left(now - 13 * DAY)
    expect(await read('leaderboard_7d', desk)).toHaveLength(1)
    await left(now - 15 * DAY)
    expect(await read('leaderboard_7d', desk)).toEqual([])
    expect(await read('activity_heatmap', desk)).toHaveLength(168)
    await left(now - 29 * DAY)
    expect(await read('activity_heatmap', desk)).toEqual([])
  })

  test('in the heatmap begins 28 local days before the last reading', async () => {
    const now = at('2025-06-20T12:00:00Z')
    const since = now - 28 * DAY
    const desk = await seat(database.pool, {
      since,
      until: now,
      dials: connected(since, since + 1, now, now + 1),
    })
    await recordReportTimeZone(database.pool, 'UTC')
    const rows = await read<{ dials: number; period_from: number }>('activity_heatmap', desk)
    expect(rows.reduce((sum, { dials }) => sum + dials, 0)).toBe(2)
    expect(rows[0]?.period_from).toBe(since)
  })
})

describe('a dialling session', () => {
  const noon = at('2025-06-18T12:00:00Z')

  test.each([
    { pauses: [30 * MINUTE], sessions: 1, seconds: 1800 },
    { pauses: [30 * MINUTE + 1], sessions: 2, seconds: 0 },
    { pauses: [], sessions: 1, seconds: 0 },
    { pauses: [0, 0, 5 * SECOND], sessions: 1, seconds: 5 },
    { pauses: [10 * MINUTE, 31 * MINUTE, 10 * MINUTE, 2 * HOUR, 20 * MINUTE], sessions: 3, seconds: 2400 },
  ])(
    'ends with a pause of more than thirty minutes: $pauses µs make $sessions',
    async ({ pauses, sessions, seconds }) => {
      const instants = pauses.reduce((all, pause) => all.concat((all.at(-1) ?? noon) + pause), [noon])
      const desk = await seat(database.pool, {
        since: noon - HOUR,
        until: noon + 9 * HOUR,
        dials: connected(...instants),
      })
      await recordReportTimeZone(database.pool, 'UTC')
      expect(await read('daily_activity', desk)).toMatchObject([
        {
          dials: instants.length,
          sessions,
          dialling_seconds: seconds,
          first_dial_at: noon,
          last_dial_at: instants.at(-1),
        },
      ])
    },
  )

  test('ends at local midnight', async () => {
    const midnight = at('2025-06-18T22:00:00Z')
    const dials = connected(midnight - 20 * MINUTE, midnight - 5 * MINUTE, midnight, midnight + 5 * MINUTE)
    const desk = await seat(database.pool, { since: midnight - HOUR, until: midnight + HOUR, dials })
    await recordReportTimeZone(database.pool, 'Europe/Paris')
    const rows = await read<{ day: string }>('daily_activity', desk)
    expect(byKey(rows, ({ day }) => day)).toMatchObject(
      new Map([
        ['2025-06-18', { dials: 2, sessions: 1, dialling_seconds: 900 }],
        ['2025-06-19', { dials: 2, sessions: 1, dialling_seconds: 300 }],
      ]),
    )
  })
})

describe('a day', () => {
  test('has a row without a dial, and is over only when it was read to its end', async () => {
    const since = at('2025-06-16T10:00:00Z')
    const until = at('2025-06-19T00:00:00Z')
    const desk = await seat(database.pool, { since, until, dials: connected(since + HOUR) })
    await recordReportTimeZone(database.pool, 'UTC')
    const rows = await read<{
      day: string
      is_day_over: boolean
      dials: number
      connection_rate: number | null
    }>('daily_activity', desk)
    const days = rows.map(({ day, is_day_over, dials, connection_rate }) => [
      day,
      is_day_over,
      dials,
      connection_rate,
    ])
    expect(days.sort()).toEqual([
      ['2025-06-16', true, 1, 1],
      ['2025-06-17', true, 0, null],
      ['2025-06-18', true, 0, null],
      ['2025-06-19', false, 0, null],
    ])
  })

  test('of a dial made before the first reading has its row, which says that it was not read', async () => {
    const since = at('2025-06-18T06:00:00Z')
    const desk = await seat(database.pool, {
      since,
      until: since + HOUR,
      dials: connected(since - 26 * HOUR),
    })
    await recordReportTimeZone(database.pool, 'UTC')
    const rows = await read<{ day: string }>('daily_activity', desk)
    expect(byKey(rows, ({ day }) => day)).toMatchObject(
      new Map([
        ['2025-06-17', { dials: 1, gap_seconds: 86_400 }],
        ['2025-06-18', { dials: 0, gap_seconds: 6 * 3600 }],
      ]),
    )
  })
})

describe('a dial', () => {
  test('without a start counts at the time it was first seen', async () => {
    const noon = at('2025-06-18T12:00:00Z')
    const dials: DeskDial[] = [{ at: noon, outcome: 'connected', isUndated: true }]
    const desk = await seat(database.pool, { since: noon - DAY, until: noon + HOUR, dials })
    await recordReportTimeZone(database.pool, 'UTC')
    expect(await read('dials', desk)).toMatchObject([
      {
        dialled_at: null,
        counted_at: noon,
        dialled_date: '2025-06-18',
        dialled_hour: 12,
        seconds_since_added: null,
      },
    ])
    expect(await read('leaderboard_7d', desk)).toMatchObject([{ dials: 1 }])
  })

  test('without a result is unresolved more than 120 minutes after it, as of the last reading', async () => {
    const noon = at('2025-06-18T12:00:00Z')
    const limit = noon - 120 * MINUTE
    const dials: DeskDial[] = [
      { at: limit, outcome: 'in_progress' },
      { at: limit - 1, outcome: 'in_progress' },
      { at: limit - DAY, outcome: 'other' },
    ]
    const desk = await seat(database.pool, { since: noon - 3 * DAY, until: noon, dials })
    const rows = await read<{ counted_at: number; is_unresolved: boolean }>('dials', desk)
    expect(rows.filter(({ is_unresolved }) => is_unresolved).map(({ counted_at }) => counted_at)).toEqual([
      limit - 1,
    ])
  })
})

describe('a connection rate', () => {
  test.each([
    [0, 0],
    [0, 1],
    [1, 1],
    [0, 7],
    [3, 4],
    [7, 7],
    [37, 412],
    [9_999, 10_000],
  ])('of %i in %i resolved dials has its Wilson bounds, between 0 and 1', async (reached, resolved) => {
    const { rows } = await database.pool.query(
      `select allo.rate($1, $2)::float8 as connection_rate, allo.rate_low($1, $2)::float8 as connection_rate_low,
         allo.rate_high($1, $2)::float8 as connection_rate_high`,
      [reached, resolved],
    )
    const expected = connectionRate(reached, resolved)
    expect(mismatches(new Map([['rate', rows[0] ?? {}]]), new Map([['rate', expected]]))).toEqual([])
    if (resolved === 0) return
    const { connection_rate, connection_rate_low, connection_rate_high } = rows[0]
    expect([0, connection_rate_low, connection_rate, connection_rate_high, 1]).toEqual(
      [0, connection_rate_low, connection_rate, connection_rate_high, 1].sort((a, b) => a - b),
    )
  })

  test('of three in four has bounds of 30 and 95 %', () => {
    const { connection_rate_low, connection_rate_high } = connectionRate(3, 4)
    expect([connection_rate_low, connection_rate_high].map((rate) => rate?.toFixed(4))).toEqual([
      '0.3006',
      '0.9544',
    ])
  })
})

describe('dials at a limit', () => {
  const noon = at('2026-03-28T12:00Z')
  const dialled = (...instants: number[]) =>
    seat(database.pool, {
      since: noon - HOUR,
      until: noon + DAY / 2 + 10 * MINUTE,
      dials: connected(...instants),
    })

  test('are of one session 30 minutes apart, of two at any longer pause and at midnight', async () => {
    await recordReportTimeZone(database.pool, 'UTC')
    const afterwards = noon + HOUR + 1
    const midnight = noon + DAY / 2
    const desk = await dialled(
      ...[noon, noon + 30 * MINUTE, afterwards, afterwards, midnight - 5 * MINUTE, midnight + 5 * MINUTE],
    )
    const rows = await read<{ day: string; session: number }>('sessions', desk)
    expect(rows.sort((a, b) => a.day.localeCompare(b.day) || a.session - b.session)).toMatchObject([
      {
        day: '2026-03-28',
        session: 1,
        dials: 2,
        dials_per_hour: 2,
        longest_pause_seconds: 1800,
        is_open: false,
      },
      { day: '2026-03-28', session: 2, dials: 2, dialling_seconds: 0, dials_per_hour: null, is_open: false },
      { day: '2026-03-28', session: 3, dials: 1, longest_pause_seconds: null, is_open: false },
      { day: '2026-03-29', session: 1, dials: 1, dials_per_hour: null, is_open: true },
    ])
  })

  test('are too soon less than an hour after the previous dial of the number, not at one hour', async () => {
    const desk = await dialled(noon, noon + HOUR, noon + 2 * HOUR - 1)
    await database.pool.query(
      `update allo.queue_entries set number_to = '+33612345678', outcome = 'failed' where queue_id = $1`,
      [desk.queueId],
    )
    await database.pool.query(`update allo.dials set outcome = 'failed' where queue_id = $1`, [desk.queueId])
    expect(await read<object>('wasted_dials', desk)).toMatchObject([
      { counted_at: noon + 2 * HOUR - 1, reason: 'too_soon', attempt_of_number: 3, is_too_soon: true },
    ])
  })

  test('are of the week of their local Monday', async () => {
    await recordReportTimeZone(database.pool, 'America/New_York')
    const monday = at('2026-03-23T04:00Z')
    const desk = await seat(database.pool, {
      since: monday - 2 * DAY,
      until: monday + 7 * DAY,
      dials: connected(monday - 1, monday, monday + 7 * DAY - 1),
    })
    await database.pool.query(
      `update allo.queue_entries set number_key = 'key-' || entry_id where queue_id = $1`,
      [desk.queueId],
    )
    const rows = await read<{ week: string }>('attempts', desk)
    expect(rows.sort((a, b) => a.week.localeCompare(b.week))).toMatchObject([
      { week: '2026-03-16', attempt: 1, dials: 1, connected: 1, is_week_over: true },
      { week: '2026-03-23', attempt: 1, dials: 2, connected: 2, is_week_over: true },
    ])
    await database.pool.query(
      `update allo.queue_entries set number_key = 'erased-' || entry_id where queue_id = $1`,
      [desk.queueId],
    )
    const unknown = await read<{ week: string }>('attempts', desk)
    expect(unknown.sort((a, b) => a.week.localeCompare(b.week))).toMatchObject([
      { week: '2026-03-16', attempt: null, dials: 1 },
      { week: '2026-03-23', attempt: null, dials: 2 },
    ])
  })
})
