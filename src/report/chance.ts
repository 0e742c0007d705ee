/** Whether rates differ by more than chance, and which of them: Pearson's χ² test on counts. Pure functions. */
import type { Rate } from './scope.ts'

/** A difference counts as beyond chance if chance alone gives it less often than this. */
export const SIGNIFICANT = 0.05
/** The χ² test is not valid with fewer expected dials in a cell than this. */
export const LEAST_EXPECTED = 5

type Counts = Pick<Rate, 'part' | 'whole'>

/** Fewer dials with a result than this say nothing: such a rate is never ranked or compared. */
export const LEAST_DIALS = 10

export interface RateComparison<R> {
  /** Rates with counts that are large enough for the test. */
  readonly compared: number
  /** Probability of at least these differences by chance alone. Null: fewer than two rates can be compared. */
  readonly chance: number | null
  readonly differs: boolean
  /** Those that differ from the others together beyond chance; none unless `differs`. */
  readonly clear: readonly (R & { readonly rateOfOthers: number })[]
}

/**
 * Two conditions for a clear difference: the rates differ (χ² over all of them), and this one differs from the others
 * together. The second is tested for each rate, so its limit is divided by their number (Bonferroni). With several
 * comparisons at once, divide `limit` by their number.
 */
export function compareRates<R extends Rate>(rates: readonly R[], limit = SIGNIFICANT): RateComparison<R> {
  const all = comparable(rates.filter(({ whole }) => whole >= LEAST_DIALS))
  if (all.length < 2) return { compared: all.length, chance: null, differs: false, clear: [] }
  const chance = chanceOfSameRate(all)
  const differs = chance < limit
  const clear = all.flatMap((rate) => {
    const others = sumOf(all.filter((other) => other !== rate))
    const isClear = chanceOfSameRate([rate, others]) < limit / all.length
    return isClear ? [{ ...rate, rateOfOthers: others.part / others.whole }] : []
  })
  return { compared: all.length, chance, differs, clear: differs ? clear : [] }
}

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
