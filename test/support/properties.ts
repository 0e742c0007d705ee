/**
 * Properties: statements that must hold for all values, tried on random ones. The values are the same in each run;
 * `PROPERTY_SEED` chooses others, and `PROPERTY_RUNS` multiplies how many are tried. A failure prints the smallest
 * value that fails.
 */
import fc from 'fast-check'

const { PROPERTY_SEED = '1', PROPERTY_RUNS = '1' } = process.env

/** `runs`: values that are tried in `npm test`. */
export function holds<T>(
  runs: number,
  values: fc.Arbitrary<T>,
  property: (value: T) => Promise<void> | void,
): Promise<void> {
  return fc.assert(
    fc.asyncProperty(values, async (value) => {
      await property(value)
    }),
    { seed: Number(PROPERTY_SEED), numRuns: runs * Number(PROPERTY_RUNS) },
  )
}
