/**
 * The real reader of src/snapshot, with every schedule of a small Allo: see test/proof/readings.ts. `npm run proof`
 * goes deeper.
 */
import { expect, test } from 'vitest'
import { takeSnapshot } from '../src/snapshot/take-snapshot.ts'
import { moveWithinQueue, removeAndAppend, removeAndAppendTwin } from './proof/moves.ts'
import { tryAllReadings } from './proof/readings.ts'
import { summaryOf, teamWith, tryQueues } from './proof/scopes.ts'

test('a reading that is returned as whole was true at some instant while it was read, whatever moves between its requests', async () => {
  const startedAt = performance.now()
  const tried = [
    ...(await tryQueues(takeSnapshot, ['', 'a', 'ab', 'abc'], { maxMoves: 2 })),
    ...(await tryQueues(takeSnapshot, ['a b', 'aa', 'aba', 'abcd', 'abcde'], { maxMoves: 1 })),
  ]
  console.info(`${summaryOf(tried)}; ${Math.round(performance.now() - startedAt)} ms`)
  expect(tried.flatMap(({ queue, failure }) => (failure === null ? [] : [{ queue, ...failure }]))).toEqual([])
  const schedules = tried.reduce((sum, one) => sum + one.schedules, 0)
  const torn = tried.reduce((sum, one) => sum + one.outcomes.torn, 0)
  expect(schedules).toBeGreaterThan(100_000)
  expect(torn / schedules, 'share of readings that are refused').toBeLessThan(0.05)
})

test('a reader remembers only its last walk', async () => {
  const scope = {
    start: teamWith('abc'),
    isMirrored: false,
    announcesTotal: true,
    moves: [removeAndAppend],
    maxMoves: 2,
  }
  const { outcomes, failure } = await tryAllReadings(takeSnapshot, scope)
  const all = await tryAllReadings(takeSnapshot, { ...scope, walksRemembered: 3 })
  expect({ outcomes, failure }).toEqual({ outcomes: all.outcomes, failure: null })
})

const beyond = { start: teamWith('abc'), announcesTotal: true, maxMoves: 3 }

test('two walks agree on a state that never was if a number leaves its place and comes back to it between them', async () => {
  const { failure } = await tryAllReadings(takeSnapshot, {
    ...beyond,
    isMirrored: false,
    moves: [moveWithinQueue],
  })
  expect(failure?.story).toEqual([
    'at first: pdl-0 [0@0 1@1 2@2]',
    'request 1, page 1: pdl-0 [0@0 1@1] of 3, more',
    '   queue 0: 0 moved from 0 to 2',
    'request 2, page 2: pdl-0 [0@2] of 3',
    '   queue 0: 0 moved from 2 to 0',
    'request 3, page 1: pdl-0 [0@0 1@1] of 3, more',
    '   queue 0: 0 moved from 0 to 2',
    'request 4, page 2: pdl-0 [0@2] of 3',
  ])
})

test('the same can happen if a number is removed and added again with the same created_at', async () => {
  const { failure } = await tryAllReadings(takeSnapshot, {
    ...beyond,
    isMirrored: false,
    moves: [removeAndAppendTwin],
  })
  expect(failure?.moves).toBe(3)
})
