/** When queues run out, and how good their lists are, on a team whose every dial is made here. */
import { describe, expect, test } from 'vitest'
import type { CallResult } from '../src/simulation/shapes.ts'
import { recordReportTimeZone } from '../src/store/queries/settings.ts'
import { readView } from './support/reporting-views.ts'
import { currentQueue, type Stage, useStages } from './support/stage.ts'

const openStage = useStages()
const MINUTE_MS = 60_000

interface Forecast {
  readonly queue_id: string
  readonly user_id: string
  readonly data_as_of: number
  readonly remaining: number
  readonly first_dials: number
  readonly active_hours: number
  readonly numbers_per_hour: number | null
  readonly numbers_per_hour_low: number | null
  readonly numbers_per_hour_high: number | null
  readonly hours_left: number | null
  readonly hours_left_low: number | null
  readonly hours_left_high: number | null
  readonly runs_out_at: number | null
  readonly runs_out_local_time: string | null
  readonly reason: string | null
}

/** One team whose clock is some minutes ago, until it is now. It is never midnight: the zone has noon now. */
async function openDesk(options: { readonly numbersPerQueue: number }) {
  let minutesAgo = 12 * 60
  const clock = () => Date.now() - minutesAgo * MINUTE_MS
  const stage = await openStage({ world: { ...options, calledBefore: 0, clock } })
  const hoursToNoon = 12 - new Date().getUTCHours()
  const zone = `Etc/GMT${hoursToNoon > 0 ? '-' : '+'}${Math.abs(hoursToNoon)}`
  await recordReportTimeZone(stage.database.pool, zone)
  const dial = (userId: string, position: number, at: number, result: Partial<CallResult> = {}) => {
    minutesAgo = at
    stage.apply(
      { type: 'dial', userId, position },
      { type: 'result', userId, position, result: { routing_result: 'ANSWERED', ...result } },
    )
  }
  const pass = async () => {
    minutesAgo = 0
    await stage.pass()
    const rows = await readView<Forecast>(
      stage.database.pool,
      'reporting.queue_forecast',
      stage.world.team.id,
    )
    return (userId: string) => rows.find(({ user_id }) => user_id === userId)
  }
  return { stage, dial, pass }
}

describe('queue_forecast', () => {
  test('extends an even pace to the time at which nothing remains, with a range around it', async () => {
    const { stage, dial, pass } = await openDesk({ numbersPerQueue: 60 })
    const [userId = ''] = stage.ids
    // One number every two minutes until now, after a pause of an hour that does not count.
    for (let nth = 0; nth < 21; nth += 1) dial(userId, nth, 100 - nth * 2)
    for (let nth = 0; nth < 11; nth += 1) dial(userId, 21 + nth, 20 - nth * 2)
    const forecast = (await pass())(userId)
    expect(forecast).toMatchObject({ remaining: 28, first_dials: 30, reason: null })
    expect(forecast?.active_hours).toBeCloseTo(1, 2)
    expect(forecast?.numbers_per_hour).toBeCloseTo(30, 0)
    expect(forecast?.hours_left).toBeCloseTo(28 / 30, 1)
    // The score interval of 30 events.
    expect(forecast?.numbers_per_hour_low).toBeCloseTo(21, 0)
    expect(forecast?.numbers_per_hour_high).toBeCloseTo(42.8, 0)
    const { data_as_of = 0, runs_out_at, hours_left, hours_left_low, hours_left_high } = forecast ?? {}
    expect(runs_out_at).toBeCloseTo(data_as_of + (hours_left ?? 0) * 3600e6, -3)
    expect(hours_left_low).toBeLessThan(hours_left ?? 0)
    expect(hours_left_high).toBeGreaterThan(hours_left ?? 0)
    expect(forecast?.runs_out_local_time).toMatch(/^1[23]:\d\d$/)
  })

  test('has a wider range if the pauses are more unequal than chance makes them', async () => {
    const { stage, dial, pass } = await openDesk({ numbersPerQueue: 80 })
    const [even = '', uneven = ''] = stage.ids
    const at = (nth: number) => 40 - nth * 2
    const bursts = (nth: number) => 40 - Math.floor(nth / 10) * 20 - (nth % 10) / 30
    for (let nth = 0; nth <= 20; nth += 1) dial(even, nth, at(nth))
    for (let nth = 0; nth <= 20; nth += 1) dial(uneven, nth, bursts(nth))
    const of = await pass()
    const width = (userId: string) => {
      const {
        numbers_per_hour_low: low,
        numbers_per_hour_high: high,
        numbers_per_hour: pace,
      } = of(userId) ?? {}
      return ((high ?? 0) - (low ?? 0)) / (pace ?? 1)
    }
    expect(of(even)).toMatchObject({ first_dials: 20 })
    expect(of(uneven)).toMatchObject({ first_dials: 20 })
    expect(width(uneven)).toBeGreaterThan(1.5 * width(even))
  })

  test('says why it has no time: no dials, too few, nobody is dialling, not today, nothing remains', async () => {
    const { stage, dial, pass } = await openDesk({ numbersPerQueue: 12 })
    const [a = '', b = '', c = ''] = stage.ids
    dial(b, 0, 10)
    for (let nth = 0; nth < 12; nth += 1) dial(c, nth, 60 - nth)
    const first = await pass()
    expect(first(a)).toMatchObject({ reason: 'no_dials', numbers_per_hour: null, hours_left: null })
    expect(first(b)).toMatchObject({ reason: 'too_few_dials', numbers_per_hour: null, runs_out_at: null })
    expect(first(c)).toMatchObject({ reason: 'nothing_remains', remaining: 0, hours_left: null })
    expect(first(c)?.numbers_per_hour).toBeCloseTo(60, 0)
    stage.apply({ type: 'append', userId: c, numbers: ['+15550000001', '+15550000002'] })
    const later = (await pass())(c)
    expect(later).toMatchObject({ reason: 'not_dialling', remaining: 2, runs_out_at: null })
    expect(later?.hours_left).toBeCloseTo(2 / 60, 2)
    const many = Array.from({ length: 2000 }, (_, nth) => `+1555${String(1_000_000 + nth)}`)
    stage.apply({ type: 'append', userId: c, numbers: many })
    dial(c, 12, 1)
    const long = (await pass())(c)
    expect(long).toMatchObject({ reason: 'not_today', runs_out_at: null, runs_out_local_time: null })
    expect(long?.hours_left).toBeGreaterThan(12)
  })

  test('measures the present holder only, and no second dial of a number', async () => {
    const { stage, dial, pass } = await openDesk({ numbersPerQueue: 40 })
    const [giver = '', taker = ''] = stage.ids
    stage.apply({ type: 'remove_queue', userId: taker })
    for (let nth = 0; nth < 15; nth += 1) dial(giver, nth, 300 - nth)
    await pass()
    stage.apply({ type: 'reassign', userId: giver, to: taker })
    await pass()
    for (let nth = 0; nth < 12; nth += 1) dial(taker, 15 + nth, 24 - nth)
    await pass()
    for (let nth = 0; nth < 6; nth += 1) dial(taker, 15 + nth, 12 - nth)
    const forecast = (await pass())(taker)
    expect(forecast?.queue_id).toBe(currentQueue(stage, taker))
    expect(forecast).toMatchObject({ first_dials: 11, remaining: 13 })
    expect(forecast?.active_hours).toBeCloseTo(17 / 60, 2)
  })
})

describe('list_health', () => {
  const healthOf = async ({ database, world }: Stage, queueId: string) =>
    (await readView<{ queue_id: string }>(database.pool, 'reporting.list_health', world.team.id)).find(
      ({ queue_id }) => queue_id === queueId,
    )

  test('counts numbers by their last result, duplicates, and numbers that were called in another queue before', async () => {
    const { stage, dial, pass } = await openDesk({ numbersPerQueue: 6 })
    const [a = '', b = ''] = stage.ids
    const numberAt = (position: number) => stage.world.currentQueue(a)?.rowAt(position)?.number_to ?? ''
    const dead: Partial<CallResult> = {
      routing_result: null,
      not_reached_destination_reason: 'NOT_IN_SERVICE',
    }
    dial(a, 0, 50, dead)
    dial(a, 1, 49, { routing_result: 'VOICEMAIL' })
    dial(a, 2, 48, { routing_result: 'FAILED' })
    await pass()
    // The second result of this number counts.
    dial(a, 1, 40)
    // Called by a, and one of them twice in the queue of b.
    stage.apply({ type: 'append', userId: b, numbers: [numberAt(0), numberAt(1), numberAt(1), numberAt(5)] })
    await pass()
    expect(await healthOf(stage, currentQueue(stage, a))).toMatchObject({
      numbers_ever: 6,
      resolved_numbers: 3,
      not_in_service: 1,
      voicemail: 0,
      failed: 1,
      not_in_service_rate: expect.closeTo(1 / 3, 9),
      duplicates: 0,
      called_elsewhere: 0,
      numbers: 6,
      waiting_numbers: 3,
    })
    expect(await healthOf(stage, currentQueue(stage, b))).toMatchObject({
      known_numbers: 10,
      resolved_numbers: 0,
      not_in_service_rate: null,
      duplicates: 1,
      duplicate_rate: 0.1,
      called_elsewhere: 3,
    })
  })
})
