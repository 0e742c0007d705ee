/**
 * What holds for any pattern of requests of several processes that share a key: see test/support/pacing.ts. A budget in
 * memory stands for that in Postgres, whose slots do not overlap either: test/read-budget.test.ts.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createPacer } from '../src/allo/pacer.ts'
import { edit, type Fault, loadWithFault } from './proof/patched-source.ts'
import { findTooEarly, pacings, runPacers, useFakeTime } from './support/pacing.ts'
import { holds } from './support/properties.ts'

let endFakeTime: () => void

beforeEach(() => {
  endFakeTime = useFakeTime()
})

afterEach(() => endFakeTime())

function holdsFor(create: typeof createPacer): Promise<void> {
  return holds(80, pacings, async (pacing) => {
    expect(findTooEarly(await runPacers(create, pacing), pacing)).toEqual([])
  })
}

test('no second has more requests than the limit, and none is sent in a pause that was known', async () => {
  await holdsFor(createPacer)
})

test('the clock of the system, which can be set, is not asked', async () => {
  const clock = vi.spyOn(Date, 'now')
  try {
    await holds(1, pacings, async (pacing) => {
      clock.mockClear()
      await runPacers(createPacer, pacing)
      expect(clock).not.toHaveBeenCalled()
    })
  } finally {
    clock.mockRestore()
  }
})

const file = 'allo/pacer.ts'
const faults: readonly Fault[] = [
  {
    title: 'uses a slot that it missed',
    edits: [edit(file, 'dropped = isInTime ||', 'dropped = Number.isFinite(now) ||')],
  },
  {
    title: 'takes the earliest time for the time of its slot',
    edits: [edit(file, 'const latest = performance.now() + slot.inMs', 'const latest = earliest')],
  },
  {
    title: 'does not look for a pause before it sends a request',
    edits: [edit(file, 'if ((await timed(pause.look)) > 0) return false', '')],
  },
  {
    title: 'sends a request after its own 429, because the pause is not recorded yet',
    edits: [
      edit(file, 'await pause.recorded()', ''),
      edit(file, 'return dropped === 0 && pausesStarted === pause.started', 'return dropped === 0'),
    ],
  },
  {
    title: 'believes a slow answer of the budget',
    edits: [edit(file, 'now - earliest <= MAY_BE_OFF_MS + sparedMs', 'true')],
  },
  {
    title: 'is late by more room than it reserved',
    edits: [edit(file, 'budget.reserve(roomMs)', 'budget.reserve(intervalMs)')],
  },
]

describe('a pacer that', () => {
  test.each(faults)('$title is found out', async (fault) => {
    const faulty = await loadWithFault<{ createPacer: typeof createPacer }>(file, fault)
    await expect(holdsFor(faulty.createPacer)).rejects.toThrow('Counterexample')
  })
})
