/** Faults planted in a copy of the reader. Trying all schedules must show each of them. */
import { expect, test } from 'vitest'
import type { takeSnapshot } from '../src/snapshot/take-snapshot.ts'
import { patchSource } from './proof/patched-source.ts'
import { failureOf, faults } from './proof/reading-faults.ts'

test.each(faults)('a reader that $title returns what never was', async (fault) => {
  const source = patchSource(fault)
  try {
    const faulty = await source.load<{ takeSnapshot: typeof takeSnapshot }>('snapshot/take-snapshot.ts')
    expect(await failureOf(faulty.takeSnapshot, fault)).not.toBeNull()
  } finally {
    source.remove()
  }
})
