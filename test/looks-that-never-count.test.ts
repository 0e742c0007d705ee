/** What becomes of looks if the answers can never be compared with the mirror. */
import { expect, test } from 'vitest'
import { planLooks } from '../src/store/look/plan-looks.ts'
import { recordUnexpected } from '../src/store/look/unexpected-looks.ts'
import { keyFingerprint } from '../src/store/pass/read-budget.ts'
import { type Stage, useStages } from './support/stage.ts'

const openStage = useStages()

/** Seconds until the next look is due, planned at once. */
async function secondsUntilDue({ database, apiKey, sql }: Stage, userId: string): Promise<number> {
  for (const seconds of [9, 19, 39, 79, 159, 299]) {
    await sql(`update allo.looks set planned_at = clock_timestamp() - make_interval(secs => $1)`, [
      seconds + 2,
    ])
    const budget = { keyFingerprint: keyFingerprint(apiKey), intervalMs: 0, dailyRequests: null }
    const { planned } = await planLooks(database.pool, budget, 0)
    if (planned.some((look) => look.userId === userId)) return seconds + 1
  }
  return Number.POSITIVE_INFINITY
}

test('looks that are always unexpected become rarer, although each reading between them is complete', async () => {
  const stage = await openStage({ world: { teammates: 1 } })
  const userId = stage.world.keyOwner()
  const teamId = stage.world.team.id
  await stage.pass()
  const seconds: number[] = []
  for (let nth = 0; nth < 7; nth += 1) {
    await recordUnexpected(stage.database.pool, { teamId, userId, reason: 'another total_count' })
    await stage.pass()
    seconds.push(await secondsUntilDue(stage, userId))
  }
  expect(seconds).toEqual([10, 20, 40, 80, 160, 300, 300])
  await stage.look(userId)
  expect(await secondsUntilDue(stage, userId)).toBe(10)
})
