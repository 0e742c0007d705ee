/**
 * dbt itself, with the login of a reader. `npm run dbt:install` makes the locked environment; without it, or on a machine
 * without Python, this is skipped, and only test/bi.test.ts looks at the files of dbt.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { createReader, type Reader } from './support/reader.ts'

const pathOf = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const dbt = pathOf('.cache/dbt/bin/dbt')
const isInstalled = existsSync(dbt)
if (!isInstalled) console.warn('SKIPPED: dbt is not installed (npm run dbt:install), so it is not run.')

describe.skipIf(!isInstalled)('dbt', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dbt-'))
  let database: TestDatabase
  let reader: Reader

  beforeAll(async () => {
    database = await createTestDatabase()
    reader = await createReader(database)
    await database.pool.query(
      `insert into allo.teams (team_id, name, first_seen_at, last_seen_at) values ('team-1', 'Acme', now(), now());
       insert into allo.teammates (user_id, team_id, name, is_listed, first_seen_at, last_seen_at, last_observed_at)
         values ('usr-1', 'team-1', 'Ann', true, now(), now(), now())`,
    )
  })
  afterAll(async () => {
    await reader?.drop()
    await database?.drop()
    rmSync(folder, { recursive: true })
  })

  /** What it printed, if it ends with this code. */
  function outputOf(code: number, ...args: string[]): Promise<string> {
    const { hostname, port, username, password, pathname } = reader.url
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      REPORTING_HOST: hostname,
      REPORTING_PORT: port,
      REPORTING_LOGIN: username,
      REPORTING_PASSWORD: decodeURIComponent(password),
      REPORTING_DATABASE: pathname.slice(1),
      DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
      DBT_TARGET_PATH: join(folder, 'target'),
      DBT_LOG_PATH: join(folder, 'logs'),
    }
    return new Promise((resolve, reject) => {
      const child = execFile(dbt, args, { cwd: pathOf('bi/dbt'), env }, (_, stdout, stderr) => {
        if (child.exitCode === code) resolve(stdout + stderr)
        else reject(new Error(`dbt ${args.join(' ')} ended with ${child.exitCode}: ${stdout}${stderr}`))
      })
    })
  }

  test('reads the project, without a deprecated word in it', async () => {
    expect(await outputOf(0, 'parse', '--show-all-deprecations')).not.toMatch(/deprecat/i)
  })

  test('finds the source fresh and the mirror trustworthy, until the data are old', async () => {
    await outputOf(0, 'test')
    await outputOf(0, 'source', 'freshness')
    await database.pool.query(`update allo.teammates set last_observed_at = now() - interval '2 hours'`)
    expect(await outputOf(1, 'source', 'freshness')).toContain('STALE')
    expect(await outputOf(1, 'test')).toContain('the_mirror_can_be_trusted')
  })
})
