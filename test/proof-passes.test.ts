/**
 * Whole passes of the real program on a real Postgres, with every schedule of a small Allo, and with ends of the process
 * after each of its writes: see test/proof/passes.ts. `npm run proof` goes deeper.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runInProcess } from '../src/pass/run-in-process.ts'
import { ordinaryMoves, reassign, removeQueue } from './proof/moves.ts'
import { failureOf, faults } from './proof/pass-faults.ts'
import { type PassesScope, tryAllPasses } from './proof/passes.ts'
import { loadWithFault } from './proof/patched-source.ts'
import { openRewindablePool, type RewindablePool } from './proof/rewindable-pool.ts'
import { teamWith } from './proof/scopes.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'

let database: TestDatabase
let rewindable: RewindablePool

beforeAll(async () => {
  database = await createTestDatabase()
  rewindable = await openRewindablePool(database.url)
})

afterAll(async () => {
  await rewindable.close()
  await database.drop()
})

async function tried(scope: Omit<PassesScope, 'start'>) {
  const startedAt = performance.now()
  const found = await tryAllPasses(runInProcess, rewindable, { start: teamWith('a'), ...scope })
  const { schedules, passes, stopped } = found
  const ms = Math.round(performance.now() - startedAt)
  console.info(`${schedules} schedules, ${passes} passes, ${stopped} of them stopped; ${ms} ms`)
  return found
}

test('history says nothing false after any pass, whatever moves, fails or stops in it, and nothing stays open', async () => {
  const { failure, schedules } = await tried({
    opening: [],
    passes: 2,
    maxEvents: 1,
    moves: ordinaryMoves,
    failures: ['no answer', 'stop'],
  })
  expect(failure).toBeNull()
  expect(schedules).toBeGreaterThan(200)
})

test('no queue ends that a teammate holds, and each ends that none holds, whatever two moves of queues do', async () => {
  const { failure, schedules } = await tried({
    opening: [[]],
    passes: 2,
    maxEvents: 2,
    moves: [reassign, removeQueue],
    failures: [],
  })
  expect(failure).toBeNull()
  expect(schedules).toBeGreaterThan(200)
})

test.each(faults)('a program that $title is found out', async (fault) => {
  const faulty = await loadWithFault<{ runInProcess: typeof runInProcess }>('pass/run-in-process.ts', fault)
  expect(await failureOf(faulty.runInProcess, rewindable, fault)).not.toBeNull()
})

const doubts = [
  'a.missing_since <= $2 OR ',
  ' OR r.status IS NOT NULL AND r.queue_id IS DISTINCT FROM a.queue_id',
]

test('a function queue_as_of that ignores an answer "no queue" is found out', async () => {
  const file = new URL('../migrations/repeatable/70_reporting_functions.sql', import.meta.url)
  const functions = readFileSync(file, 'utf8')
  expect(doubts.filter((doubt) => functions.split(doubt).length !== 2)).toEqual([])
  const failure = await rewindable.undoing(async () => {
    await rewindable.pool.query(doubts.reduce((text, doubt) => text.replace(doubt, ''), functions))
    return failureOf(runInProcess, rewindable, { moves: [removeQueue] })
  })
  expect(failure?.why).toContain('queue_as_of')
})
