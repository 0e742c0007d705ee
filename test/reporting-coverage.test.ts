/** What is known and what is unknown: gaps, unconfirmed answers, absences, and the age of the data. */
import { describe, expect, test } from 'vitest'
import { cadenceOf } from '../src/worker/freshness.ts'
import { letTimePass } from './support/letting-time-pass.ts'
import { openMirror } from './support/mirror.ts'
import { seat } from './support/reporting-desk.ts'
import { readView } from './support/reporting-views.ts'
import { currentQueue, type Stage, type StageOptions, useStages } from './support/stage.ts'

const openStage = useStages()

/** Read every hour: two hours without a reading are a gap, after three the data are too old. */
async function open(options: StageOptions = {}): Promise<Stage> {
  const stage = await openStage({ env: { SYNC_EVERY: '1h' }, ...options })
  // What is on record is made to be older than what the world remembers.
  stage.letTheApiLie()
  return stage
}

const wait = ({ database }: Stage, interval: string) =>
  letTimePass(database.pool, interval, { sourceStays: true })
const read = <Row extends object>({ database, world }: Stage, view: string) =>
  readView<Row>(database.pool, `reporting.${view}`, world.team.id)

interface Gap {
  readonly user_id: string
  readonly gap_from: number
  readonly gap_to: number | null
  readonly gap_seconds: number
  readonly reason: string
  readonly is_open: boolean
}
const gapsOf = async (stage: Stage, userId: string) =>
  (await read<Gap>(stage, 'coverage_gaps')).filter(({ user_id }) => user_id === userId)

async function ofTeammate<Row extends { user_id: string }>(
  stage: Stage,
  view: string,
  userId: string,
): Promise<Row> {
  const row = (await read<Row>(stage, view)).find(({ user_id }) => user_id === userId)
  if (!row) throw new Error(`${view} has no row of ${userId}`)
  return row
}

/** What the function answers at the end of each reading of this teammate, oldest first. */
async function answersAtReadings(stage: Stage, userId: string): Promise<string[]> {
  const rows = await stage.sql<{ status: string; answer: string }>(
    `select r.status, min(q.answer) as answer from allo.sync_reads r
     cross join lateral reporting.queue_as_of(r.user_id, r.observed_at) q
     where r.user_id = $1 group by r.observed_at, r.status order by r.observed_at`,
    [userId],
  )
  return rows.map(({ status, answer }) => `${status}: ${answer}`)
}

describe('the time until the next reading is due', () => {
  const worktime = { cron: '*/15 8-18 * * 1-5', timeZone: 'Europe/Paris' }
  const daily = { cron: '0 9 * * *', timeZone: 'Europe/Paris' }
  const at = (from: string, until: string) => (Date.parse(until) - Date.parse(from)) / 1000

  test.each([
    ['two intervals', { everyMs: 300_000 }, null, '2026-11-25T10:00:00Z', 600, 900],
    ['rounded up to seconds', { everyMs: 1_250 }, null, '2026-11-25T10:00:00Z', 3, 4],
    [
      'as FRESHNESS_SLO says for age alone',
      { everyMs: 300_000 },
      3_600_000,
      '2026-11-25T10:00:00Z',
      600,
      3600,
    ],
    ['the second slot from now, and the third', worktime, null, '2026-11-24T09:59:00Z', 16 * 60, 31 * 60],
  ] as const)('is %s', (_, schedule, sloMs, now, gapAfterSeconds, staleAfterSeconds) => {
    expect(cadenceOf(schedule, sloMs, new Date(now))).toEqual({ gapAfterSeconds, staleAfterSeconds })
  })

  test('of a schedule without weekends ends after the weekend', () => {
    const friday = '2026-11-20T17:50:00Z'
    expect(cadenceOf(worktime, null, new Date(friday))).toEqual({
      gapAfterSeconds: at(friday, '2026-11-23T07:15:00Z'),
      staleAfterSeconds: at(friday, '2026-11-23T07:30:00Z'),
    })
  })

  test('ends an hour later when the clock goes back', () => {
    const saturday = '2026-10-24T07:00:00Z'
    expect(cadenceOf(daily, null, new Date(saturday)).gapAfterSeconds).toBe(49 * 3600)
  })
})

describe('a gap', () => {
  test('begins if a reading comes later than two intervals, and not if it comes sooner', async () => {
    const stage = await open()
    const [userId = ''] = stage.ids
    await stage.pass()
    await wait(stage, '7100 seconds')
    await stage.pass()
    expect(await read(stage, 'coverage_gaps')).toEqual([])
    await wait(stage, '7300 seconds')
    await stage.pass()
    expect(await read(stage, 'coverage_gaps')).toHaveLength(3)
    const [gap, ...more] = await gapsOf(stage, userId)
    expect(gap).toMatchObject({ reason: 'not_read', is_open: false })
    expect(more).toEqual([])
    const readings = (await stage.recorded()).readings.filter(({ user_id }) => user_id === userId)
    expect([gap?.gap_from, gap?.gap_to]).toEqual(readings.slice(1).map(({ observed_at }) => observed_at))
    expect(gap?.gap_seconds).toBeCloseTo(((gap?.gap_to ?? 0) - (gap?.gap_from ?? 0)) / 1e6, 4)
    await stage.pass()
    expect(await gapsOf(stage, userId)).toEqual([gap])
  })

  test('is not a weekend without scheduled passes', async () => {
    const stage = await open()
    const worktime = { cron: '*/15 8-18 * * 1-5', timeZone: 'Europe/Paris' }
    const scheduledOn = async (day: string) => {
      const { gapAfterSeconds } = cadenceOf(worktime, null, new Date(day))
      await stage.pass()
      await stage.sql(
        `update allo.sync_passes set gap_after_seconds = $1 where pass_id = (select max(pass_id) from allo.sync_passes)`,
        [gapAfterSeconds],
      )
      await wait(stage, '61 hours')
    }
    await scheduledOn('2026-11-20T17:50:00Z')
    await stage.pass()
    expect(await read(stage, 'coverage_gaps')).toEqual([])
    await scheduledOn('2026-11-24T17:50:00Z')
    await stage.pass()
    expect(await read(stage, 'coverage_gaps')).toHaveLength(3)
  })

  test('of a pass that recorded no interval begins after ten minutes', async () => {
    const stage = await open()
    const forget = () => stage.sql('update allo.sync_passes set gap_after_seconds = null')
    await stage.pass()
    await forget()
    await wait(stage, '590 seconds')
    await stage.pass()
    expect(await read(stage, 'coverage_gaps')).toEqual([])
    await forget()
    await wait(stage, '610 seconds')
    await stage.pass()
    expect(await read(stage, 'coverage_gaps')).toHaveLength(3)
  })

  test("continues while one teammate can't be read and others can, and keeps the last reason when it is over", async () => {
    const stage = await open()
    const [, userId = '', other = ''] = stage.ids
    await stage.pass()
    stage.simulated.faults.add({ kind: 'server_error', endpoint: 'queue', userId })
    await wait(stage, '1 hour')
    await stage.pass()
    expect(await read(stage, 'coverage_gaps')).toEqual([])
    await wait(stage, '70 minutes')
    await stage.pass()
    const [gap, ...more] = await gapsOf(stage, userId)
    expect(gap).toMatchObject({ is_open: true, gap_to: null, reason: 'error' })
    expect(more).toEqual([])
    const [{ data_as_of = 0 } = {}] = await read<{ data_as_of: number }>(stage, 'teams')
    expect(gap?.gap_seconds).toBeCloseTo((data_as_of - (gap?.gap_from ?? 0)) / 1e6, 4)

    type Board = { user_id: string; gap_seconds: number; previous_gap_seconds: number }
    const week = 7 * 86_400
    const known = (await ofTeammate<Board>(stage, 'leaderboard_7d', other)).gap_seconds
    expect(known).toBeCloseTo(week - 7800, -2)
    const board = await ofTeammate<Board>(stage, 'leaderboard_7d', userId)
    expect(board.gap_seconds).toBeCloseTo(week, -2)
    expect(board.previous_gap_seconds).toBeCloseTo(week, 4)

    stage.simulated.faults.clear()
    await stage.pass()
    expect(await gapsOf(stage, userId)).toMatchObject([
      { is_open: false, gap_from: gap?.gap_from, reason: 'error' },
    ])
    expect(await gapsOf(stage, other)).toEqual([])
  })

  test('is the time of one answer that the teammate is not on the team, however short', async () => {
    const stage = await open()
    const [, userId = ''] = stage.ids
    await stage.pass()
    stage.apply({ type: 'leave', userId })
    await stage.pass()
    expect(await gapsOf(stage, userId)).toMatchObject([{ is_open: true, reason: 'not_found' }])
    stage.apply({ type: 'return', userId })
    await stage.pass()
    expect(await gapsOf(stage, userId)).toMatchObject([{ is_open: false, reason: 'not_found' }])
    expect(await answersAtReadings(stage, userId)).toEqual(['ok: queue', 'not_found: unknown', 'ok: queue'])
  })

  test('does not begin while the mirror is stopped: nothing gets older except data_freshness', async () => {
    const stage = await open({ world: { clock: () => Date.now() - 30 * 86_400_000 } })
    await stage.pass()
    const said = async () => {
      const numbers = await read<{ entry_id: number; waiting_seconds: number }>(stage, 'current_numbers')
      const stale = await read(stage, 'stale_numbers')
      const waiting = numbers.map(({ entry_id, waiting_seconds }) => `${entry_id} ${waiting_seconds}`).sort()
      return { waiting, stale: stale.length, gaps: await read(stage, 'coverage_gaps') }
    }
    const before = await said()
    expect(before).toMatchObject({ stale: 15, gaps: [] })
    await letTimePass(stage.database.pool, '3 days')
    expect(await said()).toEqual(before)
    const ages = await read<{ is_stale: boolean; age_seconds: number }>(stage, 'data_freshness')
    expect(ages.map(({ is_stale }) => is_stale)).toEqual([true, true, true])
    for (const { age_seconds } of ages) expect(Math.floor(age_seconds / 86_400)).toBe(3)
  })
})

describe('an answer that the next reading contradicts', () => {
  test('makes the holder of the queue unknown at its own time, and at no other', async () => {
    const stage = await open()
    const [, userId = ''] = stage.ids
    await stage.pass()
    stage.simulated.faults.add({ kind: 'odd_no_queue', userId, times: 1 })
    await stage.pass()
    expect(await ofTeammate(stage, 'teammates', userId)).toMatchObject({
      queue_state: 'unknown',
      queue_id: null,
      numbers: null,
      remaining: null,
    })
    await stage.pass()
    expect(await answersAtReadings(stage, userId)).toEqual(['ok: queue', 'no_queue: unknown', 'ok: queue'])
    expect(await ofTeammate(stage, 'teammates', userId)).toMatchObject({ queue_state: 'queue', numbers: 5 })
    expect(await gapsOf(stage, userId)).toEqual([])
  })

  test('is a period without a queue only if it is confirmed, and then from the first answer on', async () => {
    const stage = await open({ world: { withoutQueue: 1 } })
    const userId = stage.ids[2] ?? ''
    const periods = async () =>
      (await read<{ user_id: string; assignment_state: string }>(stage, 'queue_assignments'))
        .filter(({ user_id }) => user_id === userId)
        .map(({ assignment_state }) => assignment_state)
    await stage.pass()
    expect(await periods()).toEqual([])
    expect(await ofTeammate(stage, 'teammates', userId)).toMatchObject({ queue_state: 'unknown' })
    expect(await answersAtReadings(stage, userId)).toEqual(['no_queue: unknown'])
    await stage.pass()
    expect(await periods()).toEqual(['no_queue'])
    expect(await ofTeammate(stage, 'teammates', userId)).toMatchObject({
      queue_state: 'no_queue',
      numbers: null,
    })
    expect(await answersAtReadings(stage, userId)).toEqual(['no_queue: no_queue', 'no_queue: no_queue'])
  })
})

describe('queue_as_of', () => {
  test('answers for now as of the last reading, until that is older than the freshness limit; then unknown, with the time since when', async () => {
    const stage = await open()
    const [userId = ''] = stage.ids
    await stage.pass()
    const ask = (moment: string) =>
      stage.sql<{ answer: string; numbers: number; is_since_then: boolean }>(
        `select q.answer, count(q.entry_id)::int as numbers, q.read_at = t.data_as_of as is_since_then
         from reporting.teammates t cross join lateral reporting.queue_as_of(t.user_id, ${moment}) q
         where t.user_id = $1 group by 1, 3`,
        [userId],
      )
    const known = [{ answer: 'queue', numbers: 5, is_since_then: true }]
    const unknown = [{ answer: 'unknown', numbers: 0, is_since_then: true }]
    for (const moment of ['now()', 'clock_timestamp()', `data_as_of + interval '1 microsecond'`])
      expect(await ask(moment), moment).toEqual(known)
    expect(await ask(`clock_timestamp() + interval '1 minute'`)).toEqual(unknown)
    const [{ seconds = 0 } = {}] = await stage.sql<{ seconds: number }>(
      'select stale_after_seconds as seconds from reporting.data_freshness limit 1',
    )
    // The worker stands still.
    await wait(stage, `${seconds - 60} seconds`)
    expect(await ask('now()')).toEqual(known)
    await wait(stage, '2 minutes')
    for (const moment of ['now()', `data_as_of + interval '1 microsecond'`])
      expect(await ask(moment), moment).toEqual(unknown)
    expect(await ask('data_as_of')).toEqual(known)
  })

  test('answers unknown before the first reading, for an unknown teammate, and for a null moment', async () => {
    const stage = await open()
    const [userId = ''] = stage.ids
    await stage.pass()
    const ask = (user: string, moment: string) =>
      stage.sql(
        `select answer, queue_id, entry_id, position from reporting.queue_as_of($1,
           (select ${moment} from reporting.teammates where user_id = $2))`,
        [user, userId],
      )
    const unknown = [{ answer: 'unknown', queue_id: null, entry_id: null, position: null }]
    expect(await ask(userId, 'data_as_of')).toHaveLength(5)
    expect(await ask(userId, `data_as_of - interval '1 microsecond'`)).toEqual(unknown)
    expect(await ask('usr-nobody', 'data_as_of')).toEqual(unknown)
    expect(await ask(userId, 'null::timestamptz')).toEqual(unknown)
  })

  test('answers with one row and no number for an empty queue', async () => {
    const stage = await open()
    const [userId = ''] = stage.ids
    stage.apply({ type: 'reset', userId })
    await stage.pass()
    expect(
      await stage.sql(
        `select q.answer, q.queue_id, q.entry_id, q.read_at = t.data_as_of as is_read_then
         from reporting.teammates t, reporting.queue_as_of(t.user_id, t.data_as_of) q where t.user_id = $1`,
        [userId],
      ),
    ).toEqual([
      { answer: 'queue', queue_id: currentQueue(stage, userId), entry_id: null, is_read_then: true },
    ])
    expect(await ofTeammate(stage, 'teammates', userId)).toMatchObject({ numbers: 0, remaining: 0 })
  })

  test('answers unknown within a gap, and knows the queue at both its ends', async () => {
    const stage = await open()
    const [userId = ''] = stage.ids
    await stage.pass()
    await wait(stage, '3 hours')
    await stage.pass()
    const answers = await stage.sql<{ answer: string }>(
      `select distinct on (at) q.answer from reporting.coverage_gaps g
       cross join unnest(array[g.gap_from, g.gap_from + interval '1 microsecond', g.gap_to - interval '1 microsecond',
         g.gap_to]) at
       cross join lateral reporting.queue_as_of(g.user_id, at) q where g.user_id = $1 order by at`,
      [userId],
    )
    expect(answers.map(({ answer }) => answer)).toEqual(['queue', 'unknown', 'unknown', 'queue'])
  })
})

describe('unread seconds', () => {
  const HOUR = 3_600_000_000
  const noon = Date.parse('2025-06-18T12:00:00Z') * 1000

  test('count overlapping reasons once', async () => {
    const stage = await open({ world: { withoutQueue: 1 } })
    const userId = stage.ids[2] ?? ''
    // Seen without a queue once, then not for long, then with one: the first answer was never confirmed.
    await stage.pass()
    await wait(stage, '10 hours')
    stage.apply({ type: 'reset', userId, fill: 2 })
    await stage.pass()
    await wait(stage, '1 hour')
    await stage.pass()
    const board = await ofTeammate<{ user_id: string; gap_seconds: number }>(stage, 'leaderboard_7d', userId)
    expect(board.gap_seconds).toBeCloseTo(7 * 86_400 - 3600, -2)
    const days = await read<{ user_id: string; gap_seconds: number }>(stage, 'daily_activity')
    const ofDays = days.filter(({ user_id }) => user_id === userId).map(({ gap_seconds }) => gap_seconds)
    for (const seconds of ofDays) expect(seconds).toBeLessThanOrEqual(86_400)
  })

  test('include the time before history_from, if older history was deleted', async () => {
    const stage = await open()
    const { pool } = stage.database
    const desk = await seat(pool, { since: noon - 80 * HOUR, until: noon, dials: [] })
    await pool.query(`update allo.teams set history_from = '2025-06-18T06:00:00Z' where team_id = $1`, [
      desk.teamId,
    ])
    const [board] = await readView<{ gap_seconds: number }>(pool, 'reporting.leaderboard_7d', desk.teamId)
    expect(board?.gap_seconds).toBe(7 * 86_400 - 6 * 3600)
    const days = await readView<{ day: string; gap_seconds: number }>(
      pool,
      'reporting.daily_activity',
      desk.teamId,
    )
    const today = days.find(({ day }) => day === '2025-06-18')
    expect(today?.gap_seconds).toBe(6 * 3600)
  })
})

describe('a burn-down', () => {
  const rowsOf = async (stage: Stage, queueId: string) =>
    (
      await read<{ queue_id: string; observed_at: number; gap_seconds: number; has_gap: boolean }>(
        stage,
        'queue_burndown',
      )
    )
      .filter(({ queue_id }) => queue_id === queueId)
      .sort((a, b) => a.observed_at - b.observed_at)

  /** One teammate is not read for this long, while the others are. */
  async function missOut(stage: Stage, userId: string): Promise<void> {
    const fault = stage.simulated.faults.add({ kind: 'server_error', endpoint: 'queue', userId })
    for (let round = 0; round < 3; round += 1) {
      await wait(stage, '1 hour')
      await stage.pass()
    }
    fault.remove()
    await stage.pass()
  }

  test('has the gaps of the holder of the queue, while they hold it', async () => {
    const stage = await open()
    const [, giver = '', taker = ''] = stage.ids
    const queueId = currentQueue(stage, giver)
    await stage.pass()
    stage.apply({ type: 'reassign', userId: giver, to: taker })
    await stage.pass()
    await stage.pass()
    await missOut(stage, giver)
    expect(await gapsOf(stage, giver)).toHaveLength(1)
    expect(await rowsOf(stage, queueId)).toMatchObject([{ has_gap: false, gap_seconds: 0 }])

    await missOut(stage, taker)
    const [gap] = await gapsOf(stage, taker)
    const [row, ...more] = await rowsOf(stage, queueId)
    expect(row?.has_gap).toBe(true)
    expect(row?.gap_seconds).toBeCloseTo(gap?.gap_seconds ?? 0, 4)
    expect(more).toEqual([])
  })

  test('has a gap from an end to the reading that shows the queue again', async () => {
    const stage = await open()
    const [, userId = ''] = stage.ids
    const queueId = currentQueue(stage, userId)
    await stage.pass()
    stage.apply({ type: 'reset', userId, fill: 2 })
    for (let round = 0; round < 2; round += 1) {
      await wait(stage, '1 hour')
      await stage.pass()
    }
    expect(await rowsOf(stage, queueId)).toMatchObject([
      { has_gap: false, end_reason: 'queue_replaced', is_last: true },
    ])
    stage.apply({ type: 'remove_queue', userId, restoreOlder: true })
    await wait(stage, '1 hour')
    await stage.pass()
    const [row, ...more] = await rowsOf(stage, queueId)
    expect(row).toMatchObject({ has_gap: true, end_reason: null, is_last: true })
    expect(row?.gap_seconds).toBeCloseTo(2 * 3600, -2)
    expect(more).toEqual([])
  })

  test('keeps its gaps when the holders are deleted with old history', async () => {
    const stage = await open()
    const [, userId = '', other = ''] = stage.ids
    const queueId = currentQueue(stage, userId)
    await stage.pass()
    await wait(stage, '5 hours')
    await stage.pass()
    stage.apply({ type: 'reassign', userId, to: other })
    await stage.pass()
    const before = await rowsOf(stage, queueId)
    expect(before).toMatchObject([{ has_gap: true }])
    await stage.sql('delete from allo.queue_assignments where valid_to is not null')
    await stage.sql('update allo.teams set history_from = clock_timestamp()')
    expect(await rowsOf(stage, queueId)).toEqual(before)
  })
})

describe('data_freshness', () => {
  type Freshness = { user_id: string; is_stale: boolean | null; age_seconds: number | null }
  const ofOne = (stage: Stage, userId: string) => ofTeammate<Freshness>(stage, 'data_freshness', userId)

  test('says stale from the age that the last pass recorded, not sooner', async () => {
    const stage = await open()
    const [userId = ''] = stage.ids
    await stage.pass()
    await wait(stage, '10700 seconds')
    expect(await ofOne(stage, userId)).toMatchObject({ is_stale: false, stale_after_seconds: 10_800 })
    await wait(stage, '200 seconds')
    expect(await ofOne(stage, userId)).toMatchObject({ is_stale: true, stale_after_seconds: 10_800 })
    await stage.pass()
    expect(await ofOne(stage, userId)).toMatchObject({ is_stale: false, last_try_status: 'ok' })
  })

  test('says stale and gives the reason for a teammate who was never read, and omits those who left', async () => {
    const stage = await open()
    const [, userId = '', leaver = ''] = stage.ids
    stage.simulated.faults.add({ kind: 'server_error', endpoint: 'queue', userId })
    await stage.pass()
    expect(await ofOne(stage, userId)).toMatchObject({
      is_stale: true,
      age_seconds: null,
      last_observed_at: null,
      last_try_status: 'error',
      last_try_error_code: 'INTERNAL_SERVER_ERROR',
    })
    expect(await ofTeammate(stage, 'teammates', userId)).toMatchObject({
      queue_state: 'unknown',
      data_as_of: null,
    })
    expect(await gapsOf(stage, userId)).toEqual([])
    stage.apply({ type: 'leave', userId: leaver })
    await stage.pass()
    await stage.pass()
    const users = (await read<Freshness>(stage, 'data_freshness')).map(({ user_id }) => user_id)
    expect(users.sort()).toEqual(stage.ids.filter((id) => id !== leaver).sort())
  })

  test('says of a teammate left out by configuration that this is so, and neither fresh nor stale', async () => {
    const stage = await open()
    const [, userId = ''] = stage.ids
    await stage.pass()
    const mirror = await openMirror({
      ...stage,
      databaseUrl: stage.database.url,
      env: { EXCEPT_TEAMMATES: userId, SYNC_EVERY: '1h' },
    })
    await wait(stage, '3 hours')
    await mirror.pass()
    await mirror.close()
    expect(await ofOne(stage, userId)).toMatchObject({
      is_left_out: true,
      is_stale: null,
      last_try_status: 'skipped',
      last_try_error_code: 'not_asked',
    })
    expect(await ofOne(stage, stage.ids[0] ?? '')).toMatchObject({ is_left_out: false, is_stale: false })
    expect(await gapsOf(stage, userId)).toMatchObject([{ is_open: true, reason: 'skipped' }])
    const passes = await read<{ pass_id: number }>(stage, 'sync_passes')
    expect(passes.sort((a, b) => a.pass_id - b.pass_id).at(-1)).toMatchObject({
      status: 'ok',
      teammates: 2,
      teammates_read: 2,
      teammates_failed: 0,
    })
  })
})

describe('sync_passes', () => {
  test('distinguishes a refused pass and a pass over some teammates', async () => {
    const stage = await open()
    await stage.pass()
    stage.simulated.faults.add('key_revoked')
    await expect(stage.pass()).rejects.toThrow('API_KEY_REVOKED')
    stage.simulated.faults.clear()
    await stage.pass([stage.ids[1] ?? ''])
    const passes = await read<{ pass_id: number; duration_seconds: number }>(stage, 'sync_passes')
    passes.sort((a, b) => a.pass_id - b.pass_id)
    expect(passes).toMatchObject([
      {
        status: 'ok',
        is_whole_team: true,
        teammates: 3,
        teammates_read: 3,
        numbers_added: 15,
        error_code: null,
      },
      { status: 'failed', teammates_read: 0, error_code: 'API_KEY_REVOKED', numbers_read: null },
      {
        status: 'ok',
        is_whole_team: false,
        teammates: 1,
        teammates_read: 1,
        numbers_read: 5,
        numbers_added: 0,
      },
    ])
    for (const { duration_seconds } of passes) expect(duration_seconds).toBeGreaterThan(0)
  })
})
