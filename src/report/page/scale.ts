/** Round numbers from 0 to at least `most`, a few of them. */
export function ticksUpTo(most: number): number[] {
  const rough = Math.max(most, 1) / 4
  const magnitude = 10 ** Math.floor(Math.log10(rough))
  const step = Math.max(
    [1, 2, 5, 10].map((factor) => factor * magnitude).find((size) => size >= rough) ?? 1,
    1,
  )
  return Array.from({ length: Math.ceil(Math.max(most, 1) / step) + 1 }, (_, index) => index * step)
}
