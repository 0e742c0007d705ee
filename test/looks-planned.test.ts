/** Who is looked at when, and what the share of looks allows. */
import { describe, expect, test } from 'vitest'
import { delayLooks } from '../src/store/look/look-budget.ts'
import { type Plan, planLookNow, planLooks } from '../src/store/look/plan-looks.ts'
import { keyFingerprint } from '../src/store/pass/read-budget.ts'
import { type Stage, useStages } from './support/stage.ts'

const openStage = useStages()

/** The team was read, and no pass makes progress any more. */
async function open(teammates: number): Promise<Stage> {
  const stage = await openStage({ world: { teammates } })
  await stage.pass()
  // Rows are dated back by hand.
  stage.letTheApiLie()
  return stage
}

/** `intervalMs`: what a look costs of the share; 0: nothing. */
function budgetOf({ apiKey }: Stage, intervalMs: number) {
  return { keyFingerprint: keyFingerprint(apiKey), intervalMs, dailyRequests: null }
}

function plan(stage: Stage, intervalMs: number, aheadMs = 5000): Promise<Plan> {
  return planLooks(stage.database.pool, budgetOf(stage, intervalMs), aheadMs)
}

describe('the time between two looks', () => {
  /** The shortest of these that is due. */
  async function secondsBetweenLooks(stage: Stage): Promise<number> {
    for (const seconds of [10, 30, 120]) {
      await stage.sql(`update allo.looks set planned_at = clock_timestamp() - make_interval(secs => $1)`, [
        seconds + 1,
      ])
      if ((await plan(stage, 0, 0)).planned.length > 0) return seconds
    }
    return Number.POSITIVE_INFINITY
  }

  const dateBack = ({ sql }: Stage, table: string, column: string, interval: string) =>
    sql(`update allo.${table} set ${column} = clock_timestamp() - $1::interval`, [interval])

  test('is 10 s after a change, then 30 s, and 2 minutes after an hour', async () => {
    const stage = await open(1)
    await plan(stage, 0)
    expect(await secondsBetweenLooks(stage)).toBe(10)
    await dateBack(stage, 'queue_snapshots', 'observed_at', '3 minutes')
    expect(await secondsBetweenLooks(stage)).toBe(30)
    await dateBack(stage, 'queue_snapshots', 'observed_at', '61 minutes')
    expect(await secondsBetweenLooks(stage)).toBe(120)
  })

  test('is 10 s during a call of less than 15 minutes, and not for a call that was never closed', async () => {
    const stage = await open(1)
    const userId = stage.world.keyOwner()
    await plan(stage, 0)
    stage.apply({ type: 'dial', userId, position: 0 })
    await stage.look(userId)
    await dateBack(stage, 'queue_snapshots', 'observed_at', '1 hour')
    await dateBack(stage, 'dials', 'dialled_at', '14 minutes')
    expect(await secondsBetweenLooks(stage)).toBe(10)
    await dateBack(stage, 'dials', 'dialled_at', '16 minutes')
    expect(await secondsBetweenLooks(stage)).toBe(120)
  })
})

describe('the share of looks', () => {
  test('goes to the most overdue first', async () => {
    const stage = await open(3)
    const [, second = ''] = stage.ids
    await plan(stage, 0)
    await stage.sql(
      `update allo.looks set planned_at = clock_timestamp() - case user_id
      when $1 then interval '25 seconds' else interval '20 seconds' end`,
      [second],
    )
    await stage.sql(`update allo.read_slots set next_look_at = clock_timestamp()`)
    const { planned, heldBackBy } = await plan(stage, 4000)
    expect(planned.map(({ userId }) => userId)).toEqual([second])
    expect(heldBackBy).toBe('share')
  })

  test('is caught up with for twenty seconds, after a pass for example', async () => {
    const stage = await open(3)
    await stage.sql(`update allo.read_slots set next_look_at = clock_timestamp() - interval '1 day'`)
    const { planned, heldBackBy } = await plan(stage, 10_000)
    // Twenty seconds unused, and the five of this plan.
    expect(planned).toHaveLength(2)
    expect(heldBackBy).toBe('share')
    expect(await plan(stage, 10_000)).toMatchObject({ planned: [], heldBackBy: 'share' })
  })

  test('can be saved up for a look that costs more than that', async () => {
    const stage = await open(2)
    const lastSpent = (interval: string) =>
      stage.sql(`update allo.read_slots set next_look_at = clock_timestamp() - $1::interval`, [interval])
    await lastSpent('50 seconds')
    expect((await plan(stage, 60_000)).planned).toHaveLength(0)
    await lastSpent('56 seconds')
    expect((await plan(stage, 60_000)).planned).toHaveLength(1)
    expect((await plan(stage, 60_000)).planned).toHaveLength(0)
  })

  test('may be spent a minute ahead by what is urgent, and not at all by what is not', async () => {
    const stage = await open(2)
    const [first = '', second = ''] = stage.ids
    const now = (userId: string, urgency: 'urgent' | 'spare') =>
      planLookNow(stage.database.pool, budgetOf(stage, 40_000), userId, urgency)
    await delayLooks(stage.database.pool, keyFingerprint(stage.apiKey), 0)
    expect(await now(first, 'spare')).toBeNull()
    expect(await now(first, 'urgent')).toMatchObject({ userId: first, inMs: 0 })
    expect(await now(second, 'urgent')).toBeNull()
  })

  test('spreads looks that are due over the time of the plan', async () => {
    const stage = await open(5)
    const at = (await plan(stage, 0)).planned.map(({ plannedAt }) => Date.parse(plannedAt))
    at.sort((a, b) => a - b)
    const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(999)
  })
})

test('two looks at a teammate are a second apart, and one that is planned for the next second is enough', async () => {
  const stage = await open(1)
  const userId = stage.world.keyOwner()
  const lookNow = () => planLookNow(stage.database.pool, budgetOf(stage, 0), userId, 'urgent')
  expect(await lookNow()).toMatchObject({ inMs: 0 })
  await stage.sql(`update allo.looks set planned_at = clock_timestamp()`)
  const next = await lookNow()
  expect(next?.inMs).toBeGreaterThan(0)
  expect(next?.inMs).toBeLessThanOrEqual(1000)
  expect(await lookNow()).toBeNull()
})
