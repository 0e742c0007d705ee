/** Secrets in an invalid configuration and in responses of the API, as real processes print them. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { createTestDatabase } from './support/database.ts'
import { createWorkplace, type Env, runCli } from './support/run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'config-secrets-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a refused connection URL exits 78 before its host is resolved, with --json too', async () => {
  const { folder: cwd, remove } = createWorkplace()
  const env: Env = {
    ALLO_API_KEY: 'ak_live_hunter2hunter2',
    DATABASE_URL: 'postgres://odd:Se@cret/x@host.invalid/db',
    HTTPS_PROXY: 'http://odd:100%Secret@proxy.invalid',
  }
  for (const args of [['sync', '--json'], ['worker'], ['doctor'], ['retain']]) {
    const { code, stdout, stderr } = await runCli(args, env, { cwd })
    expect([args, code]).toEqual([args, 78])
    expect(stdout + stderr).toMatch(/DATABASE_URL: holds an @ after a /)
    expect(stdout + stderr).toMatch(/HTTPS_PROXY: holds a % /)
    expect(stdout + stderr).not.toMatch(/Se@|cret\/x|100%Secret|hunter2|EAI_AGAIN|ENOTFOUND|HTTP_HOST/)
  }
  remove()
})

test('a secret in a pipe without a writer is refused by name', () => {
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  expect(() => loadConfig({ ALLO_API_KEY_FILE: path })).toThrow(`${path} is not a regular file`)
})

test('a key that the API repeats in its responses is neither stored nor printed', async () => {
  const key = 'ak_live_hunter2hunter2'
  const user = { id: 'usr-1', name: 'Alex', email: null, role: 'ADMIN', status: 'ACTIVE' }
  const number = { number_to: '+12125550010', position: 0, debug: `Api-Key ${key}` }
  const server = createServer((request, response) => {
    const [path] = (request.url ?? '').split('?')
    const answer =
      path === '/v2/api/me'
        ? { data: { team: { id: 'team-1', name: 'Acme' }, scopes: null } }
        : path === '/v2/api/users'
          ? { data: request.url?.includes('ACTIVE') ? [user] : [] }
          : {
              data: [number],
              queue: { id: 'q-1', name: `Queue ${key}`, assignee_id: user.id },
              pagination: { page: 1, size: 100, total_count: 1, total_pages: 1, has_more: false },
            }
    response.setHeader('x-request-id', key)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const database = await createTestDatabase()
  const { folder: cwd, remove } = createWorkplace()
  const env = {
    ALLO_API_KEY: key,
    ALLO_API_URL: `http://127.0.0.1:${port}`,
    DATABASE_URL: database.url,
    LOG_LEVEL: 'debug',
  }
  const { code, stdout, stderr } = await runCli(['sync', '--json'], env, { cwd })
  expect([code, stdout]).toEqual([75, expect.stringContaining('repeats the API key')])
  expect(stdout + stderr).not.toContain('hunter2')
  const { rows: tables } = await database.pool.query<{ name: string }>(
    `select oid::regclass::text as name from pg_class where relnamespace = 'allo'::regnamespace and relkind = 'r'`,
  )
  for (const { name } of tables) {
    const { rows } = await database.pool.query(
      `select t::text as row from ${name} t where t::text like '%hunter2%'`,
    )
    expect([name, rows]).toEqual([name, []])
  }
  await database.drop()
  server.closeAllConnections()
  server.close()
  remove()
})

describe('masking', () => {
  test.each([
    ['a % that begins no escape', { DATABASE_URL: 'postgres://u:100%Secret1@h/db' }],
    ['a lone surrogate', { REDIS_URL: 'redis://:\ud800Secret1@h' }],
    ['a misspelled time zone beside it', { REDIS_URL: 'redis://:Secret1@h', ALLO_TIME_ZONE: 'Mars' }],
    [
      'a .env that can not be read',
      { ALLO_API_KEY: 'ak_Secret1', envFile: Buffer.from('LOG_LEVEL=info\nLOG_LEVEL="debug') },
    ],
  ])(
    'works if the configuration is invalid: %s',
    (_, { envFile, ...more }: Record<string, string | Buffer>) => {
      const home = mkdtempSync(join(folder, 'home-'))
      if (envFile !== undefined) writeFileSync(join(home, '.env'), envFile)
      const module = new URL('../src/config/config.ts', import.meta.url).href
      const logger = new URL('../src/logger.ts', import.meta.url).href
      const code = `const { secretsOfEnvironment } = await import(${JSON.stringify(module)})
      const { mask } = await import(${JSON.stringify(logger)})
      const texts = Object.values(process.env).filter((text) => text.includes('Secret1'))
      console.log(mask(texts.join(' '), secretsOfEnvironment()))`
      const printed = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', code], {
        cwd: home,
        env: { ...more } as Record<string, string>,
        encoding: 'utf8',
      })
      expect(printed.trim()).toBe('[secret]')
    },
  )
})

test('a key in an invalid .env is masked with any line endings and blank values', () => {
  const home = mkdtempSync(join(folder, 'home-'))
  writeFileSync(join(home, '.env'), 'DATA_DIR= \rALLO_API_KEY=ak_Secret1\rSYNC_EVERY=often\rLOG_LEVEL="')
  const source = (name: string) => JSON.stringify(new URL(`../src/${name}.ts`, import.meta.url).href)
  const code = `const { secretsOfEnvironment } = await import(${source('config/config')})
    const { mask } = await import(${source('logger')})
    console.log(mask('<ak_Secret1>', secretsOfEnvironment()))`
  const printed = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', code], {
    cwd: home,
    env: {},
    encoding: 'utf8',
  })
  expect(printed.trim()).toBe('<[secret]>')
})
