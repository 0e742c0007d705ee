/** What further evidence for a reading would be worth: a copy of the reader that asks for it, with every schedule. */
import { expect, test } from 'vitest'
import type { takeSnapshot } from '../src/snapshot/take-snapshot.ts'
import { moveAndTouch, moveWithinQueue } from './proof/moves.ts'
import { edit, type Fault, loadWithFault } from './proof/patched-source.ts'
import { tryAllReadings } from './proof/readings.ts'
import { teamWith } from './proof/scopes.ts'

const beyond = { start: teamWith('abc'), announcesTotal: true, maxMoves: 3 }

const thirdWalk: Fault = {
  title: 'a third walk',
  edits: [
    edit('snapshot/take-snapshot.ts', "let why = ''", "let why = ''\n  let agreed = 0"),
    edit(
      'snapshot/take-snapshot.ts',
      'const agrees = earlier?.queueId === walk.queue.id && earlier.digest === digest',
      'agreed = earlier?.queueId === walk.queue.id && earlier.digest === digest ? agreed + 1 : 0\n    const agrees = agreed === 2',
    ),
  ],
}

const updatedAt: Fault = {
  title: 'updated_at of each number',
  edits: [edit('snapshot/membership.ts', 'number.createdAt]', 'number.createdAt, number.updatedAt]')],
}

async function failureWith(evidence: Fault, scope: Parameters<typeof tryAllReadings>[1]) {
  const better = await loadWithFault<{ takeSnapshot: typeof takeSnapshot }>(
    'snapshot/take-snapshot.ts',
    evidence,
  )
  return (await tryAllReadings(better.takeSnapshot, { ...scope, stopsAtFailure: true })).failure
}

test('a third walk that agrees is no evidence: the number comes back twice', async () => {
  const scope = { ...beyond, isMirrored: false, moves: [moveWithinQueue], maxMoves: 5, walksRemembered: 2 }
  expect((await failureWith(thirdWalk, scope))?.moves).toBe(5)
})

test('updated_at is evidence only if Allo changes it when a number moves', async () => {
  for (const isMirrored of [false, true]) {
    const scope = { ...beyond, isMirrored }
    expect(await failureWith(updatedAt, { ...scope, moves: [moveAndTouch] })).toBeNull()
    expect(await failureWith(updatedAt, { ...scope, moves: [moveWithinQueue] })).not.toBeNull()
  }
})
