/** Faults planted in a copy of the reader. Trying all schedules must show each of them. */
import { expect, test } from 'vitest'
import type { takeSnapshot } from '../src/snapshot/take-snapshot.ts'
import { loadWithFault } from './proof/patched-source.ts'
import { failureOf, faults } from './proof/reading-faults.ts'

test.each(faults)('a reader that $title returns what never was', async (fault) => {
  const faulty = await loadWithFault<{ takeSnapshot: typeof takeSnapshot }>(
    'snapshot/take-snapshot.ts',
    fault,
  )
  expect(await failureOf(faulty.takeSnapshot, fault)).not.toBeNull()
})
