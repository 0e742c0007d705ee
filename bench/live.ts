/**
 * How soon a dial, a result or a reset at the source is visible in `reporting`, what that costs, and whether what is
 * visible was so: with passes alone, and with looks between them. All variants run at the same time, each with a worker,
 * a database and a simulated Allo of its own, and meet the same team.
 */
import { startTestRedis } from '../test/support/redis.ts'
import { bounded, type Figure } from './figures.ts'
import type { Lab } from './lab.ts'
import { compareVariants } from './live/figures.ts'
import { benchIdleHour } from './live/idle-hour.ts'
import { benchLargeTeam } from './live/large-team.ts'
import { runVariant, type Variant } from './live/variant.ts'

/** Shorter runs have no teammate who is idle for long enough, and too few events for a bound. */
const LEAST_MINUTES = 9

export async function benchLive(
  lab: Lab,
  {
    isQuick,
    minutes = isQuick ? 1 : 10,
  }: { readonly isQuick: boolean; readonly minutes?: number | undefined },
): Promise<Figure[]> {
  const redis = await startTestRedis()
  if (redis === null) return [bounded('looks: no Redis to be had', 0, null)]
  const scale = isQuick
    ? { teammates: 10, passEverySeconds: 30, large: 40, largeSeconds: 20, settleSeconds: 10 }
    : { teammates: 50, passEverySeconds: 300, large: 1000, largeSeconds: 120, settleSeconds: 120 }
  const run = { seed: 'live', runMs: minutes * 60_000 }
  try {
    const [runs, idle] = await Promise.all([
      Promise.all(variantsOf(scale).map((variant) => runVariant(lab, redis.url, variant, run))),
      benchIdleHour({ ...scale, redisUrl: redis.url, settleSeconds: scale.settleSeconds }),
    ])
    const [large, idleInPostgres] = await Promise.all([
      benchLargeTeam(lab, redis.url, { teammates: scale.large, seconds: scale.largeSeconds }),
      benchIdleHour({ ...scale, redisUrl: null, settleSeconds: scale.settleSeconds }),
    ])
    return [
      ...compareVariants(runs, { isBounded: !isQuick && minutes >= LEAST_MINUTES }),
      ...idle,
      ...idleInPostgres,
      ...large,
    ]
  } finally {
    await redis.stop()
  }
}

interface Scale {
  readonly teammates: number
  readonly passEverySeconds: number
}

function variantsOf({ teammates, passEverySeconds }: Scale): Variant[] {
  const common = { teammates, passEverySeconds, looksPercent: 0, hasWebhooks: false }
  return [
    { ...common, name: 'looks', looksPercent: 25 },
    { ...common, name: `passes every ${passEverySeconds} s` },
    { ...common, name: 'passes every 15 s', passEverySeconds: 15 },
    { ...common, name: 'looks and webhooks', looksPercent: 15, hasWebhooks: true },
    { ...common, name: `looks, ${4 * teammates} reps`, teammates: 4 * teammates, looksPercent: 25 },
  ]
}
