/** Looks of the real program on a real Postgres, with every schedule of a small Allo: see test/proof/looks.ts. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lookAtTeammate } from '../src/live/look-at-teammate.ts'
import { runInProcess } from '../src/pass/run-in-process.ts'
import type { Look } from './proof/look.ts'
import { dialled, failureOf, faults, smallPages, withSmallPages } from './proof/look-faults.ts'
import { anyDialStep, dialOfReader } from './proof/look-moves.ts'
import { type LooksScope, tryAllLooks } from './proof/looks.ts'
import { tryLooksInPasses } from './proof/looks-in-passes.ts'
import { ordinaryMoves } from './proof/moves.ts'
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

async function tried(look: Look, scope: LooksScope) {
  const startedAt = process.cpuUsage()
  const found = await tryAllLooks(look, runInProcess, rewindable, scope)
  const { user, system } = process.cpuUsage(startedAt)
  console.info(
    `${found.schedules} schedules, looks: ${JSON.stringify(found.looks)}; ${Math.round((user + system) / 1000)} ms of CPU`,
  )
  return found
}

test('a look says nothing false, whatever moves before, during and after it, and counts only if it may', async () => {
  const { failure, schedules } = await tried(lookAtTeammate, {
    start: teamWith('ab'),
    moves: ordinaryMoves,
    maxMoves: 1,
    looks: 1,
  })
  expect(failure).toBeNull()
  expect(schedules).toBeGreaterThan(60)
})

test('looks at one of several pages say nothing false, in any order of their steps', async () => {
  const { lookAtTeammate: look } = await loadWithFault<{ lookAtTeammate: Look }>(
    'live/look-at-teammate.ts',
    smallPages,
  )
  const { failure, schedules } = await tried(look, {
    start: teamWith('abc'),
    moves: [anyDialStep],
    maxMoves: 1,
    looks: 2,
  })
  expect(failure).toBeNull()
  expect(schedules).toBeGreaterThan(60)
})

test('a look while a pass begins, goes on and ends says nothing false, and no reading is lost to it', async () => {
  const startedAt = process.cpuUsage()
  const scope = { mirrored: teamWith('a'), start: dialled('a'), moves: [dialOfReader] }
  const { failure, schedules, looks } = await tryLooksInPasses(
    lookAtTeammate,
    runInProcess,
    rewindable,
    scope,
  )
  const { user, system } = process.cpuUsage(startedAt)
  console.info(
    `${schedules} schedules, looks: ${JSON.stringify(looks)}; ${Math.round((user + system) / 1000)} ms of CPU`,
  )
  expect(failure).toBeNull()
  expect(looks).toMatchObject({ changed: expect.any(Number), dropped: expect.any(Number) })
  expect(schedules).toBeGreaterThan(100)
})

test.each(faults)('a look that $title is found out', async (fault) => {
  const { lookAtTeammate: look } = await loadWithFault<{ lookAtTeammate: Look }>(
    'live/look-at-teammate.ts',
    withSmallPages(fault),
  )
  const failure = await failureOf(look, runInProcess, rewindable, fault)
  console.info(`${fault.title}: ${failure?.why.slice(0, 200)}`)
  expect(failure).not.toBeNull()
})
