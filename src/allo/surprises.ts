/**
 * What the API did that its documentation does not mention, as far as a pass tells it. A broken API can do a hundred
 * thousand such things: the first hundred kinds say what is wrong, and the others are counted.
 */
import type { Surprise } from './types.ts'

export interface SurpriseLog {
  add(surprise: Surprise): void
  /** Each kind once, in the order they came; the last one says how many are left out. */
  all(): readonly Surprise[]
  /** Those that came since the last `take`. */
  take(): readonly Surprise[]
  /** What was taken is told again when it comes again. */
  renew(): void
}

const mostListed = 100
/** Kinds that are told apart. Of the kinds beyond them each occurrence counts. */
const mostKnown = 10_000

export function createSurpriseLog(): SurpriseLog {
  const known = new Set<string>()
  let listed: Surprise[] = []
  let leftOut = 0
  let taken = { listed: 0, leftOut: 0 }
  return {
    add(surprise) {
      if (surprise.leftOut !== undefined) {
        leftOut += surprise.leftOut
        return
      }
      const { where, what } = surprise
      const key = `${where}: ${what}`
      if (known.has(key)) return
      if (known.size < mostKnown) known.add(key)
      if (listed.length < mostListed) listed.push({ where, what })
      else leftOut += 1
    },
    all: () => withLeftOut(listed, leftOut),
    take() {
      const fresh = withLeftOut(listed.slice(taken.listed), leftOut - taken.leftOut)
      taken = { listed: listed.length, leftOut }
      return fresh
    },
    renew() {
      known.clear()
      listed = listed.slice(taken.listed)
      leftOut -= taken.leftOut
      taken = { listed: 0, leftOut: 0 }
      for (const { where, what } of listed) known.add(`${where}: ${what}`)
    },
  }
}

/** What several processes noticed in one pass, bounded as what one noticed is. */
export function mergeSurprises(before: readonly Surprise[], more: readonly Surprise[]): readonly Surprise[] {
  const log = createSurpriseLog()
  for (const surprise of [...before, ...more]) log.add(surprise)
  return log.all()
}

function withLeftOut(listed: readonly Surprise[], leftOut: number): readonly Surprise[] {
  if (leftOut === 0) return [...listed]
  const what = `${leftOut} more, which are not listed`
  return [...listed, { where: 'answers of the API', what, leftOut }]
}
