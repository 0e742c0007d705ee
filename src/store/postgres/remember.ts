/** Failures are asked about again sooner, so that a recovery is soon seen. */
const FAILURE_SHARE = 0.4

/**
 * The same answer, or the same failure, to all who ask at the same time and for a while afterwards. A failure is kept
 * for less than half as long.
 */
export function remember<T>(keepMs: number, ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | null = null
  let until = Number.POSITIVE_INFINITY
  return () => {
    if (answer !== null && performance.now() < until) return answer
    until = Number.POSITIVE_INFINITY
    const asked = ask()
    answer = asked
    asked.then(
      () => {
        until = performance.now() + keepMs
      },
      () => {
        until = performance.now() + keepMs * FAILURE_SHARE
      },
    )
    return asked
  }
}
