/** What may have been meant by a name that does not exist. */
import { closestMatch } from 'leven'

/** The candidate fewest letters away, and at most `letters`; null: there is none. Case does not count. */
export function nearest(name: string, candidates: readonly string[], letters: number): string | null {
  const spellings = new Map(candidates.map((candidate) => [candidate.toLowerCase(), candidate]))
  const found = closestMatch(name.toLowerCase(), [...spellings.keys()], { maxDistance: letters })
  return spellings.get(found ?? '') ?? null
}
