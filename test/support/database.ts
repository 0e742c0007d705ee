/** Databases for tests: one per file, cloned from the migrated template, dropped afterwards. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { openPool, type Pool } from '../../src/store/postgres/database.ts'
import { until } from './worker.ts'

export interface TestDatabase {
  readonly url: string
  readonly name: string
  readonly pool: Pool
  drop(): Promise<void>
}

/** `empty`: without our schema. `template`: name of the database to clone; nothing may be connected to it. */
export async function createTestDatabase(
  options: { empty?: boolean; template?: string } = {},
): Promise<TestDatabase> {
  const serverUrl = inject('serverUrl')
  const template = options.template ?? inject('templateName')
  const { url, name } = await createDatabase(serverUrl, options.empty ? undefined : template)
  const pool = openPool(url, { max: 10, name: 'test' })
  return {
    url,
    name,
    pool,
    async drop() {
      await pool.end()
      await dropDatabase(serverUrl, name)
    },
  }
}

/** All tables of schema allo, as after the migrations. */
export async function emptyTables(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ tables: string }>(
    `select string_agg(oid::regclass::text, ', ') as tables from pg_class
     where relnamespace = 'allo'::regnamespace and relkind = 'r' and oid::regclass::text not like '%migrations%'`,
  )
  await pool.query(`truncate ${rows[0]?.tables} restart identity cascade`)
}

export async function createDatabase(
  serverUrl: string,
  template?: string,
): Promise<{ url: string; name: string }> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await administer(serverUrl, `create database ${name}${template ? ` template ${template}` : ''}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  // As databases are since Postgres 15: before, everybody may create there, and we warn of it.
  if (!template) await administer(url.href, 'revoke create on schema public from public')
  return { url: url.href, name }
}

export async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  await until(`no session keeps database ${name}`, () =>
    administer(serverUrl, `drop database if exists ${name} with (force)`).then(() => true, isInUse),
  )
}

/** On a busy machine, sessions can take longer to end than the five seconds that Postgres waits for them. */
function isInUse(error: unknown): false {
  if (error instanceof pg.DatabaseError && error.code === '55006') return false
  throw error
}

async function administer(serverUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl, ssl: false })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
