/** `grant` as a person runs it: what it creates and refuses, and that the password appears nowhere. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { roleNames } from '../src/access/roles.ts'
import { scramVerifier } from '../src/access/scram.ts'
import { readerUrl } from '../src/commands/grant/run.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { createWorkplace, everythingSaid, runCli } from './support/run-cli.ts'

const { folder: cwd, remove } = createWorkplace()
const prefix = `g_${randomBytes(5).toString('hex')}`
const roles = roleNames(prefix)
const password = 'correct horse battery'
const logins: string[] = []
let database: TestDatabase

const loginName = (name = '') => {
  const login = `${prefix}${name}_${logins.length}`
  logins.push(login)
  return login
}
const grant = (args: readonly string[], stdin = '', env = {}) =>
  runCli(['grant', ...args], { DATABASE_URL: database.url, ROLE_PREFIX: prefix, ...env }, { cwd, stdin })
const sql = (text: string, values: unknown[] = []) => database.pool.query(text, values)

async function ask(login: string, text: string, secret = password): Promise<unknown[]> {
  const { hostname, port, pathname } = new URL(database.url)
  const client = new pg.Client({
    host: hostname,
    port: Number(port),
    database: pathname.slice(1),
    user: login,
    password: secret,
  })
  await client.connect()
  try {
    return (await client.query({ text, rowMode: 'array' })).rows.flat()
  } finally {
    await client.end()
  }
}

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await database.drop()
  const client = new pg.Client({ connectionString: inject('serverUrl') })
  await client.connect()
  for (const role of [...logins, ...Object.values(roles)])
    await client.query(`drop role if exists ${pg.escapeIdentifier(role)}`)
  await client.end()
  remove()
})

describe('a password', () => {
  test('becomes the same verifier that Postgres would make', async () => {
    const salt = Buffer.from('0123456789abcdef0123456789abcdef', 'hex')
    const client = await database.pool.connect()
    await client.query(
      `begin; set local password_encryption = 'scram-sha-256'; create role ${prefix}_v password 'a b"c''d'`,
    )
    const { rows } = await client.query<{ rolpassword: string }>(
      'select rolpassword from pg_authid where rolname = $1',
      [`${prefix}_v`],
    )
    await client.query('rollback')
    client.release()
    const [, made = ''] = /^SCRAM-SHA-256\$4096:([^$]+)\$/.exec(rows[0]?.rolpassword ?? '') ?? []
    expect(scramVerifier(`a b"c'd`, Buffer.from(made, 'base64'))).toBe(rows[0]?.rolpassword)
    expect(scramVerifier('x', salt)).toBe(scramVerifier('x', salt))
    expect(scramVerifier('x')).not.toBe(scramVerifier('x'))
  })

  test('is never sent to Postgres', async () => {
    const login = loginName()
    const { url, sent, close } = await eavesdrop(database.url)
    const { code, stdout, stderr } = await grant([login, '--role', 'reader'], `${password}\n`, {
      DATABASE_URL: url,
    })
    await close()
    expect([code, stdout]).toEqual([0, expect.stringContaining(`postgresql://${login}@127.0.0.1`)])
    expect(sent()).toContain(`create role "${login}" login`)
    expect(sent()).toContain('SCRAM-SHA-256$4096:')
    for (const text of [sent(), stdout, stderr]) expect(text).not.toContain(password)
    expect(await ask(login, 'select current_user')).toEqual([login])
    await expect(ask(login, 'select 1', 'another one')).rejects.toThrow(/password authentication failed/)
  })
})

describe('grant', () => {
  test('creates a login, says what it may do, and prints the connection string without the password', async () => {
    const login = loginName()
    const { code, stdout, stderr } = await grant([login, '--role', 'reader'], password)
    const { hostname, port } = new URL(database.url)
    expect([code, stdout]).toEqual([0, `postgresql://${login}@${hostname}:${port}/${database.name}\n`])
    expect(stderr).toBe(
      `${login} was created: it reads schema reporting, in read-only transactions, with at most 10 connections and 60 s per statement.\n`,
    )
    expect(await ask(login, 'select count(*)::int from teams')).toEqual([0])
    await expect(ask(login, 'select * from allo.teams')).rejects.toThrow(/permission denied for schema allo/)
    await expect(ask(login, 'select * from reporting_pii.numbers')).rejects.toThrow(/permission denied/)
  })

  test('changes a login: to role pii and back, with a new password or the present one', async () => {
    const login = loginName()
    await grant([login, '--role', 'reader'], password)
    const more = await grant([login, '--role', 'pii'])
    expect(more.stderr).toContain(
      `${login} was changed: it reads schemas reporting and reporting_pii, phone numbers included`,
    )
    expect(await ask(login, 'select count(*)::int from numbers')).toEqual([0])
    const less = await grant([login, '--role', 'reader'], 'quite another one')
    expect(less.code).toBe(0)
    await expect(ask(login, 'select 1')).rejects.toThrow(/password authentication failed/)
    await expect(ask(login, 'select * from reporting_pii.numbers', 'quite another one')).rejects.toThrow(
      /permission denied/,
    )
    expect(await ask(login, 'select count(*)::int from teams', 'quite another one')).toEqual([0])
  })

  test('revokes the roles, and says what remains', async () => {
    const login = loginName()
    await grant([login, '--role', 'pii'], password)
    expect(await grant([login, '--revoke'])).toEqual({
      code: 0,
      stdout: `${login} is not a member of ${roles.pii} any more. The login stays and may connect: "alter role … nologin" disables it, "drop role" removes it.\n`,
      stderr: '',
    })
    await expect(ask(login, 'select * from reporting.teams')).rejects.toThrow(/permission denied/)
    expect((await grant([login, '--revoke'])).stdout).toContain(
      `${login} was not a member of ${roles.reader}.`,
    )
    expect(await grant([`${prefix}_nobody`, '--revoke'])).toMatchObject({
      code: 64,
      stderr: `There is no login ${prefix}_nobody.\n`,
    })
  })

  test.each([
    ['quotes and a statement', `"; drop schema reporting cascade; --'`],
    ['capitals, spaces and signs', ' Jürgen @Sales/π:?#'],
    ['what looks like an option of a URL', '?sslmode=disable&x=%40'],
  ])('accepts any characters in a name: %s', async (_, strange) => {
    const login = loginName(strange)
    const { code, stdout } = await grant([login, '--role', 'reader'], password)
    expect(code).toBe(0)
    expect(decodeURIComponent(new URL(stdout.trim()).username)).toBe(login)
    expect(await ask(login, 'select current_user')).toEqual([login])
    expect((await grant([login, '--revoke'])).code).toBe(0)
  })

  test.each([
    [
      'is the own of allo-queue-mirror',
      async () => new URL(database.url).username,
      /it is the login of allo-queue-mirror itself/,
    ],
    ['is a superuser', async () => made('superuser'), /it may do more than read \(superuser\)/],
    ['may make roles', async () => made('createrole'), /it may do more than read \(createrole\)/],
    ['is a writer', async () => made(`in role ${roles.writer}`), /it may write schema allo/],
    [
      'could become a writer',
      async () => made(`noinherit in role ${roles.writer}`),
      /it may write schema allo/,
    ],
    [
      'owns something',
      async () => {
        const login = await made('')
        await sql(
          `create table public.of_${logins.length} (one int); alter table public.of_${logins.length} owner to ${login}`,
        )
        return login
      },
      /it owns objects/,
    ],
    [
      'has members',
      async () => {
        const login = await made('')
        await sql(`grant ${login} to ${await made('')}`)
        return login
      },
      /it is a group/,
    ],
    [
      'can become a superuser',
      async () => {
        const boss = await made('superuser')
        return made(`noinherit in role ${await made(`noinherit in role ${boss}`)}`)
      },
      /as \S+, then as (\S+), which it can become, it may do more than read \(superuser\)\. To revoke this: revoke \1 from \S+\. Choose another name/,
    ],
    [
      'may give itself a role that makes databases',
      async () => {
        const login = await made('')
        await sql(`grant ${await made('createdb')} to ${login} with admin option`)
        return login
      },
      /which it can become, it may do more than read \(createdb\)/,
    ],
    ...['pg_write_all_data', 'pg_read_all_data', 'pg_execute_server_program', 'pg_read_server_files'].map(
      (role): [string, () => Promise<string>, RegExp] => [
        `can become ${role}`,
        async () => made(`noinherit in role ${role}`),
        new RegExp(`as ${role}, which it can become, it may .*revoke ${role} from `),
      ],
    ),
    [
      'may create schemas',
      async () => {
        const login = await made('')
        await sql(`grant create on database ${database.name} to ${login}`)
        return login
      },
      /it may create schemas in this database \(revoke create on database \S+ from \S+\)/,
    ],
    [
      'can become the owner of a table of ours',
      async () => {
        const owner = await made('')
        await sql(`create table allo.of_another (id int); alter table allo.of_another owner to ${owner}`)
        return made(`noinherit in role ${owner}`)
      },
      /it owns what allo-queue-mirror keeps/,
    ],
    [
      'may write one column of ours',
      async () => {
        const login = await made('')
        await sql(`grant update (name) on allo.teams to ${login}`)
        return login
      },
      /it may write schema allo/,
    ],
    [
      'may put triggers on a table of ours',
      async () => {
        const login = await made('')
        await sql(`grant trigger on allo.teams to ${login}`)
        return login
      },
      /it may write schema allo/,
    ],
    ['is one of the roles itself', async () => roles.reader, /it is a group/],
    ['is too long', async () => 'x'.repeat(64), /must have 1 to 63 bytes/],
  ])('refuses a login that %s, and changes nothing', async (_, login, why) => {
    await grant([loginName(), '--role', 'reader'], password)
    const name = await login()
    // Other test files make roles on the same server.
    const ofThisTest = () =>
      sql(
        `select * from pg_authid where rolname = '${name}' or starts_with(rolname, '${prefix}') order by oid`,
      )
    const before = await ofThisTest()
    const { code, stdout, stderr } = await grant([name, '--role', 'reader'], password)
    expect([code, stdout]).toEqual([64, ''])
    expect(stderr).toMatch(why)
    expect((await ofThisTest()).rows).toEqual(before.rows)
  })

  test.each([
    ['no password', '', /one line of at least 8 ASCII characters/],
    ['a short one', 'short', /one line of at least 8 ASCII characters/],
    ['two lines', 'correct horse\nbattery', /one line/],
    ['one that clients send in different ways', 'pässwörtchen', /at least 8 ASCII/],
  ])('refuses %s for a new login, and creates none', async (_, stdin, why) => {
    const login = `${prefix}_unmade`
    const { code, stderr } = await grant([login, '--role', 'reader'], stdin)
    expect(code).toBe(64)
    expect(stderr).toMatch(why)
    expect((await sql('select from pg_roles where rolname = $1', [login])).rows).toEqual([])
  })

  test('needs either a role or --revoke, and existing roles: 64 and 78', async () => {
    const results = await Promise.all([
      grant(['somebody']),
      grant(['somebody', '--role', 'reader', '--revoke']),
      grant(['somebody', '--role', 'writer']),
      grant(['somebody', '--role', 'reader'], password, { ROLE_PREFIX: 'none' }),
    ])
    expect(results.map(({ code }) => code)).toEqual([64, 64, 64, 78])
    expect(results[3]?.stderr).toMatch(/^ROLE_PREFIX is none, so there are no roles to grant/)

    const login = await made(`in role ${roles.writer}`)
    await sql(`alter role ${login} password 'only here'`)
    const url = new URL(database.url)
    url.username = login
    url.password = 'only here'
    const unable = await grant([loginName(), '--role', 'reader'], password, { DATABASE_URL: url.href })
    expect(unable.code).toBe(78)
    expect(unable.stderr).toMatch(/^This login of Postgres may not create logins: /)
  })

  test('warns if the login can read more because of other rights', async () => {
    const login = await made('')
    await sql(`grant usage on schema allo to ${login}; grant select on allo.teams to ${login}`)
    const { code, stderr } = await grant([login, '--role', 'reader'], password)
    expect(code).toBe(0)
    expect(stderr).toContain(`${login} also reads schema allo, through other rights.`)
  })

  test('names schemas in which readers may create objects, with the statement that revokes it', async () => {
    await sql('grant create on schema public to public')
    const { code, stderr } = await grant([loginName(), '--role', 'reader'], password)
    expect(code).toBe(0)
    expect(stderr).toContain('Every login may create functions and operators in schema public')
    const [, close = ''] = /Close it: (.*)\.$/m.exec(stderr) ?? []
    await sql(close)
    expect((await grant([loginName(), '--role', 'reader'], password)).stderr).not.toContain('Close it')
  })

  test('refuses a role of readers that was given more rights than reading: 78', async () => {
    await sql(`grant pg_write_all_data to ${roles.reader}`)
    const { code, stderr } = await grant([loginName(), '--role', 'pii'], password)
    expect([code, stderr]).toEqual([
      78,
      expect.stringMatching(
        new RegExp(
          `^${roles.pii} is not suitable for readers: as ${roles.reader}, then as pg_write_all_data`,
          'i',
        ),
      ),
    ])
    await sql(`revoke pg_write_all_data from ${roles.reader}`)
  })

  test('grants the right to connect if PUBLIC does not have it', async () => {
    await sql(`revoke all on database ${database.name} from public`)
    const login = loginName()
    const { code, stderr } = await grant([login, '--role', 'reader'], password)
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('may not connect')])
    expect(await ask(login, 'select count(*)::int from teams')).toEqual([0])
    await expect(
      ask(login, 'begin; set transaction read write; create temporary table x (one int)'),
    ).rejects.toThrow(/permission denied to create temporary tables/)
    await sql(`grant connect, temporary on database ${database.name} to public`)
  })

  test('never prints a password', () => {
    expect(everythingSaid()).not.toMatch(/correct horse|quite another one/)
  })
})

test('a connection string keeps host, port and TLS, and drops the parameters of the worker', () => {
  const url =
    'postgres://allo:s3cret@db.example:6543/mirror?sslmode=verify-full&sslrootcert=/ca&sslkey=/k&options=-c%20x&application_name=a'
  expect(readerUrl(url, 'a b')).toBe('postgresql://a%20b@db.example:6543/mirror?sslmode=verify-full')
  expect(readerUrl('postgresql:///mirror?host=/run/postgresql&user=allo&password=s3cret', 'bi')).toBe(
    'postgresql://bi@/mirror?host=%2Frun%2Fpostgresql',
  )
})

async function made(rights: string): Promise<string> {
  const login = loginName()
  await sql(`create role ${login} login ${rights}`)
  return login
}

/** The database behind a proxy, and everything that was sent to it. */
async function eavesdrop(databaseUrl: string) {
  const { hostname, port } = new URL(databaseUrl)
  let heard = ''
  const server: Server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    client.on('data', (bytes) => {
      heard += bytes.toString('latin1')
    })
    client.pipe(upstream).pipe(client)
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = new URL(databaseUrl)
  url.port = String(typeof address === 'object' ? address?.port : '')
  return {
    url: url.href,
    sent: () => heard,
    close: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}
