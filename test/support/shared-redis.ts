/** The Redis of the whole run. A test that stops, floods or reconfigures its Redis starts its own: redis.ts. */
import { Redis } from 'ioredis'
import { inject } from 'vitest'

/** A database of it that no other file uses meanwhile, empty. Null when the run has no Redis. */
export async function useSharedRedis(): Promise<string | null> {
  const shared = inject('redisUrl')
  if (shared === null) return null
  const url = new URL(shared)
  url.pathname = `/${process.env.VITEST_POOL_ID}`
  const redis = new Redis(url.href)
  await redis.flushdb().finally(() => redis.disconnect())
  return url.href
}
