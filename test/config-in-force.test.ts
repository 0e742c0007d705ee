/** `config`: which settings are in force, and where they come from. */
import { mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { documented } from '../src/config/documented.ts'
import { valuesInForce } from '../src/config/in-force.ts'
import { createWorkplace, type Env, startCli } from './support/run-cli.ts'

const settingOf = (name: string, env: Record<string, string>, envFile: string | null = null) =>
  valuesInForce(env, envFile).find(({ variable }) => variable === name)

test('the environment has priority over .env, and .env over the default', () => {
  expect(settingOf('SYNC_EVERY', {})).toMatchObject({ value: '5m', from: 'default' })
  expect(settingOf('SYNC_EVERY', {}, 'SYNC_EVERY=2m')).toMatchObject({ value: '2m', from: '.env' })
  expect(settingOf('SYNC_EVERY', { SYNC_EVERY: '1m' }, 'SYNC_EVERY=2m')).toMatchObject({
    value: '1m',
    from: 'environment',
  })
})

test('what is empty in the environment hides .env, as it does for the program', () => {
  expect(settingOf('SYNC_EVERY', { SYNC_EVERY: '' }, 'SYNC_EVERY=2m')).toMatchObject({ from: 'default' })
})

test('a file that holds a secret is named only if it is set', () => {
  expect(settingOf('ALLO_API_KEY_FILE', {})).toBeUndefined()
  expect(settingOf('ALLO_API_KEY_FILE', { ALLO_API_KEY_FILE: '/run/key' })).toMatchObject({
    value: '/run/key',
    from: 'environment',
  })
})

let workplace: ReturnType<typeof createWorkplace>
beforeAll(() => {
  workplace = createWorkplace()
})
afterAll(() => workplace.remove())

const run = (args: readonly string[], env: Env) => startCli(args, env, { cwd: workplace.folder }).finished

const secret = 'Zk3vQ9-not-for-logs'
const secretive = {
  ALLO_API_KEY: `ak_live_${secret}`,
  DATABASE_URL: `postgres://allo:${secret}@db/allo`,
  REDIS_URL: `redis://:${secret}@redis`,
  HTTPS_PROXY: `http://user:${secret}@proxy:3128`,
  HTTP_BASIC_AUTH: `admin:${secret}`,
  ALERT_WEBHOOK_URL: `https://hooks.example.com/${secret}`,
}

test.each([
  ['as a table', []],
  ['as JSON', ['--json']],
])('the command shows no secret, %s', async (_, options) => {
  const { code, stdout, stderr } = await run(['config', ...options], secretive)
  expect(code).toBe(0)
  expect(stdout).toContain('REDIS_URL')
  expect(stdout + stderr).not.toContain(secret)
})

test('its --help lists every variable with its default', async () => {
  const { stdout } = await run(['config', '--help'], {})
  const listed = [...stdout.matchAll(/^ {2}([A-Z_]+)(?: \(default: (.*)\))?$/gm)]
  expect(listed.map(([, name, preset = '']) => [name, preset])).toEqual(
    documented.map(({ name, usual, shown }) => [name, usual || shown.replaceAll('`', '')]),
  )
})

test('as JSON, the command lists what is wrong with the settings, or why it has none', async () => {
  const { code, stdout } = await run(['config', '--json'], { LIVE_BUDGET_SHARE: '200%' })
  expect([code, JSON.parse(stdout).problems]).toEqual([
    78,
    [{ variable: 'LIVE_BUDGET_SHARE', problem: expect.stringContaining('not a share') }],
  ])
  const file = join(workplace.folder, '.env')
  mkdirSync(file)
  const unreadable = await run(['config', '--json'], {})
  rmdirSync(file)
  expect([unreadable.code, JSON.parse(unreadable.stdout)]).toEqual([
    78,
    { error: { code: 'configuration', message: expect.stringContaining('.env'), request_id: null } },
  ])
})

test('the command says what is wrong with the settings, and fails', async () => {
  const { code, stderr } = await run(['config'], { LIVE_BUDGET_SHARE: '200%' })
  expect(code).toBe(78)
  expect(stderr).toContain('LIVE_BUDGET_SHARE: not a share from 0% to 100%')
})
