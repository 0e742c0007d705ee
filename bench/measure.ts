/**
 * Times two ways of doing the same thing in turns, so that other load of the machine affects both. The order alternates
 * between rounds. The first rounds are a warm-up and do not count.
 */
export interface Comparison {
  /** Median of ours by median of the baseline. */
  readonly ratio: number
  /** The smallest and the largest ratio of one round. */
  readonly spread: readonly [number, number]
  readonly oursMs: number
  readonly baselineMs: number
}

/** Both return the duration of their timed part in milliseconds. Preparation does not count. */
export interface Contestants {
  readonly ours: () => Promise<number>
  readonly baseline: () => Promise<number>
}

export interface Rounds {
  readonly warmUps: number
  readonly rounds: number
}

export async function compare(
  { ours, baseline }: Contestants,
  { warmUps, rounds }: Rounds,
): Promise<Comparison> {
  const measured: { ours: number; baseline: number }[] = []
  for (let round = 0; round < warmUps + rounds; round += 1) {
    const early = round % 2 === 0 ? await ours() : null
    const baselineMs = await baseline()
    const oursMs = early ?? (await ours())
    if (round >= warmUps) measured.push({ ours: oursMs, baseline: baselineMs })
  }
  const ratios = measured.map((round) => round.ours / round.baseline)
  const oursMs = median(measured.map((round) => round.ours))
  const baselineMs = median(measured.map((round) => round.baseline))
  return {
    ratio: oursMs / baselineMs,
    spread: [Math.min(...ratios), Math.max(...ratios)],
    oursMs,
    baselineMs,
  }
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
