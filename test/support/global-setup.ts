/**
 * One Postgres for the whole run, on a folder of its own and gone afterwards; TEST_DATABASE_URL, and nothing else,
 * points the tests at another. A migrated template database is cloned for each test file.
 */
import type { TestProject } from 'vitest/node'
import { startTemporaryPostgres } from '../../src/embedded/temporary-postgres.ts'
import { migrateDatabase } from '../../src/store/migrate/migrate.ts'
import { createDatabase, dropDatabase } from './database.ts'

declare module 'vitest' {
  interface ProvidedContext {
    serverUrl: string
    templateName: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { TEST_DATABASE_URL: given } = process.env
  const server = given ? { url: given, stop: async () => undefined } : await startOwnServer()
  const template = await createDatabase(server.url)
  await migrateDatabase(template.url)
  project.provide('serverUrl', server.url)
  project.provide('templateName', template.name)
  return async () => {
    await dropDatabase(server.url, template.name)
    await server.stop()
  }
}

async function startOwnServer(): Promise<{ url: string; stop: () => Promise<void> }> {
  const { url, remove } = await startTemporaryPostgres({ name: 'test', settings: { fsync: 'off' } })
  return { url, stop: remove }
}
