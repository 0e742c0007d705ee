/** Commands on an embedded database that get a signal: they end in time, and its server stops too. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { inspectEmbeddedPostgres, startEmbeddedPostgres } from '../src/embedded/postgres.ts'
import { createWorkplace, runCli, startCli } from './support/run-cli.ts'
import { until } from './support/worker.ts'

const { folder: cwd, remove } = createWorkplace()
const env = {
  DATA_DIR: join(cwd, 'data'),
  ALLO_API_KEY: 'ak_live_of_a_stopped_command',
  ALLO_API_URL: 'http://127.0.0.1:9',
}
const dataDir = join(env.DATA_DIR, 'postgres')
const stateOfServer = async () => (await inspectEmbeddedPostgres(dataDir)).state

beforeAll(async () => {
  expect(await runCli(['migrate'], env, { cwd })).toMatchObject({ code: 0 })
})
afterAll(async () => {
  if ((await stateOfServer()) === 'running') await (await startEmbeddedPostgres({ dataDir })).stop()
  rmSync(join(cwd, 'data'), { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  remove()
})

/** A command that waits for a locked table, and is the last user of the server. */
async function startAndBlock(args: readonly string[], stdin = '') {
  const server = await startEmbeddedPostgres({ dataDir })
  const holder = new pg.Client({ connectionString: server.url })
  // The server goes with the command.
  holder.on('error', () => undefined)
  await holder.connect()
  onTestFinished(() => holder.end().catch(() => undefined))
  const { rows } = await holder.query<{ name: string }>(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'allo'`,
  )
  await holder.query(`begin; lock table ${rows.map(({ name }) => `allo.${name}`)} in access exclusive mode`)
  const running = startCli(args, env, { cwd, stdin })
  await until('the command waits for a lock', async () => {
    const waiting = await holder.query('select from pg_locks where not granted')
    return waiting.rowCount !== 0
  })
  await server.stop()
  return running
}

test.for([
  ['check', 'SIGTERM', ''],
  ['status', 'SIGHUP', ''],
  ['forget', 'SIGINT', '+33612345678\n'],
] as const)('%s stopped by %s says so, stops the server and exits 75', async ([command, signal, stdin]) => {
  const running = await startAndBlock([command], stdin)
  running.child.kill(signal)
  expect(await running.finished).toEqual({
    code: 75,
    stdout: '',
    stderr: `Stopped by ${signal}; saved data stay\n`,
  })
  expect(await stateOfServer()).toBe('stopped')
})

test('a second signal ends a command at once, and its server stops by itself', async () => {
  const running = await startAndBlock(['sync'])
  running.child.kill('SIGHUP')
  await running.written(/Stopping\. A second signal stops at once/)
  running.child.kill('SIGTERM')
  expect(await running.finished).toMatchObject({ code: 75 })
  await until('the server has stopped', async () => (await stateOfServer()) === 'stopped')
})
