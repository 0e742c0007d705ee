/** Variables that are set and mean nothing here, though they look like ours. */
import { nearest } from '../text/nearest.ts'

/** Common names of other programs that are near to ours. */
const notOurs = new Set(['ALL_PROXY', 'FTP_PROXY', 'NO_COLOR'])
/** What Kubernetes sets for a service called `allo-…`. */
const OF_KUBERNETES = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_\w+)?)$/
/** In names this short two letters make another word. */
const SHORT = 8

/**
 * One sentence for each, with what may have been meant. `known`: the names of our variables, `alsoKnown`: other
 * spellings of them that are read.
 */
export function misspelledVariables(
  given: Iterable<string>,
  known: readonly string[],
  alsoKnown: readonly string[] = [],
): string[] {
  return [...given]
    .filter((name) => !known.includes(name) && !alsoKnown.includes(name))
    .flatMap((name) => {
      const upper = name.toUpperCase().replaceAll('-', '_')
      if (notOurs.has(upper) || OF_KUBERNETES.test(upper)) return []
      const near = nearest(upper, known, upper.length < SHORT ? 1 : 2)
      if (near === null && !upper.startsWith('ALLO_')) return []
      return [
        `${name} is set, but there is no such setting${near === null ? '.' : `; did you mean ${near}?`}`,
      ]
    })
}
