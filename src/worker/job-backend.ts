/** Where jobs are kept: Redis, or Postgres. */
import type { JobBackend } from './jobs.ts'
import { openOnPostgres } from './jobs-in-postgres.ts'
import { openOnRedis } from './jobs-in-redis.ts'

/** For messages. */
export const backendNames = { redis: 'Redis', postgres: 'Postgres' } as const

/** Each API key has its own queues, so several teams can share one Redis or Postgres. */
export function queueNames(keyFingerprint: string): Record<'passes' | 'readings' | 'looks', string> {
  return {
    passes: `allo-passes-${keyFingerprint}`,
    readings: `allo-readings-${keyFingerprint}`,
    looks: `allo-looks-${keyFingerprint}`,
  }
}

/**
 * `onError` is called for lost connections; BullMQ reconnects by itself. With `mayMigrate: false`, for commands that
 * only read, BullMQ's tables in Postgres are not migrated.
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
