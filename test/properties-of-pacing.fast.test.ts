/**
 * What holds for any pattern of requests of several processes that share a key: see test/support/pacing.ts. A budget in
 * memory stands for that in Postgres, whose slots do not overlap either: test/read-budget.test.ts.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createPacer } from '../src/allo/pacer.ts'
import { keepsTheLimit, pacings, runPacers, useFakeTime } from './support/pacing.ts'
import { holds } from './support/properties.ts'

let endFakeTime: () => void

beforeEach(() => {
  endFakeTime = useFakeTime()
})

afterEach(() => endFakeTime())

test('no second has more requests than the limit, and none is sent in a pause that was known', async () => {
  await keepsTheLimit(createPacer)
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
