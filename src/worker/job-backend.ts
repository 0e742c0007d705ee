/** Where jobs are kept: Redis, or Postgres. */
import type { JobBackend } from './jobs.ts'
import { openOnPostgres } from './jobs-in-postgres.ts'
import { openOnRedis } from './jobs-in-redis.ts'

/** For people. */
export const backendNames = { redis: 'Redis', postgres: 'Postgres' } as const

/** One process group per key: teams share Redis and Postgres without seeing each other's jobs. */
export function queueNames(keyFingerprint: string): { passes: string; readings: string } {
  return { passes: `allo-passes-${keyFingerprint}`, readings: `allo-readings-${keyFingerprint}` }
}

/**
 * `onError` hears of lost connections; BullMQ reconnects by itself. With `mayMigrate: false` its tables in Postgres
 * are taken as they are: for those who only look.
 */
export async function openJobBackend(
  urls: { readonly redisUrl: string | null; readonly databaseUrl: string },
  onError: (error: Error) => void,
  { mayMigrate = true }: { readonly mayMigrate?: boolean } = {},
): Promise<JobBackend> {
  return urls.redisUrl === null
    ? openOnPostgres(urls.databaseUrl, onError, mayMigrate)
    : openOnRedis(urls.redisUrl, onError)
}
