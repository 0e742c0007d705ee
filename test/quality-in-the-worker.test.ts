/** How the workers of a team run the checks beside their passes, and where the results are shown. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLogger } from '../src/logger.ts'
import { checks } from '../src/quality/checks.ts'
import { lastResults, saveResults } from '../src/quality/results.ts'
import { runChecks } from '../src/quality/run-checks.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { keyFingerprint } from '../src/store/pass/read-budget.ts'
import { openPool } from '../src/store/postgres/database.ts'
import type { PeriodicChore } from '../src/worker/chore.ts'
import { createQualityChecks } from '../src/worker/quality.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { apiKey, runPass } from './support/pass.ts'
import { until } from './support/worker.ts'
import { openScene } from './support/worker-scene.ts'

const world = createWorld({ seed: 8, teammates: 2, numbersPerQueue: 4 })
const teamId = world.team.id
let database: TestDatabase
let allo: SimulatedAllo
let cleanups: (() => unknown)[] = []
let logged: { event: string; level: string; msg: string }[] = []
let told = 0

beforeEach(async () => {
  logged = []
  told = 0
  database = await createTestDatabase()
  allo = await startSimulatedAllo({ world, apiKey, readsPerSecond: null })
  cleanups = [() => database.drop(), () => allo.close()]
})
afterEach(async () => {
  for (const cleanUp of cleanups.reverse()) await cleanUp()
})

function worker(): PeriodicChore {
  const pool = openPool(database.url, { max: 3, name: 'quality' })
  const looks = createQualityChecks({
    pool,
    keyFingerprint: keyFingerprint(apiKey),
    logger: createLogger('info', { write: (line: string) => logged.push(JSON.parse(line)) }, () => []),
    everyMs: 3_600_000,
    onChecked: async () => {
      told += 1
    },
  })
  cleanups.push(async () => {
    await looks.stop()
    await pool.end()
  })
  return looks
}

const sql = (text: string, values: unknown[] = []) => database.pool.query(text, values)
const letPass = (interval: string) =>
  sql(
    `update allo.maintenance set started_at = started_at - $1::interval, finished_at = finished_at - $1::interval`,
    [interval],
  )
const pass = () => runPass(allo, database.url)

test('one of several workers checks after the first pass, and again after an hour and another pass', async () => {
  const workers = [worker(), worker(), worker()]
  const look = () => Promise.all(workers.map((one) => one.runNow()))
  await look()
  expect(await lastResults(database.pool, teamId)).toBeNull()

  await pass()
  await look()
  await look()
  const first = await lastResults(database.pool, teamId)
  expect(first?.results.map(({ name }) => name).sort()).toEqual(checks.map(({ name }) => name).sort())
  expect([told, logged.map(({ event }) => event)]).toEqual([1, ['data_checked']])
  const { rows } = await sql('select summary, error_message from allo.maintenance')
  expect(rows).toEqual([{ summary: '19 checks, 0 failed', error_message: null }])

  await pass()
  await letPass('59 minutes')
  await look()
  expect(told).toBe(1)
  await letPass('1 minute')
  await look()
  expect(told).toBe(2)
  // Nothing new, however long.
  await letPass('5 hours')
  await sql(`update allo.sync_passes set finished_at = finished_at - interval '10 hours'`)
  await look()
  expect(told).toBe(2)
})

test('a failed check is logged as an error and checked again after five minutes', async () => {
  const one = worker()
  await pass()
  await sql(`update allo.queue_entries set dial_count = 5 where entry_id = 1`)
  await one.runNow()
  expect(logged.find(({ event }) => event === 'data_doubted')).toMatchObject({
    level: 'error',
    check: 'lifecycle_equals_history',
    msg: expect.stringMatching(/^1 of 10 entries and queues contradicts .*: entry 1\. /),
  })
  await sql(`update allo.queue_entries set dial_count = 0 where entry_id = 1`)
  await pass()
  await letPass('4 minutes')
  await one.runNow()
  expect(told).toBe(1)
  await letPass('1 minute')
  await one.runNow()
  const { rows } = await sql(
    `select count(*)::int as failed from allo.quality_results where status = 'failed'`,
  )
  expect([told, rows[0]?.failed]).toEqual([2, 0])
})

test('a run that failed is recorded, and another worker repeats it within the hour', async () => {
  const one = worker()
  await pass()
  await sql('alter table allo.dials rename to mislaid')
  await one.runNow()
  await sql('alter table allo.mislaid rename to dials')
  expect(logged.map(({ event }) => event)).toEqual(['checking_failed'])
  const { rows } = await sql('select finished_at, error_message from allo.maintenance')
  expect(rows).toEqual([{ finished_at: null, error_message: expect.stringContaining('allo.dials') }])
  expect(await lastResults(database.pool, teamId)).toBeNull()
})

test('results are replaced as a whole, never by older ones, and per team', async () => {
  await pass()
  const report = await runChecks(database.pool, teamId)
  await sql(
    `insert into allo.quality_results values ($1, 'of an older version', 'error', 1, 1, 'failed', 'x', '2020-01-01Z'),
       ('team-2', 'of another team', 'error', 1, 1, 'failed', 'x', '2020-01-01Z')`,
    [teamId],
  )
  await saveResults(database.pool, teamId, report)
  const results = report.results.map((result) => ({ ...result, sentence: 'older' }))
  await saveResults(database.pool, teamId, { checkedAt: '2020-01-01T00:00:00Z', results })
  const saved = await lastResults(database.pool, teamId)
  expect(saved?.checkedAt).toBe(report.checkedAt)
  expect(new Map(saved?.results.map((result) => [result.name, result]))).toEqual(
    new Map(report.results.map((result) => [result.name, result])),
  )
  expect((await lastResults(database.pool, 'team-2'))?.results).toHaveLength(1)
})

test('a real worker checks by itself', async () => {
  const scene = await openScene({ databaseUrl: database.url, redisUrl: null })
  try {
    const { logged: logs } = scene.start({ SYNC_EVERY: '2s' })
    expect(await logs('data_checked')).toMatchObject({ msg: '19 checks, 0 failed', failed: [] })
    const found = await until('results', () => lastResults(database.pool, scene.api.world.team.id))
    expect(found.results.filter(({ status }) => status === 'failed')).toEqual([])
  } finally {
    expect(await scene.close()).toBe('')
  }
})
