import { spawn } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import {
  assertSchemaIsCurrent,
  inspectSchema,
  migrateDatabase,
  SchemaVersionError,
} from '../src/store/migrate/migrate.ts'
import { openPool, type Pool } from '../src/store/postgres/database.ts'
import { assertNoForeignOwner } from '../src/store/postgres/foreign-owners.ts'
import { openJobBackend } from '../src/worker/job-backend.ts'
import { describeEverythingElse, describeOurs } from './support/catalog.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { apiKey, runPass } from './support/pass.ts'

const repository = fileURLToPath(new URL('..', import.meta.url))
const migrations = readdirSync(join(repository, 'migrations')).filter((name) => name.endsWith('.sql'))

const cleanups: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanUp of cleanups.reverse()) await cleanUp()
})

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase({ empty: true })
  cleanups.push(() => database.drop())
  return database
}

async function smallTeam(): Promise<SimulatedAllo> {
  const world = createWorld({ seed: 1, teammates: 3, numbersPerQueue: 5, calledBefore: 0.4 })
  const allo = await startSimulatedAllo({ world, apiKey, readsPerSecond: null })
  cleanups.push(() => allo.close())
  return allo
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'migrations-test-'))
  cleanups.push(() => rmSync(folder, { recursive: true }))
  return folder
}

async function countsOf(pool: Pool): Promise<unknown> {
  const { rows } = await pool.query(
    `select (select count(*)::int from allo.queues) as queues, (select count(*)::int from allo.queue_numbers) as numbers,
       (select count(*)::int from allo.dials) as dials`,
  )
  return rows[0]
}

describe('migrating', () => {
  test('a fresh database gets every migration and a ledger in our schema; a second run changes nothing', async () => {
    const { url, pool } = await emptyDatabase()
    expect(await inspectSchema(pool)).toMatchObject({ applied: 0, state: 'absent' })
    await expect(assertSchemaIsCurrent(pool)).rejects.toThrow(SchemaVersionError)

    expect((await migrateDatabase(url)).migrations).toBe(migrations.length)

    expect(await inspectSchema(pool)).toMatchObject({
      applied: migrations.length,
      known: migrations.length,
      state: 'current',
    })
    const { rows } = await pool.query<{ ledger: string }>(
      `select table_schema || '.' || table_name as ledger from information_schema.tables
       where table_name like '%migrations%' and table_schema <> 'pg_catalog' order by 1`,
    )
    expect(rows).toEqual([{ ledger: 'allo.migrations' }, { ledger: 'allo.repeatable_migrations' }])

    const before = await describeOurs(pool)
    expect(before.length).toBeGreaterThan(200)
    expect(await migrateDatabase(url)).toEqual({ migrations: 0, hasNewViews: false })
    expect(await describeOurs(pool)).toEqual(before)
  })

  test('five processes at once are safe: one of them migrates', async () => {
    const { url, pool } = await emptyDatabase()
    const applied = await Promise.all(Array.from({ length: 5 }, () => migrateDatabase(url)))
    expect(applied.map(({ migrations }) => migrations).sort()).toEqual([0, 0, 0, 0, migrations.length])
    expect(await inspectSchema(pool)).toMatchObject({ applied: migrations.length, state: 'current' })
  })

  test('empty schemas with our names are used as they are', async () => {
    const { url, pool } = await emptyDatabase()
    await pool.query('create schema allo; create schema reporting')
    expect(await inspectSchema(pool)).toMatchObject({ state: 'absent' })
    expect((await migrateDatabase(url)).migrations).toBe(migrations.length)
    expect((await inspectSchema(pool)).state).toBe('current')
  })

  test('a newer database is refused and not changed', async () => {
    const { url, pool } = await emptyDatabase()
    await migrateDatabase(url)
    await pool.query(
      `insert into allo.migrations (hash, created_at) values ('of the next release', 4102444800000)`,
    )
    await pool.query('create table allo.of_the_next_release ()')
    const before = await describeOurs(pool)

    await expect(migrateDatabase(url)).rejects.toThrow(
      /newer version.*upgrade allo-queue-mirror; nothing was changed/,
    )
    await expect(assertSchemaIsCurrent(pool)).rejects.toThrow(SchemaVersionError)

    expect(await describeOurs(pool)).toEqual(before)
    const { rows } = await pool.query<{ rows: number }>('select count(*)::int as rows from allo.migrations')
    expect(rows[0]?.rows).toBe(migrations.length + 1)
  })

  test('a failed migration leaves no partial change, and works when its cause is gone', async () => {
    const { url, pool } = await emptyDatabase()
    await pool.query('create schema allo')
    await pool.query('create table allo.sync_reads (of_somebody_else int)')
    await expect(migrateDatabase(url)).rejects.toThrow(/sync_reads/)
    const { rows } = await pool.query<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'allo'::regnamespace and relkind = 'r' order by 1`,
    )
    expect(rows.map((row) => row.name)).toEqual(['migrations', 'sync_reads'])
    await pool.query('drop table allo.sync_reads')
    expect((await migrateDatabase(url)).migrations).toBe(migrations.length)
  })
})

describe('a database that is shared', () => {
  test('keeps everything outside our schema unchanged, also objects with the same names', async () => {
    const { url, pool } = await emptyDatabase()
    const names = [
      'teams',
      'teammates',
      'queues',
      'queue_numbers',
      'dials',
      'sync_passes',
      'migrations',
      'incoming_numbers',
    ]
    await pool.query('create schema drizzle; create schema reports; create schema allo_of_others')
    for (const schema of ['public', 'drizzle', 'reports', 'allo_of_others']) {
      for (const name of names) {
        await pool.query(
          `create table ${schema}.${name} (id int primary key, note text default 'theirs' not null)`,
        )
        await pool.query(`insert into ${schema}.${name} values (1)`)
      }
      await pool.query(
        `create function ${schema}.number_outcome(boolean, boolean, text, text, timestamptz, text) returns text
         language sql return 'theirs'`,
      )
      await pool.query(`comment on table ${schema}.queues is 'theirs'`)
    }
    const before = await describeEverythingElse(pool)
    expect(before.length).toBeGreaterThan(100)

    await migrateDatabase(url)
    const { status } = await runPass(await smallTeam(), url)

    expect(status).toBe('ok')
    expect(await describeEverythingElse(pool)).toEqual(before)
    for (const schema of ['public', 'drizzle', 'reports', 'allo_of_others']) {
      for (const name of names) {
        expect((await pool.query(`select * from ${schema}.${name}`)).rows).toEqual([
          { id: 1, note: 'theirs' },
        ])
      }
    }
    expect(await countsOf(pool)).toEqual({ queues: 3, numbers: 15, dials: 6 })
  })

  test('is refused and not changed if it has a schema reporting of another program', async () => {
    const { url, pool } = await emptyDatabase()
    await pool.query('create schema reporting; create table reporting.queues (id int)')

    await expect(migrateDatabase(url)).rejects.toThrow(
      'the database has a schema reporting of another program, and the reports need that name: rename it',
    )
    expect((await inspectSchema(pool)).state).toBe('absent')
  })

  test('is refused by name, and nothing in it is executed, if a schema of ours belongs to another role', async () => {
    const { url, pool, name } = await emptyDatabase()
    const eve = `eve_${name}`
    await pool.query(`create role ${eve}; create sequence public.caught`)
    cleanups.push(() => pool.query(`drop owned by ${eve} cascade; drop role ${eve}`))
    const refusal = (object: string) =>
      expect(migrateDatabase(url)).rejects.toThrow(new RegExp(`^${object} belongs to ${eve}, and .*drop or`))

    for (const schema of ['reporting_pii', 'reporting', 'allo']) {
      await pool.query(`create schema ${schema} authorization ${eve}`)
      await refusal(`schema ${schema}`)
    }
    await pool.query(
      `create view allo.migrations as select nextval('public.caught') as created_at;
       alter view allo.migrations owner to ${eve}`,
    )
    await refusal('schema allo')
    await expect(assertSchemaIsCurrent(pool)).rejects.toThrow(/0 of the/)
    expect((await pool.query('select is_called from public.caught')).rows).toEqual([{ is_called: false }])
    await pool.query('drop view allo.migrations')

    // A deliberate act makes its schemas ours.
    await pool.query(`grant ${eve} to current_user`)
    await migrateDatabase(url)
    await pool.query(`revoke ${eve} from current_user; reassign owned by ${eve} to current_user`)
    await migrateDatabase(url)
    for (const [make, kind] of [
      ['create table allo.of_eve ()', 'table'],
      ['create view reporting.of_eve as select 1 as one', 'view'],
      ['create function allo.of_eve() returns int language sql return 1', 'function'],
    ]) {
      const object = make?.split(' ')[2]?.replace('()', '')
      await pool.query(`${make}; alter ${kind} ${object} owner to ${eve}`)
      await refusal(`${kind} ${object}`)
      await pool.query(`drop ${kind} ${object}`)
    }

    await pool.query(`create schema allo_jobs authorization ${eve}`)
    await expect(openJobBackend({ redisUrl: null, databaseUrl: url }, () => undefined)).rejects.toThrow(
      `schema allo_jobs belongs to ${eve}`,
    )
    await pool.query(`alter database ${name} owner to ${eve}`)
    await assertNoForeignOwner(pool, ['allo_jobs'])
    await pool.query(`alter database ${name} owner to current_user`)
  })

  test('may have any search path, date style and time zone', async () => {
    const { url, pool, name } = await emptyDatabase()
    await pool.query('create schema decoy; create table decoy.queues (); create table decoy.teammates ()')
    await pool.query('create table decoy.migrations (id serial, hash text, created_at bigint)')
    await pool.query(`insert into decoy.migrations (hash, created_at) values ('theirs', 4102444800000)`)
    await pool.query(
      `create function decoy.number_outcome(boolean, boolean, text, text, timestamptz, text) returns text
       language sql return 'theirs'`,
    )
    for (const setting of [
      `search_path = decoy, public`,
      `datestyle = 'SQL, DMY'`,
      `timezone = 'America/St_Johns'`,
      `intervalstyle = 'sql_standard'`,
      `bytea_output = 'escape'`,
      `default_transaction_isolation = 'repeatable read'`,
    ]) {
      await pool.query(`alter database ${name} set ${setting}`)
    }
    expect((await migrateDatabase(url)).migrations).toBe(migrations.length)
    expect((await migrateDatabase(url)).migrations).toBe(0)
    const allo = await smallTeam()
    expect((await runPass(allo, url)).status).toBe('ok')
    allo.world.act(20)
    expect((await runPass(allo, url)).status).toBe('ok')
    const owner = allo.world.keyOwner()
    const { rows } = await pool.query(
      `select number_to, to_char(n.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') as created_at
       from allo.queue_numbers n join allo.queues using (queue_id) where is_current and user_id = $1 order by position`,
      [owner],
    )
    expect(rows).toEqual(
      allo.world
        .currentQueue(owner)
        ?.rows()
        .map(({ number_to, created_at }) => ({ number_to, created_at })),
    )
  })

  test('needs only a user who may create schemas: no roles, no extensions, nothing in public', async () => {
    const { url, pool, name } = await emptyDatabase()
    const role = `role_of_${name}`
    // A role's own schema comes first in its default search path ("$user", public).
    await pool.query(
      `create schema ${role}; create table ${role}.queues (); revoke create on schema public from public`,
    )
    await pool.query(
      `create role ${role} login password 'secret' nosuperuser nocreaterole nocreatedb noinherit`,
    )
    cleanups.push(async () => {
      const server = await createTestDatabase({ empty: true })
      await server.pool.query(`drop role if exists ${role}`)
      await server.drop()
    })
    cleanups.push(() => pool.query(`drop owned by ${role} cascade`))
    await pool.query(`grant create on database ${name} to ${role}`)
    await pool.query(`grant usage on schema ${role} to ${role}`)
    const restricted = new URL(url)
    restricted.username = role
    restricted.password = 'secret'
    const asRole = openPool(restricted.href, { max: 1, name: 'test' })
    cleanups.push(() => asRole.end())
    await expect(asRole.query('create role another')).rejects.toThrow(/permission denied/)
    await expect(asRole.query('create table public.t ()')).rejects.toThrow(/permission denied/)

    expect((await migrateDatabase(restricted.href)).migrations).toBe(migrations.length)
    const allo = await smallTeam()
    expect((await runPass(allo, restricted.href)).status).toBe('ok')
    allo.world.act(20)
    expect((await runPass(allo, restricted.href)).status).toBe('ok')
    expect(await countsOf(pool)).toMatchObject({ queues: 3 })
  })
})

describe('the migrations as files', () => {
  test('match the schema in the code, with the newest snapshot only: drizzle-kit generates no difference', async () => {
    const folder = workshop()
    const before = readdirSync(join(folder, 'migrations'), { recursive: true }).sort()
    expect(snapshotsIn(folder)).toEqual([`${String(migrations.length - 1).padStart(4, '0')}_snapshot.json`])
    expect(await drizzleKit(folder, 'generate')).toContain('No schema changes')
    expect(readdirSync(join(folder, 'migrations'), { recursive: true }).sort()).toEqual(before)

    writeFileSync(
      join(folder, 'src/store/schema.ts'),
      `import { text } from 'drizzle-orm/pg-core'\nimport { allo } from './schema/columns.ts'\n${readFileSync(join(folder, 'src/store/schema.ts'), 'utf8')}\nexport const more = allo.table('more', { id: text('id') })\n`,
    )
    await drizzleKit(folder, 'generate')
    expect(readdirSync(join(folder, 'migrations')).filter((name) => name.endsWith('.sql'))).toHaveLength(
      migrations.length + 1,
    )
    const [older = ''] = snapshotsIn(folder)
    rmSync(join(folder, 'migrations/meta', older))
    expect(await drizzleKit(folder, 'generate')).toContain('No schema changes')
    await drizzleKit(folder, 'check')
  })

  test('contain tables only: functions, views and comments are in migrations/repeatable', () => {
    for (const name of migrations) {
      const sql = readFileSync(join(repository, 'migrations', name), 'utf8')
      expect(sql, name).not.toMatch(/\b(create|comment|replace)\s+(or replace\s+)?(function|view|on)\b/i)
    }
  })

  test('are named after what they do, in one sequence, and all are in the journal', () => {
    const journal: { entries: { idx: number; tag: string }[] } = JSON.parse(
      readFileSync(join(repository, 'migrations/meta/_journal.json'), 'utf8'),
    )
    expect(journal.entries.map(({ tag }) => `${tag}.sql`)).toEqual([...migrations].sort())
    for (const { idx, tag } of journal.entries) {
      expect(tag).toMatch(new RegExp(`^${String(idx).padStart(4, '0')}(_[a-z]+){3,}$`))
    }
  })

  /** A folder with what drizzle-kit looks at, to let it write there. */
  function workshop(): string {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'src/store'), { recursive: true })
    for (const path of [
      'drizzle.config.ts',
      'src/store/schema.ts',
      'src/store/schema',
      'migrations',
      'package.json',
    ]) {
      cpSync(join(repository, path), join(folder, path), { recursive: true })
    }
    symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'))
    return folder
  }

  function snapshotsIn(folder: string): string[] {
    return readdirSync(join(folder, 'migrations/meta'))
      .filter((name) => name.endsWith('_snapshot.json'))
      .sort()
  }

  function drizzleKit(folder: string, command: 'generate' | 'check'): Promise<string> {
    const program = join(repository, 'node_modules/drizzle-kit/bin.cjs')
    const child = spawn(process.execPath, [program, command], {
      cwd: folder,
      // No terminal, and no way out: what would ask or fetch fails.
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9', HOME: folder },
      timeout: 50_000,
    })
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += chunk
    })
    child.stderr.on('data', (chunk) => {
      said += chunk
    })
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) =>
        code === 0 ? resolve(said) : reject(new Error(`drizzle-kit ended with ${code}: ${said}`)),
      )
    })
  }
})
