/** Whether people are reached better at some hours of the week than at others, beyond chance. */
import { chanceOfSameRate, comparable, SIGNIFICANT, sumOf } from './chance.ts'
import { type HourOfWeek, LEAST_DIALS } from './hours.ts'

export interface HourComparison {
  /** Hours with enough dials for the test. */
  readonly compared: number
  /** Probability of at least these differences by chance alone. Null: fewer than two hours can be compared. */
  readonly chance: number | null
  readonly differs: boolean
  /** Null: no hour is better than the others together beyond chance. */
  readonly best: (HourOfWeek & { readonly rateOfOthers: number }) | null
}

/**
 * Two conditions for a best hour: the hours differ (χ² over all of them), and this hour is better than the others
 * together. The second is tested for each hour, so its limit is divided by their number (Bonferroni).
 */
export function compareHours(hours: readonly HourOfWeek[]): HourComparison {
  const all = comparable(
    hours.flatMap((hour) => (hour.connected.whole < LEAST_DIALS ? [] : [{ ...hour, ...hour.connected }])),
  )
  if (all.length < 2) return { compared: all.length, chance: null, differs: false, best: null }
  const chance = chanceOfSameRate(all)
  const differs = chance < SIGNIFICANT
  const better = all.flatMap((hour) => {
    const others = sumOf(all.filter((other) => other !== hour))
    const rateOfOthers = others.part / others.whole
    const isBetter =
      (hour.rate ?? 0) > rateOfOthers && chanceOfSameRate([hour, others]) < SIGNIFICANT / all.length
    return isBetter ? [{ ...hour, rateOfOthers }] : []
  })
  const [best = null] = better.sort((a, b) => (b.low ?? 0) - (a.low ?? 0))
  return { compared: all.length, chance, differs, best: differs ? best : null }
}
