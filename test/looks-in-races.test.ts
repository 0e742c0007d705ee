/** Looks that overlap with other looks, with readings and with a clock that is set back. On the model of test/proof. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lookAtTeammate } from '../src/live/look-at-teammate.ts'
import { readAtOnce } from '../src/live/read-at-once.ts'
import { runInProcess } from '../src/pass/run-in-process.ts'
import { openPool, type Pool } from '../src/store/postgres/database.ts'
import { openGate } from './proof/gate.ts'
import { findFalsehoods } from './proof/history-truth.ts'
import { lookOnce } from './proof/look.ts'
import type { Model, Row } from './proof/model.ts'
import { clientOf, clockOf, dependencies, type Instant, modelAt, options } from './proof/pass.ts'
import { queueOf } from './proof/scopes.ts'
import { watched } from './proof/watched-pool.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { loadRecorded } from './support/recorded.ts'

let database: TestDatabase
let pool: Pool
let timeline: Instant[]

beforeEach(async () => {
  database = await createTestDatabase()
  pool = openPool(database.url, { max: 6, name: 'one process' })
  timeline = []
})

afterEach(async () => {
  await pool.end()
  await database.drop()
})

async function become(rows: readonly Row[]): Promise<void> {
  const queue = { ...queueOf('', { id: 0, holder: 'usr-a' }), rows }
  const model: Model = { team: ['usr-a'], queues: [queue] }
  timeline.push({ at: await clockOf({ pool }), model })
}

const now = async () => modelAt(timeline)
const look = async (of: Pool = pool, next = now) => (await lookOnce(lookAtTeammate, of, 'usr-a', next)).kind
const pass = () => runInProcess(dependencies(pool, now), options)
const falsehoods = async () => findFalsehoods(pool, await loadRecorded(pool), timeline, { hasLooks: true })
const row = (call: number, { position = 0, created = 0 } = {}): Row => ({
  number: 0,
  created,
  position,
  call,
})

test('a look never moves numbers, also if two equal numbers change places and both were called', async () => {
  await become([row(0, { position: 0, created: 0 }), row(0, { position: 1, created: 1 })])
  await pass()
  const before = (await loadRecorded(pool)).versions
  await become([row(3, { position: 0, created: 1 }), row(3, { position: 1, created: 0 })])
  expect(await look()).toBe('unexpected')
  expect((await loadRecorded(pool)).versions).toEqual(before)
  await pass()
  expect(await falsehoods()).toEqual([])
})

test('nothing is written while the clock is earlier than what the mirror holds, because it was set back', async () => {
  await become([row(0)])
  await pass()
  await pool.query(`update allo.queues set last_observed_at = last_observed_at + interval '1 hour';
    update allo.teammates set last_observed_at = last_observed_at + interval '1 hour'`)
  await become([row(1)])
  expect(await look()).toBe('dropped')
  expect((await loadRecorded(pool)).dials).toEqual([])
})

test('a change is dated after a look that ended before, not after one that overlaps', async () => {
  await become([row(0)])
  await pass()
  const gate = openGate()
  await become([row(1)])
  const first = look(pool, async () => {
    const model = modelAt(timeline)
    await gate.reached()
    return model
  })
  await gate.isReached
  await become([row(0)])
  expect(await look()).toBe('unchanged')
  gate.open()
  expect(await first).toBe('changed')
  expect(await falsehoods()).toEqual([])
  expect(await look()).toBe('changed')
  expect(await falsehoods()).toEqual([])
})

test('a look that compared with an older state of the mirror does not date a change', async () => {
  await become([row(0)])
  await pass()
  const gate = openGate()
  await become([row(1)])
  const isLookRow = (statement: string) => /insert into "allo"."looks"/.test(statement)
  const first = look(
    watched(pool, async (statement) => {
      if (isLookRow(statement)) await gate.reached()
    }),
  )
  await gate.isReached
  await become([row(0)])
  expect(await look()).toBe('unchanged')
  gate.open()
  expect(await first).toBe('changed')
  expect(await look()).toBe('changed')
  expect(await falsehoods()).toEqual([])
})

test('a pass that a look requested is not one of the two passes that end a queue', async () => {
  const holders = ['usr-a', 'usr-b'] as const
  const queues = holders.map((holder, id) => queueOf('a', { id, holder }))
  timeline.push({ at: await clockOf({ pool }), model: { team: holders, queues } })
  await pass()
  timeline.push({ at: await clockOf({ pool }), model: { team: holders, queues: queues.slice(1) } })
  await readAtOnce(
    {
      pool,
      numberKeys: null,
      allo: clientOf(now),
      leases: { hold: () => () => undefined, stop: () => undefined },
      cadence: () => ({ gapAfterSeconds: 600, staleAfterSeconds: 600 }),
      version: 'test',
    },
    { teamId: 'team', userId: 'usr-a', jobId: 'reading' },
    new AbortController().signal,
  )
  const queue = async () => (await loadRecorded(pool)).queues.find(({ queue_id }) => queue_id === 'pdl-0')
  const missingSince = (await queue())?.missing_since
  expect(await queue()).toMatchObject({ is_current: null, ended_at: null, missing_since: expect.any(Number) })
  await pass()
  expect(await queue()).toMatchObject({ is_current: null, ended_at: null })
  await pass()
  expect(await queue()).toMatchObject({ is_current: false, ended_at: missingSince })
})
