/**
 * Settings of a server, a database or a login do not change the meaning of our statements. Encodings other than UTF-8
 * are refused.
 */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { openPool, type Pool } from '../src/store/postgres/database.ts'
import { createTestDatabase, dropDatabase, type TestDatabase } from './support/database.ts'
import { createWorkplace, runCli, startCli } from './support/run-cli.ts'

const apiKey = 'ak_live_of_a_test'
const { folder: cwd, remove } = createWorkplace()
let server: Pool
beforeAll(() => {
  server = openPool(inject('serverUrl'), { max: 2, name: 'test' })
})
afterAll(async () => {
  await server.end()
  remove()
})

test.each(['LATIN1', 'EUC_JP', 'SQL_ASCII'])(
  'a database with encoding %s is refused, with the way out, by every command that would use it',
  async (encoding) => {
    const name = `test_${randomBytes(6).toString('hex')}`
    // Before version 15 there was one provider of locales only.
    const { rows } = await server.query<{ libc: string }>(
      `select case when current_setting('server_version_num')::int >= 150000 then 'locale_provider libc' else '' end as libc`,
    )
    await server.query(
      `create database ${name} encoding '${encoding}' ${rows[0]?.libc} lc_collate 'C' lc_ctype 'C' template template0`,
    )
    const url = new URL(inject('serverUrl'))
    url.pathname = `/${name}`
    for (const command of encoding === 'LATIN1' ? ['doctor', 'migrate', 'sync', 'worker'] : ['migrate']) {
      const env = {
        ALLO_API_KEY: apiKey,
        ALLO_API_URL: 'http://127.0.0.1:9',
        HTTP_PORT: '0',
        DATABASE_URL: url.href,
      }
      const { code, stdout, stderr } = await runCli([command], env, { cwd })
      expect([command, code]).toEqual([command, 78])
      expect(stdout + stderr).toContain(`has this database in ${encoding}`)
      expect(stdout + stderr).toContain(`create database allo encoding 'UTF8' template template0`)
    }
    await dropDatabase(inject('serverUrl'), name)
  },
)

/** Each as unlike the usual as Postgres lets it be. */
const odd: Readonly<Record<string, string>> = {
  standard_conforming_strings: 'off',
  datestyle: 'SQL, DMY',
  intervalstyle: 'iso_8601',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  transform_null_equals: 'on',
  array_nulls: 'off',
  timezone: 'Asia/Kathmandu',
  timezone_abbreviations: 'India',
  client_encoding: 'LATIN1',
  default_transaction_isolation: 'serializable',
  backslash_quote: 'on',
  jit: 'on',
}

test('a database with unusual settings is mirrored in the same way, by sync and by a worker with its jobs there', async () => {
  const seed = { seed: 'odd \\ settings', teammates: 3, numbersPerQueue: 20, calledBefore: 0.5 }
  const usual = await createTestDatabase()
  const strange = await createTestDatabase()
  for (const [name, value] of Object.entries(odd))
    await server.query(`alter database ${strange.name} set ${name} = '${value}'`)
  const api = await startSimulatedAllo({ world: createWorld(seed), apiKey, readsPerSecond: null })
  const envOf = ({ url }: TestDatabase) => ({
    ALLO_API_KEY: apiKey,
    ALLO_API_URL: api.url,
    DATABASE_URL: url,
    ALLO_READS_PER_SECOND: 'unlimited',
    // Always that of UTC, but by a name that Postgres has to look up.
    ALLO_TIME_ZONE: 'Africa/Abidjan',
    HTTP_PORT: '0',
    SYNC_EVERY: '1s',
    FRESHNESS_SLO: '1d',
  })
  for (const database of [usual, strange]) {
    const { code, stderr } = await runCli(['sync'], envOf(database), { cwd })
    expect([code, stderr.includes('rror')]).toEqual([0, false])
  }
  const mirrored = async ({ url }: TestDatabase) => {
    const pool = openPool(url, { max: 1, name: 'test' })
    expect((await pool.query('show jit')).rows).toEqual([{ jit: 'off' }])
    const { rows } = await pool.query(
      `select queue_id, position, number_to, created_at::text, call_start_date::text, call_id, routing_result
       from allo.queue_numbers order by 1, 2`,
    )
    await pool.end()
    return rows
  }
  expect(await mirrored(strange)).toEqual(await mirrored(usual))
  expect((await mirrored(usual)).length).toBe(60)
  const { code, stdout } = await runCli(['check'], envOf(strange), { cwd })
  expect([code, stdout.match(/^ {2}✗.*$/m)]).toEqual([0, null])

  const worker = startCli(['worker'], { ...envOf(strange), LOG_LEVEL: 'debug' }, { cwd })
  await worker.written(/"pass_finished"[\s\S]*"pass_finished"/)
  worker.child.kill('SIGTERM')
  expect((await worker.finished).code).toBe(0)
  await api.close()
  await Promise.all([usual.drop(), strange.drop()])
})

test('a policy that hides rows from the login is an error, and the mirror never looks empty', async () => {
  const database = await createTestDatabase()
  const role = `test_${randomBytes(6).toString('hex')}`
  await server.query(`create role ${role}`)
  await database.pool.query(
    `grant usage on schema allo to ${role}; grant select on all tables in schema allo to ${role};
     alter table allo.settings enable row level security; create policy nothing on allo.settings using (false)`,
  )
  const url = new URL(database.url)
  url.searchParams.set('options', `-c role=${role}`)
  const pool = openPool(url.href, { max: 1, name: 'test' })
  await expect(pool.query('select * from allo.settings')).rejects.toThrow(/row-level security/)
  await pool.end()
  await database.pool.query(`drop owned by ${role}`)
  await database.drop()
  await server.query(`drop role ${role}`)
})
