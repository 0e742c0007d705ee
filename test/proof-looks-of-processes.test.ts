/** A look of one process and a pass or look of another, on one Postgres: see test/proof/look-and-pass.ts. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lookAtTeammate } from '../src/live/look-at-teammate.ts'
import { runInProcess } from '../src/pass/run-in-process.ts'
import { openPool, type Pool } from '../src/store/postgres/database.ts'
import type { Look } from './proof/look.ts'
import { tryLookAndPass } from './proof/look-and-pass.ts'
import { dialOfReader } from './proof/look-moves.ts'
import type { Model } from './proof/model.ts'
import { loadWithFault } from './proof/patched-source.ts'
import { queueOf } from './proof/scopes.ts'
import { withoutLocks } from './proof/two-processes.ts'
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

const mirrored: Model = { team: ['usr-a'], queues: [queueOf('ab', { id: 0, holder: 'usr-a' })] }
const [called = mirrored, answered = mirrored] = [1, 2].map((count) =>
  Array.from({ length: count }).reduce<Model>(
    (model) =>
      dialOfReader.steps(model, { number: () => 9, created: () => 9, queue: () => 9 })[0]?.model ?? model,
    mirrored,
  ),
)
const models = [mirrored, called, answered] as const

test.each(['look', 'pass', 'other look'] as const)(
  'a look and a pass, or two looks, at the same time say nothing false, wherever one of them is held up: the %s',
  async (heldUp) => {
    const { orders, waited, problems } = await tryLookAndPass(heldUp, {
      lookAtTeammate,
      runInProcess,
      pools,
      models,
    })
    console.info(`${heldUp} held up: ${orders} orders, in ${waited} of them one process waited for the other`)
    expect(problems).toEqual([])
    expect(orders).toBeGreaterThan(5)
  },
)

test('looks that take no locks are found out by two processes', async () => {
  const { lookAtTeammate: look } = await loadWithFault<{ lookAtTeammate: Look }>(
    'live/look-at-teammate.ts',
    withoutLocks,
  )
  const tried = await tryLookAndPass('other look', { lookAtTeammate: look, runInProcess, pools, models })
  console.info(`after ${tried.orders} orders: ${tried.problems.join('; ').slice(0, 300)}`)
  expect(tried.problems).not.toEqual([])
})
