/**
 * Collects the surprises of a pass. A surprise is something in an answer that Allo does not document, such as an
 * unknown field. A broken API can cause a hundred thousand of them, so the first hundred kinds are listed and the
 * others counted.
 */
import type { Surprise } from './types.ts'

export interface SurpriseLog {
  add(surprise: Surprise): void
  /** Each kind once, in the order they came; the last one says how many are left out. */
  all(): readonly Surprise[]
  /** Those that came since the last `take`. */
  take(): readonly Surprise[]
  /** Forgets what was taken, so that it is reported again in the next pass. */
  renew(): void
}

const mostListed = 100
/** Maximum number of distinct kinds. Beyond it, each occurrence is counted as a kind. */
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

/** Merges the surprises that several processes collected in one pass, within the same limit. */
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
