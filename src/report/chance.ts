/** Whether rates differ by more than chance: Pearson's χ² test on counts. Pure functions. */
import type { Rate } from './scope.ts'

/** A difference counts as beyond chance if chance alone gives it less often than this. */
export const SIGNIFICANT = 0.05
/** The χ² test is not valid with fewer expected dials in a cell than this. */
const LEAST_EXPECTED = 5

type Counts = Pick<Rate, 'part' | 'whole'>

/** Those whose counts are large enough for the test, if all have the same true rate. */
export function comparable<R extends Counts>(rates: readonly R[]): readonly R[] {
  const { part, whole } = sumOf(rates)
  const share = whole === 0 ? 0 : Math.min(part, whole - part) / whole
  return rates.filter((rate) => rate.whole * share >= LEAST_EXPECTED)
}

/** Probability of at least these differences if the true rate is the same everywhere. 1 if there are fewer than two rates. */
export function chanceOfSameRate(rates: readonly Counts[]): number {
  const { part, whole } = sumOf(rates)
  if (rates.length < 2 || part === 0 || part === whole) return 1
  const share = part / whole
  const statistic = rates.reduce(
    (sum, rate) => sum + (rate.part - rate.whole * share) ** 2 / (rate.whole * share * (1 - share)),
    0,
  )
  return chanceOf(statistic, rates.length - 1)
}

export function sumOf(rates: readonly Counts[]): Counts {
  const sum = (count: (rate: Counts) => number) => rates.reduce((total, rate) => total + count(rate), 0)
  return { part: sum(({ part }) => part), whole: sum(({ whole }) => whole) }
}

/** From here on the probability is too small to matter, and the series below would underflow. */
const LARGEST = 1000

/** Probability of a χ² of at least this: 1 − P(degrees / 2, χ² / 2), P by its power series. */
export function chanceOf(chiSquare: number, degrees: number): number {
  const [a, x] = [degrees / 2, Math.min(chiSquare, LARGEST) / 2]
  let logOfGamma = degrees % 2 === 0 ? 0 : Math.log(Math.PI) / 2
  for (let factor = a; factor > 0; factor -= 1) logOfGamma += Math.log(factor)
  let term = Math.exp(a * Math.log(x) - x - logOfGamma)
  let sum = 0
  for (let n = 1; term > 1e-15 || a + n < x; n += 1) {
    sum += term
    term *= x / (a + n)
  }
  return Math.min(Math.max(1 - sum, 0), 1)
}
