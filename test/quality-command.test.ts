/** `check` as a person or a probe runs it, and its description in docs/operating.md. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checks } from '../src/quality/checks.ts'
import { deepChecks } from '../src/quality/deep/deep-checks.ts'
import { runChecks } from '../src/quality/run-checks.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { apiKey, runPass } from './support/pass.ts'
import { contentsOf, createWorkplace, deadAddress, type Env, jsonOf, runCli } from './support/run-cli.ts'

const { folder: cwd, remove } = createWorkplace()
const world = createWorld({ seed: 4, teammates: 3, numbersPerQueue: 6, calledBefore: 0.5 })
let database: TestDatabase
let allo: SimulatedAllo

const check = (args: readonly string[] = [], env: Env = {}) =>
  runCli(['check', ...args], { DATABASE_URL: database.url, ...env }, { cwd })

beforeAll(async () => {
  database = await createTestDatabase()
  allo = await startSimulatedAllo({ world, apiKey, readsPerSecond: null })
})
afterAll(async () => {
  await allo.close()
  await database.drop()
  remove()
})

describe('check', () => {
  test('without data says so, and needs neither key nor network', async () => {
    expect(await check()).toEqual({
      code: 0,
      stdout: 'There are no data yet: no pass has named a team.\n',
      stderr: '',
    })
    expect(jsonOf(await check(['--json']))).toEqual({ teams: [] })
  })

  test('with --json prints why it could not run', async () => {
    const failed = await check(['--json'], { DATABASE_URL: `postgresql://${await deadAddress()}/allo` })
    expect([failed.code, jsonOf(failed)]).toEqual([
      75,
      { error: { code: 'database', message: expect.stringContaining('Postgres'), request_id: null } },
    ])
  })

  test('prints a line for each check, changes nothing, and exits 0 if no check failed', async () => {
    await runPass(allo, database.url)
    const before = await contentsOf(database.pool)
    const { code, stdout, stderr } = await check()
    expect([code, stderr]).toEqual([0, ''])
    for (const { name } of checks) expect(stdout).toMatch(new RegExp(`^  [✓–] ${name} +\\S`, 'm'))
    expect(stdout).toMatch(/^Acme Sales \(team-\w+\)\n/)
    expect(stdout).toMatch(/\nNothing is wrong\.\n$/)
    expect(await contentsOf(database.pool)).toEqual(before)
  })

  test('exits 65 with the sentence of a failed error, and 0 with a warning', async () => {
    await database.pool.query(`update allo.teammates set role = 'OBSERVER' where user_id = $1`, [
      world.keyOwner(),
    ])
    const warned = await check()
    expect(warned.code).toBe(0)
    expect(warned.stdout).toContain(
      '! known_values              1 of 16 words of the API is new: role OBSERVER.',
    )
    expect(warned.stdout).toMatch(/\nNothing is wrong, 1 warning \(!\)\.\n$/)

    await database.pool.query(`update allo.queue_entries set dial_count = 9 where entry_id = 1`)
    const failed = await check()
    expect(failed.code).toBe(65)
    expect(failed.stdout).toMatch(
      /\n {2}✗ lifecycle_equals_history {2}1 of 21 entries and queues contradicts .*: entry 1\./,
    )
    expect(failed.stdout).toMatch(/\n1 of 19 checks failed \(✗\), 1 warning \(!\): do not trust/)

    const json = await check(['--json'])
    expect(json.code).toBe(65)
    const [{ team, checkedAt, results }] = jsonOf(json).teams
    expect([team.teamId, checkedAt]).toEqual([world.team.id, expect.stringMatching(/^20.*Z$/)])
    expect(results.find(({ name }: { name: string }) => name === 'lifecycle_equals_history')).toEqual({
      name: 'lifecycle_equals_history',
      severity: 'error',
      checked: 21,
      failing: 1,
      status: 'failed',
      sentence: expect.stringContaining('entry 1'),
    })
    await database.pool.query(`update allo.queue_entries set dial_count = 1 where entry_id = 1`)
    expect(await check([], { LOG_LEVEL: 'silent' })).toMatchObject({ code: 0, stdout: '' })
  })

  test('--deep runs all checks and then the deep ones, and exits 65 with the row that differs', async () => {
    const before = await contentsOf(database.pool)
    const { code, stdout, stderr } = await check(['--deep'])
    expect([code, stderr]).toEqual([0, ''])
    const shown = [...stdout.matchAll(/^ {2}[✓–!i] (\w+)/gm)].map(([, name]) => name)
    expect(shown).toEqual([...checks, ...deepChecks].map(({ name }) => name))
    expect(await contentsOf(database.pool)).toEqual(before)

    const stored = (difference: number) =>
      database.pool.query(
        `update allo.sync_reads set numbers_stored = numbers_stored + $1 where user_id = $2`,
        [difference, world.keyOwner()],
      )
    await stored(1)
    const failed = await check(['--deep', '--json'])
    expect(failed.code).toBe(65)
    const [{ results }] = jsonOf(failed).teams
    const wrong = results.filter(({ status }: { status: string }) => status === 'failed')
    expect(wrong).toEqual([
      expect.objectContaining({ name: 'known_values', severity: 'warn' }),
      expect.objectContaining({
        name: 'readings_equal_changes',
        severity: 'error',
        sentence: expect.stringContaining(`: reading of ${world.keyOwner()} at 20`),
      }),
    ])
    await stored(-1)
  })
})

describe('docs/operating.md', () => {
  const page = readFileSync(new URL('../docs/operating.md', import.meta.url), 'utf8')

  test('has a row for each check, with its severity', () => {
    const lines = [...page.matchAll(/^\| `(\w+)` \| (error|warning|note) \|/gm)].map(([, name, severity]) => [
      name,
      severity,
    ])
    const words = { error: 'error', warn: 'warning', note: 'note' }
    expect(lines).toEqual(checks.map(({ name, severity }) => [name, words[severity]]))
  })

  test('has a row for each deep check', () => {
    const [, table = ''] = page.match(/\| Deep check \|.*\n.*\n((?:\|.*\n)+)/) ?? []
    const names = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name)
    expect(names).toEqual(deepChecks.map(({ name }) => name))
  })

  test('has statements that rebuild the rows of a queue, and the next pass repairs the rest', async () => {
    const [, sql = ''] = page.match(/```sql\n(begin;\ndelete from allo\.queue_numbers[^`]+)```/) ?? []
    const queueId = world.currentQueue(world.keyOwner())?.queue.id ?? ''
    await database.pool.query(`delete from allo.queue_numbers where queue_id = $1 and position = 2`, [
      queueId,
    ])
    await database.pool.query(`update allo.queue_number_versions set valid_to = null where queue_id = $1`, [
      queueId,
    ])
    const failing = async () => {
      const { results } = await runChecks(database.pool, world.team.id)
      return results.filter(({ status }) => status === 'failed').map(({ name }) => name)
    }
    expect(await failing()).toContain('mirror_equals_history')
    await database.pool.query(sql.replaceAll('pdl_…', queueId))
    await runPass(allo, database.url)
    expect(await failing()).toEqual([])
    const { rows } = await database.pool.query(`select from allo.queue_numbers where queue_id = $1`, [
      queueId,
    ])
    expect(rows).toHaveLength(6)
  })
})
