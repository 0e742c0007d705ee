/** What may have been meant by a name that does not exist. */
import { distance } from 'fastest-levenshtein'

/** The candidate fewest letters away, and at most `letters`; null: there is none. Case does not count. */
export function nearest(name: string, candidates: readonly string[], letters: number): string | null {
  const [first] = candidates
    .map((candidate) => ({ candidate, apart: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ apart }) => apart <= letters)
    .sort((a, b) => a.apart - b.apart)
  return first?.candidate ?? null
}
