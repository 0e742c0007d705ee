/** A daily quota of requests: passes go on, and looks get what they leave. */
import { expect, test } from 'vitest'
import { costInWords, quotaProblem } from '../src/http/daily-cost.ts'
import { planLooks } from '../src/store/look/plan-looks.ts'
import { keyFingerprint, openReadBudget } from '../src/store/pass/read-budget.ts'
import { dailyRequests } from '../src/store/queries/daily-requests.ts'
import { useStages } from './support/stage.ts'

const openStage = useStages()

/** One teammate with a queue, read by a pass of five requests, as every 300 seconds. */
async function open() {
  const stage = await openStage({ world: { teammates: 1 } })
  await stage.pass()
  // Rows are dated back by hand below.
  stage.letTheApiLie()
  const { pool, url } = stage.database
  await pool.query(`update allo.sync_passes set requests = 5, gap_after_seconds = 600`)
  const fingerprint = keyFingerprint(stage.apiKey)
  const plan = async (quota: number | null) => {
    await pool.query(`update allo.looks set planned_at = planned_at - interval '1 hour'`)
    await pool.query(`update allo.sync_passes set started_at = started_at - interval '1 minute'`)
    await pool.query(`update allo.sync_reads set observed_at = observed_at - interval '1 minute'`)
    return planLooks(pool, { keyFingerprint: fingerprint, intervalMs: 100, dailyRequests: quota }, 5000)
  }
  return { pool, url, fingerprint, plan }
}

test('looks stop when the passes of the day need the rest of the quota', async () => {
  const { plan } = await open()
  expect(await plan(null)).toMatchObject({ planned: [{}], heldBackBy: null })
  expect(await plan(10_000_000)).toMatchObject({ planned: [{}] })
  expect(await plan(1)).toMatchObject({ planned: [], heldBackBy: 'quota' })
})

test('each request slot counts for the day in UTC, and a new day begins at 0', async () => {
  const { pool, url, fingerprint } = await open()
  const budget = await openReadBudget(url, fingerprint)
  const before = (await dailyRequests(pool, fingerprint))?.today ?? 0
  await budget.reserve(1)
  await budget.reserve(1)
  expect(await dailyRequests(pool, fingerprint)).toEqual({ today: before + 2, ofAPass: 5, passesADay: 288 })
  await pool.query(`update allo.read_slots set counted_day = counted_day - 1`)
  expect(await dailyRequests(pool, fingerprint)).toMatchObject({ today: 0 })
  await budget.reserve(1)
  expect(await dailyRequests(pool, fingerprint)).toMatchObject({ today: 1 })
  await budget.close()
})

test('the cost of a day is told, and how to stay below the quota', () => {
  const cost = { today: 1234, ofAPass: 253, passesADay: 288 }
  expect(costInWords(cost, null)).toBe(
    '1,234 requests today; 288 passes a day of 253 requests each make 72,864',
  )
  expect(quotaProblem(cost, 72_864)).toBeNull()
  expect(quotaProblem(cost, 50_000)).toBe(
    'Passes need 72,864 requests a day, and ALLO_DAILY_REQUESTS is 50,000. Set SYNC_EVERY to 8 min or more, or SYNC_CRON to working hours.',
  )
  expect(costInWords(null, 50_000)).toBe('not known before the first pass of a worker')
})
