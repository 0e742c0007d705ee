import { execFileSync } from 'node:child_process'
/** The name of a time zone means the same to Node, to Postgres and to the views; any other name is refused. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toTimestamp } from '../src/allo/timestamp.ts'
import { checkTimeZones } from '../src/commands/open/check-time-zones.ts'
import { ConfigError } from '../src/config/config.ts'
import { offsetsOf, otherNames, readZoneName } from '../src/config/time-zone.ts'
import { startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { timeZoneNames, zoneOffsets } from '../src/store/postgres/inspect-database.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { createWorkplace, runCli } from './support/run-cli.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

describe('the name of a time zone', () => {
  test('that is accepted means the same wherever Postgres reads it, and the same in Node', async () => {
    const { rows } = await database.pool.query<{ name: string }>(
      'select name from pg_timezone_names where utc_offset is not null order by 1',
    )
    const accepted = rows.map(({ name }) => name).filter((name) => readZoneName(name).name === name)
    expect(accepted.length).toBeGreaterThan(400)
    const summer = '2019-07-01T12:00:00'
    const literals = accepted.map((name) => toTimestamp(summer, name) ?? '')
    const { rows: wrong } = await database.pool.query(
      `select name, literal from unnest($1::text[], $2::text[]) as zones (name, literal)
       where literal::timestamptz is distinct from ($3::timestamp at time zone name)
         or literal::timestamptz at time zone name <> $3::timestamp`,
      [accepted, literals, summer],
    )
    expect(wrong).toEqual([])
    // Settled long ago: newer rules differ where one of the two has older time zone data.
    const instants = [new Date('2019-01-15T12:00:00Z'), new Date('2019-07-15T12:00:00Z')]
    for (const name of accepted.filter((_, nth) => nth % 10 === 0))
      expect([name, await zoneOffsets(database.pool, name, instants)]).toEqual([
        name,
        offsetsOf(name, instants),
      ])
  })

  test('that this Postgres does not know is refused with the name of its variable', async () => {
    const zones = { naiveTimeZone: 'Europe/Nowhere', reportTimeZone: 'Europe/Paris' }
    const error = await checkTimeZones(database.pool, zones).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({ problems: [{ variable: 'ALLO_TIME_ZONE' }] })
    expect(await checkTimeZones(database.pool, { ...zones, naiveTimeZone: 'UTC' })).toEqual([])
  })

  test('that this Postgres does not know is answered with the names that it has for that zone', async () => {
    const names = await timeZoneNames(database.pool)
    expect(otherNames('Asia/Calcutta', ['Asia/Kolkata', 'Asia/Calcutta', 'IST', 'Asia/Tokyo'])).toEqual([
      'Asia/Kolkata',
    ])
    expect(otherNames('US/Eastern', names)).toContain('America/New_York')
    expect(otherNames('US/Eastern', names).filter((name) => /^(?:US|posix)/.test(name))).toEqual([])
    expect(otherNames('Europe/Nowhere', names)).toEqual([])
  })
})

test.each(['UTC', 'America/New_York', 'Asia/Kathmandu'])(
  'the result is the same in any time zone of Node: %s',
  (zone) => {
    const file = new URL('../src/allo/timestamp.ts', import.meta.url).href
    const code = `import(${JSON.stringify(file)}).then((m) => console.log(m.toTimestamp('2026-03-08T02:30:00.000001', 'UTC')))`
    const printed = execFileSync(process.execPath, ['--no-warnings', '-e', code], {
      env: { TZ: zone },
      encoding: 'utf8',
    })
    expect(printed.trim()).toBe('2026-03-08T02:30:00.000001Z')
  },
)

test('sync, worker, migrate and doctor refuse a time zone with the name of its variable before they change anything', async () => {
  const { folder: cwd, remove } = createWorkplace()
  const env = { ALLO_API_KEY: 'ak_live_of_a_test', DATABASE_URL: database.url }
  const zones = { REPORT_TIME_ZONE: 'US/Eastern', ALLO_TIME_ZONE: 'IST', SYNC_TIME_ZONE: 'CET' }
  for (const command of ['sync', 'worker', 'migrate', 'doctor']) {
    const { code, stdout, stderr } = await runCli([command], { ...env, ...zones }, { cwd })
    expect([command, code]).toEqual([command, 78])
    for (const variable of Object.keys(zones))
      expect(stdout + stderr).toContain(`${variable}: an abbreviation or an old name`)
  }
  remove()
})

test('a stored time zone that Postgres no longer knows is named by check, and views without local days still work', async () => {
  const api = await startSimulatedAllo({
    world: createWorld({ seed: 'zone', teammates: 2, numbersPerQueue: 5 }),
    apiKey: 'ak_live_of_a_test',
    readsPerSecond: null,
  })
  const { folder: cwd, remove } = createWorkplace()
  const env = {
    ALLO_API_KEY: 'ak_live_of_a_test',
    ALLO_API_URL: api.url,
    DATABASE_URL: database.url,
    ALLO_READS_PER_SECOND: 'unlimited',
  }
  const settings = {
    REPORT_TIME_ZONE: 'europe/paris',
    SPEED_TO_LEAD_TARGET: '90m',
    WORKING_HOURS: 'Sat-Sun 10:00-12:00',
  }
  expect((await runCli(['sync'], { ...env, ...settings }, { cwd })).code).toBe(0)
  const { rows } = await database.pool.query(
    'select speed_to_lead_seconds as seconds, working_hours::int4multirange::text as hours from allo.settings',
  )
  expect(rows).toEqual([{ seconds: 5400, hours: '{[7800,7920),[9240,9360)}' }])
  const stored = async () => (await database.pool.query('select report_time_zone from allo.settings')).rows[0]
  expect(await stored()).toEqual({ report_time_zone: 'Europe/Paris' })
  await database.pool.query(`update allo.settings set report_time_zone = 'US/Forgotten'`)
  const { code, stdout } = await runCli(['check'], env, { cwd })
  expect(code).toBe(65)
  expect(stdout).toMatch(/\u2717 report_time_zone_known +.*US\/Forgotten\. .*REPORT_TIME_ZONE/)
  for (const view of [
    'teammates',
    'queues',
    'current_numbers',
    'data_freshness',
    'sync_passes',
    'number_history',
  ])
    await database.pool.query(`select * from reporting.${view}`)
  const report = await runCli(['report', '--out', '-'], env, { cwd })
  expect([report.code, report.stderr]).toEqual([
    78,
    expect.stringContaining('REPORT_TIME_ZONE: Postgres does not know US/Forgotten'),
  ])
  await api.close()
  remove()
})
