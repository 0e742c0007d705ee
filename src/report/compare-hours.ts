/** Whether people are reached better at some hours of the week than at others, beyond chance. */
import { comparable, compareRates, LEAST_DIALS, type RateComparison } from './chance.ts'
import type { HourOfWeek } from './hours.ts'

export interface HourComparison extends Omit<RateComparison<unknown>, 'clear'> {
  /** Null: no hour is better than the others together beyond chance. */
  readonly best: (HourOfWeek & { readonly rateOfOthers: number }) | null
}

/** Whether an hour has enough dials to be compared with the others. */
export function isCompared(hours: readonly HourOfWeek[]): (hour: HourOfWeek) => boolean {
  const enough = new Set(
    comparable(hours.map(({ connected }) => connected).filter(({ whole }) => whole >= LEAST_DIALS)),
  )
  return ({ connected }) => enough.has(connected)
}

export function compareHours(hours: readonly HourOfWeek[]): HourComparison {
  const { clear, ...comparison } = compareRates(hours.map((hour) => ({ ...hour, ...hour.connected })))
  const better = clear.filter(({ rate, rateOfOthers }) => (rate ?? 0) > rateOfOthers)
  const [best = null] = better.sort((a, b) => (b.low ?? 0) - (a.low ?? 0))
  return { ...comparison, best }
}
