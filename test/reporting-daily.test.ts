/**
 * reporting.queue_daily, compared with a team whose queues were recorded at each pass of six days: dials, additions,
 * removals, a reset, a queue that is gone, a hand-over and an outage.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { recordReportTimeZone } from '../src/store/queries/settings.ts'
import { outcomeOf } from './support/bookkeeping.ts'
import { letTimePass } from './support/letting-time-pass.ts'
import { coveredSeconds, localDay, nextDay, startOfDay } from './support/reporting-calendar.ts'
import { instant } from './support/reporting-truth.ts'
import { byKey, mismatches, readView, without } from './support/reporting-views.ts'
import { type Stage, useStages } from './support/stage.ts'

const openStage = useStages()
const HOUR_MS = 3_600_000
const HOURS_BETWEEN_PASSES = 8
/** No pass within a quarter of an hour of midnight, whenever the test runs. */
const isNearMidnightInUtc = Math.abs(((Date.now() / 60_000 + 240) % 480) - 240) < 20
const timeZone = isNearMidnightInUtc ? 'Asia/Kolkata' : 'UTC'

/** What the API showed of a queue in one pass. */
interface Shown {
  /** Whole microseconds since 1970. */
  readonly at: number
  readonly userId: string
  /** Number and time of its creation → uncalled. */
  readonly numbers: ReadonlyMap<string, boolean>
}

interface Recording {
  readonly stage: Stage
  readonly passes: readonly number[]
  readonly queues: ReadonlyMap<string, readonly Shown[]>
}

interface Daily {
  readonly queue_id: string
  readonly day: string
  readonly user_id: string | null
  readonly numbers: number | null
  readonly remaining_at_end: number | null
  readonly is_observed: number
}

async function recordSixDays(): Promise<Recording> {
  let hoursAgo = 6 * 24
  const clock = () => Date.now() - hoursAgo * HOUR_MS
  const stage = await openStage({
    world: { seed: 'days', numbersPerQueue: 40, calledBefore: 0, clock },
    env: { SYNC_EVERY: '12h' },
  })
  // What is on record is made to be older than what the world remembers.
  stage.letTheApiLie()
  await recordReportTimeZone(stage.database.pool, timeZone)
  const [a = '', b = '', c = ''] = stage.ids
  const { world } = stage
  const queues = new Map<string, Shown[]>()
  const passes: number[] = []
  const dial = (userId: string, routing_result: 'ANSWERED' | 'FAILED' | null) => {
    const next = world
      .currentQueue(userId)
      ?.rows()
      .find((row) => outcomeOf(row) === 'remaining')
    if (!next) throw new Error('nothing is left to call')
    const { position } = next
    stage.apply({ type: 'dial', userId, position })
    if (routing_result) stage.apply({ type: 'result', userId, position, result: { routing_result } })
  }

  const events: Readonly<Record<number, () => void>> = {
    2: () => stage.apply({ type: 'append', userId: a, numbers: ['+33612345678', '+33612345679'] }),
    4: () => {
      const positions = Array.from({ length: 12 }, (_, index) => 20 + index)
      stage.apply({ type: 'remove_positions', userId: b, positions, renumber: true })
    },
    6: () => stage.apply({ type: 'reset', userId: c, fill: 20 }),
    9: () => stage.apply({ type: 'remove_queue', userId: c }),
    12: () => stage.apply({ type: 'reassign', userId: a, to: c }),
  }

  dial(b, 'ANSWERED')
  for (let index = 0; hoursAgo >= 0; index += 1) {
    events[index]?.()
    if (index < 12) dial(a, index % 2 === 0 ? 'ANSWERED' : 'FAILED')
    if (index % 3 === 0) dial(b, null)
    await stage.pass()
    const at = clock() * 1000
    passes.push(at)
    for (const userId of stage.ids) {
      const current = world.currentQueue(userId)
      if (!current) continue
      const numbers = current
        .rows()
        .map((row) => [`${row.number_to} ${row.created_at}`, outcomeOf(row) === 'remaining'] as const)
      const shown = queues.get(current.queue.id) ?? []
      queues.set(current.queue.id, [...shown, { at, userId, numbers: new Map(numbers) }])
    }
    // No reading for 40 hours.
    const hours = index === 10 ? 40 : HOURS_BETWEEN_PASSES
    if (hoursAgo < hours) break
    hoursAgo -= hours
    await letTimePass(stage.database.pool, `${hours} hours`, { sourceStays: true })
  }
  return { stage, passes, queues }
}

function expectedRows({ stage, passes, queues }: Recording) {
  const made = stage.world.truth.dials().map((dial) => ({ ...dial, at: instant(dial.call_start_date ?? '') }))
  const gaps = passes
    .slice(1)
    .map((to, index) => ({ from: passes[index] ?? to, to }))
    .filter(({ from, to }) => to - from > 24 * HOUR_MS * 1000)
  return [...queues].flatMap(([queueId, shown]) => {
    const dials = made.filter((dial) => dial.queueId === queueId)
    const first = Math.min(...shown.map(({ at }) => at), ...dials.map(({ at }) => at))
    const lastShown = Math.max(...shown.map(({ at }) => at))
    const end = passes.find((at) => at > lastShown)
    const until = end ?? lastShown
    const days: string[] = []
    for (let day = localDay(first, timeZone); day <= localDay(until, timeZone); day = nextDay(day))
      days.push(day)
    return days.map((day) => {
      const [since, till] = [startOfDay(day, timeZone), startOfDay(nextDay(day), timeZone)]
      const isToday = ({ at }: { at: number }) => at >= since && at < till
      const last = shown.findLast(({ at }) => at < till)
      const isOver = end !== undefined && end < till
      const uncalled = (numbers: Shown['numbers']) => [...numbers].filter(([, is]) => is).map(([key]) => key)
      const ofDay = dials.filter(isToday)
      const different = (of: typeof dials) => new Set(of.map(({ number_to }) => number_to)).size
      const came = shown.flatMap((one, index) =>
        isToday(one) ? [...one.numbers.keys()].filter((key) => !shown[index - 1]?.numbers.has(key)) : [],
      )
      const went = shown.flatMap((one, index) => {
        const next = shown[index + 1] ?? (end === undefined ? undefined : { at: end, numbers: new Map() })
        return next && isToday(next) ? uncalled(one.numbers).filter((key) => !next.numbers.has(key)) : []
      })
      const known = { from: Math.max(since, first), to: Math.min(till, until) }
      const readFrom = Math.max(known.from, shown[0]?.at ?? 0)
      const read = Math.max(0, known.to - readFrom) / 1e6 - coveredSeconds(gaps, readFrom, known.to)
      return {
        queue_id: queueId,
        day,
        user_id: last?.userId ?? null,
        numbers: isOver ? 0 : (last?.numbers.size ?? null),
        remaining_at_end: isOver ? 0 : last ? uncalled(last.numbers).length : null,
        dials: ofDay.length,
        dialled: different(ofDay),
        connected: different(ofDay.filter(({ routing_result }) => routing_result === 'ANSWERED')),
        added: came.length,
        removed_uncalled: went.length,
        is_observed: known.to > known.from ? read / ((known.to - known.from) / 1e6) : null,
      }
    })
  })
}

describe('queue_daily', () => {
  let recording: Recording
  let rows: Daily[]
  beforeAll(async () => {
    recording = await recordSixDays()
    const { stage } = recording
    rows = await readView<Daily>(stage.database.pool, 'reporting.queue_daily', stage.world.team.id)
  })

  test('has what was left, dialled, added and removed on each local day of each queue', () => {
    const key = (row: { queue_id: string; day: string }) => `${row.queue_id} ${row.day}`
    const found = rows.map((row) => without(row, 'team_id', 'queue_name', 'teammate_name', 'is_observed'))
    const expected = expectedRows(recording)
    expect(
      mismatches(
        byKey(found as Daily[], key),
        byKey(
          expected.map((row) => without(row, 'is_observed') as typeof row),
          key,
        ),
      ),
    ).toEqual([])
    expect(expected.some(({ removed_uncalled }) => removed_uncalled >= 10)).toBe(true)
    expect(expected.some(({ numbers }) => numbers === 0)).toBe(true)
  })

  test('says which share of a day was read', () => {
    const expected = byKey(expectedRows(recording), ({ queue_id, day }) => `${queue_id} ${day}`)
    // Readings of one pass are some seconds apart.
    for (const { queue_id, day, is_observed } of rows)
      expect(is_observed, `${queue_id} ${day}`).toBeCloseTo(
        expected.get(`${queue_id} ${day}`)?.is_observed ?? -1,
        2,
      )
    expect(Math.min(...rows.map(({ is_observed }) => is_observed))).toBeLessThan(0.5)
    expect(Math.max(...rows.map(({ is_observed }) => is_observed))).toBe(1)
  })

  test('of one day adds up over queues to what all teammates had left at its end', () => {
    const { passes, queues } = recording
    for (const day of new Set(rows.map((row) => row.day))) {
      const end = startOfDay(nextDay(day), timeZone)
      const lastPass = passes.findLast((at) => at < end)
      if (lastPass === undefined) continue
      const left = [...queues.values()]
        .flat()
        .filter(({ at }) => at === lastPass)
        .reduce((sum, { numbers }) => sum + [...numbers.values()].filter(Boolean).length, 0)
      const found = rows
        .filter((row) => row.day === day)
        .reduce((sum, { remaining_at_end }) => sum + (remaining_at_end ?? 0), 0)
      expect([day, found]).toEqual([day, left])
    }
  })
})
