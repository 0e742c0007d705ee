/** Faults planted in a copy of the pacer. The property of test/properties-of-pacing.fast.test.ts must find each of them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { createPacer } from '../src/allo/pacer.ts'
import { edit, type Fault, loadWithFault } from './proof/patched-source.ts'
import { keepsTheLimit, useFakeTime } from './support/pacing.ts'

let endFakeTime: () => void

beforeEach(() => {
  endFakeTime = useFakeTime()
})

afterEach(() => endFakeTime())

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
    await expect(keepsTheLimit(faulty.createPacer)).rejects.toThrow('Counterexample')
  })
})
