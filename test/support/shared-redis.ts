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

/** For `describe.each`: the name of each backend of jobs, and its REDIS_URL. Redis is left out when the run has none. */
export async function backendsOfJobs(): Promise<[name: string, redisUrl: string | null][]> {
  const redisUrl = await useSharedRedis()
  return [['postgres', null], ...(redisUrl === null ? [] : [['redis', redisUrl] as [string, string]])]
}
