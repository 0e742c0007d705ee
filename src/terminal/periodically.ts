/** Calls `say` at most once in `everyMs`, and not within the first `everyMs`: a short run says nothing. */
export function periodically<Args extends readonly unknown[]>(
  everyMs: number,
  say: (...args: Args) => void,
): (...args: Args) => void {
  let lastAt = performance.now()
  return (...args) => {
    if (performance.now() - lastAt < everyMs) return
    lastAt = performance.now()
    say(...args)
  }
}
