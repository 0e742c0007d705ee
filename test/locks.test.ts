/** Locks that a reader of the database can take. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPool } from '../src/store/database.ts'
import { migrateDatabase } from '../src/store/migrate.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { useStages } from './support/stage.ts'

const open = useStages()

describe('advisory locks of another login', () => {
  it('stop no reading, no end of a pass and no forgetting, whatever their keys', async () => {
    const stage = await open({ world: { teammates: 2 } })
    await stage.pass()
    const names = await stage.sql<{ key: string }>(
      `select 'allo personal data' as key union all select 'allo teammate ' || user_id from allo.teammates
       union all select 'allo queue ' || queue_id from allo.queues`,
    )
    const reader = openPool(stage.database.url, { max: 1, name: 'reader' })
    const client = await reader.connect()
    for (const { key } of names) await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [key])
    await stage.pass()
    const held = await stage.sql(`select from pg_locks where locktype = 'advisory' and granted and database =
      (select oid from pg_database where datname = current_database())`)
    expect(held).toHaveLength(names.length)
    client.release(true)
    await reader.end()
  })
})

describe('a migration', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(() => database.drop())

  it('does not wait for ever for its lock, and names the session that holds it', {
    timeout: 90_000,
  }, async () => {
    const client = await database.pool.connect()
    const { rows } = await client.query<{ pid: number }>(
      `select pg_backend_pid() as pid, pg_advisory_lock(hashtextextended('allo migrate', 0))`,
    )
    await expect(migrateDatabase(database.url)).rejects.toThrow(`process ${rows[0]?.pid} of login`)
    client.release(true)
  })
})
