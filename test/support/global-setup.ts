/**
 * One Postgres and one Redis for the whole run, in their own folders, removed afterwards. Only TEST_DATABASE_URL and
 * TEST_REDIS_URL select other servers. Each test file clones a migrated template database.
 */
import type { TestProject } from 'vitest/node'
import { startTemporaryPostgres } from '../../src/embedded/temporary-postgres.ts'
import { migrateDatabase } from '../../src/store/migrate/migrate.ts'
import { createDatabase, dropDatabase } from './database.ts'
import { packageProgram } from './packaged-program.ts'
import { startTestRedis } from './redis.ts'

declare module 'vitest' {
  interface ProvidedContext {
    serverUrl: string
    templateName: string
    /** Null: there is none. */
    redisUrl: string | null
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [server, redis, program] = await Promise.all([startPostgres(), startTestRedis(), packageProgram()])
  process.env.TEST_EXECUTABLE = program.executable
  const template = await createDatabase(server.url)
  await migrateDatabase(template.url)
  project.provide('serverUrl', server.url)
  project.provide('templateName', template.name)
  project.provide('redisUrl', redis?.url ?? null)
  return async () => {
    program.remove()
    await redis?.stop()
    await dropDatabase(server.url, template.name)
    await server.stop()
  }
}

async function startPostgres(): Promise<{ url: string; stop: () => Promise<void> }> {
  const { TEST_DATABASE_URL: given } = process.env
  if (given) return { url: given, stop: async () => undefined }
  const { url, remove } = await startTemporaryPostgres({ name: 'test', settings })
  return { url, stop: remove }
}

/** Many files at once, and nothing that must outlive the machine. */
const settings = {
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '256MB',
  max_connections: '300',
  max_wal_size: '4GB',
  checkpoint_timeout: '1h',
}
