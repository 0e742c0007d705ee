import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nextSlot } from '../src/worker/freshness.ts'
import { openJobBackend } from '../src/worker/job-backend.ts'
import { keepSchedule } from '../src/worker/schedule.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'

describe('the schedule of the jobs', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(() => database.drop())

  test('is due when the configuration says so, also on a day without a midnight', async () => {
    const jobs = await openJobBackend({ redisUrl: null, databaseUrl: database.url }, () => undefined)
    const passes = await jobs.openQueue('allo-passes-cron')
    // A zone and a minute of today by which the next slot is near is not to be had: what is compared is the rule.
    const schedule = { cron: '0 0 * * *', timeZone: 'Africa/Cairo' }
    await keepSchedule(passes, schedule).look()
    const [scheduler] = await passes.getJobSchedulers()
    expect(scheduler?.next).toBe(nextSlot(schedule, new Date())?.getTime())
    await passes.close()
    await jobs.close()
  })
})
