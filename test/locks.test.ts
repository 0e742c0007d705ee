/** Locks of other sessions: which of them do not block us, and whose process and login are named if they do. */

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exitCodes } from '../src/errors.ts'
import { toMirrorError } from '../src/foreign-errors.ts'
import { forgetNumber } from '../src/personal-data/forget.ts'
import { inspectSchema, migrateDatabase } from '../src/store/migrate/migrate.ts'
import { type Client, openPool } from '../src/store/postgres/database.ts'
import { createDatabaseProbe, tryDatabase } from '../src/store/postgres/probe.ts'
import { openJobBackend, queueNames } from '../src/worker/job-backend.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { useStages } from './support/stage.ts'
import { until } from './support/worker.ts'
import { withScene } from './support/worker-scene.ts'

const open = useStages()

let database: TestDatabase
/** May read the reports and nothing else. */
let readerUrl: string
const login = `reader_${randomBytes(4).toString('hex')}`
beforeAll(async () => {
  database = await createTestDatabase()
  await database.pool.query(
    `create role ${login} login password 'secret'; grant usage on schema reporting to ${login};
     grant select on all tables in schema reporting to ${login}`,
  )
  const url = new URL(database.url)
  url.username = login
  url.password = 'secret'
  readerUrl = url.href
})
afterAll(async () => {
  await database.pool.query(`drop owned by ${login}; drop role ${login}`)
  await database.drop()
})

/** A session of that login, until `work` is done. */
async function withSession<T>(url: string, work: (client: Client, pid: number) => Promise<T>): Promise<T> {
  const pool = openPool(url, { max: 1, name: 'of another' })
  const client = await pool.connect()
  try {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    return await work(client, rows[0]?.pid ?? 0)
  } finally {
    client.release(true)
    await pool.end()
  }
}

describe('advisory locks of another login', () => {
  it('do not block a reading, the end of a pass, forget, a migration or a start, with any key', async () => {
    const stage = await open({ world: { teammates: 2 } })
    const { url, pool } = stage.database
    await stage.pass()
    const jobs = () => openJobBackend({ redisUrl: null, databaseUrl: url }, () => undefined)
    await (await jobs()).close()
    const names = await stage.sql<{ key: string }>(
      `select 'allo personal data' as key union all select 'allo migrate'
       union all select 'allo teammate ' || user_id from allo.teammates
       union all select 'allo queue ' || queue_id from allo.queues`,
    )
    await withSession(url, async (client) => {
      for (const { key } of names)
        await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [key])
      // That of BullMQ's migrations.
      await client.query(`select pg_advisory_lock(1112493644, hashtext('allo_jobs'))`)
      await stage.pass()
      const [number] = await stage.sql<{ number: string }>(
        'select number_to as number from allo.queue_numbers where number_to is not null limit 1',
      )
      await forgetNumber(pool, {
        number: number?.number ?? '',
        numberKeys: null,
        suppress: false,
        dryRun: true,
      })
      await migrateDatabase(url)
      await (await jobs()).close()
      const held =
        await stage.sql(`select from pg_locks where locktype = 'advisory' and granted and database =
        (select oid from pg_database where datname = current_database())`)
      expect(held).toHaveLength(names.length + 1)
    })
  })

  it('on keys of BullMQ make the worker not ready and name their holder, until they are released', async () => {
    await withScene({ databaseUrl: database.url, redisUrl: null }, async (scene) => {
      const probe = createDatabaseProbe(database.url)
      const worker = scene.start()
      await scene.finished({ count: 1, status: 'ok' })
      const heldFrom = await withSession(readerUrl, async (client, pid) => {
        for (const name of Object.values(queueNames(scene.fingerprint)))
          await client.query(`select pg_advisory_lock(hashtext('bullmq:finalization'), hashtext($1))`, [name])
        const says = await until('the probe names the holder', () =>
          probe.ask().then(
            () => false,
            (error: Error) => error.message,
          ),
        )
        expect(says).toMatch(
          new RegExp(
            `^process ${pid} of login ${login} has kept .* end it with select pg_terminate_backend\\(${pid}\\)$`,
          ),
        )
        // Its log, and with it the alert.
        expect((await worker.logged('database_unusable')).msg).toContain(`process ${pid} of login ${login}`)
        expect(await tryDatabase(database.url)).toContain(`login ${login}`)
        return scene.now()
      })
      await scene.finished({ count: 1, status: 'ok', since: heldFrom })
      await worker.logged('database_usable')
      worker.kill('SIGTERM')
      expect((await worker.exited).code).toBe(0)
    })
  })
})

describe('a table or view that another session locks', { concurrent: true }, () => {
  it('makes a migration give up and name its process and login; nothing is changed, and no other session waits behind it', async ({
    expect,
  }) => {
    const ledger = () =>
      database.pool.query('select name, sha256 from allo.repeatable_migrations order by name')
    await database.pool.query(`update allo.repeatable_migrations set sha256 = '' where name like '1%'`)
    const before = (await ledger()).rows
    await withSession(readerUrl, async (client, pid) => {
      await client.query('begin; select from reporting.queues')
      const migrating = migrateDatabase(database.url).catch((thrown: unknown) => thrown)
      let longestMs = 0
      const error = await withSession(readerUrl, async (other) => {
        for (;;) {
          const from = performance.now()
          await other.query('select from reporting.queues')
          longestMs = Math.max(longestMs, performance.now() - from)
          const done = await Promise.race([migrating, new Promise((go) => setTimeout(go, 200, 'not yet'))])
          if (done !== 'not yet') return done
        }
      })
      expect(error).toMatchObject({ name: 'LockedError', retryable: true })
      expect(String(error)).toContain(`process ${pid} of login ${login} holds a lock`)
      expect(toMirrorError(error).exitCode).toBe(exitCodes.tryAgain)
      expect(longestMs).toBeLessThan(10_000)
      expect((await ledger()).rows).toEqual(before)
    })
    expect(await migrateDatabase(database.url)).toEqual({ migrations: 0, hasNewViews: true })
    expect((await inspectSchema(database.pool)).state).toBe('current')
  })

  it('makes forget give up and name its process and login', async ({ expect }) => {
    const other = await createTestDatabase()
    try {
      await withSession(other.url, async (client, pid) => {
        await client.query('begin; lock table allo.locks in row exclusive mode')
        const forgetting = forgetNumber(other.pool, {
          number: '+33612345678',
          numberKeys: null,
          suppress: false,
          dryRun: false,
        })
        await expect(forgetting).rejects.toThrow(`forgetting a number: process ${pid} of login`)
      })
    } finally {
      await other.drop()
    }
  })
})
