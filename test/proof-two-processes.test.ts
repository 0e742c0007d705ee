/** Passes of two processes on one Postgres, in every order in which one is held up: see test/proof/two-processes.ts. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runInProcess } from '../src/pass/run-in-process.ts'
import { openPool, type Pool } from '../src/store/postgres/database.ts'
import type { Model } from './proof/model.ts'
import { loadWithFault } from './proof/patched-source.ts'
import { queueOf } from './proof/scopes.ts'
import { tryTwoProcesses, withoutLocks } from './proof/two-processes.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'

let database: TestDatabase
let pools: readonly [Pool, Pool]

beforeEach(async () => {
  database = await createTestDatabase()
  const open = (name: string) => openPool(database.url, { max: 4, name })
  pools = [open('one process'), open('other process')]
})

afterEach(async () => {
  for (const pool of pools) await pool.end()
  await database.drop()
})

const team = ['usr-a', 'usr-b'] as const
const ofA = (numbers: string) => queueOf(numbers, { id: 0, holder: 'usr-a' })
const ofB = (numbers: string) => queueOf(numbers, { id: 1, holder: 'usr-b' })
/** A number leaves and another comes, and the other queue is removed; then it is as before. */
const models: readonly [Model, Model] = [
  { team, queues: [ofA('ab'), ofB('z')] },
  { team, queues: [ofA(' bc')] },
]

test('two processes that run a pass at the same time say nothing false, wherever one of them is held up', async () => {
  const { orders, waited, problems } = await tryTwoProcesses(runInProcess, { models, pools })
  console.info(`${orders} orders, in ${waited} of them one process waited for the other`)
  expect(problems).toEqual([])
  expect(orders).toBeGreaterThan(30)
  expect(waited).toBeGreaterThan(5)
})

test('a program that takes no locks is found out by two processes', async () => {
  const faulty = await loadWithFault<{ runInProcess: typeof runInProcess }>(
    'pass/run-in-process.ts',
    withoutLocks,
  )
  const { orders, problems } = await tryTwoProcesses(faulty.runInProcess, { models, pools })
  console.info(`after ${orders} orders: ${problems}`)
  expect(problems).not.toEqual([])
})
