/**
 * Functions, views and comments of our schemas. Unlike tables they hold no data, so they are not migrated step by step:
 * the files of migrations/repeatable say what they are now, and all of them are applied again, in one transaction and
 * in the order of their names, when one of them differs from what the database has.
 *
 * `version.json` numbers the files as a set. It tells an older program from a newer one: a program never applies its
 * files to a database that has a higher number.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Client, Pool } from '../postgres/database.ts'
import { type Definition, makeAnew, type OtherStatements } from './make-anew.ts'

const folder = fileURLToPath(new URL('../../../migrations/repeatable/', import.meta.url))

export interface RepeatableFile {
  readonly name: string
  readonly sql: string
  readonly sha256: string
}

export interface Repeatables {
  readonly version: number
  readonly files: readonly RepeatableFile[]
}

const versionFile = z.object({ version: z.number().int() })

export function readRepeatables(from = folder): Repeatables {
  const files = readdirSync(from)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      const sql = readFileSync(`${from}/${name}`, 'utf8')
      return { name, sql, sha256: sha256(sql) }
    })
  const { version } = versionFile.parse(JSON.parse(readFileSync(`${from}/version.json`, 'utf8')))
  return { version, files }
}

export interface RepeatablesState {
  readonly state: 'behind' | 'current' | 'ahead'
  /** Version of the files that the database has; null: none were applied yet. */
  readonly applied: number | null
  readonly known: number
}

export async function inspectRepeatables(db: Pool | Client, known: Repeatables): Promise<RepeatablesState> {
  const { rows: tables } = await db.query(
    `select to_regclass('allo.repeatable_migrations') is not null as is_there`,
  )
  if (tables[0]?.is_there !== true) return { state: 'behind', applied: null, known: known.version }
  const { rows } = await db.query<{ name: string; sha256: string; version: number }>(
    'select name, sha256, version from allo.repeatable_migrations',
  )
  const applied = rows.length === 0 ? null : Math.max(...rows.map(({ version }) => version))
  const has = new Map(rows.map(({ name, sha256 }) => [name, sha256]))
  const isSame =
    has.size === known.files.length && known.files.every(({ name, sha256 }) => has.get(name) === sha256)
  const isAhead = applied !== null && applied > known.version
  const state = isAhead ? 'ahead' : isSame && applied === known.version ? 'current' : 'behind'
  return { state, applied, known: known.version }
}

/** Atomic if `client` is in a transaction, which it must be. Throws SchemaVersionError when others' objects are in the way. */
export async function applyRepeatables(client: Client, { version, files }: Repeatables): Promise<void> {
  // Names that a file leaves unqualified are bound here, for good.
  await client.query('set local search_path = pg_catalog, pg_temp')
  await client.query(
    `create table if not exists allo.repeatable_migrations (
       name text primary key, sha256 text not null, version integer not null, applied_at timestamptz not null)`,
  )
  await makeAnew(
    client,
    files.flatMap(({ sql }) => definitionsIn(sql)),
  )
  await client.query('delete from allo.repeatable_migrations')
  await client.query(
    `insert into allo.repeatable_migrations (name, sha256, version, applied_at)
     select name, sha256, $3, now() from unnest($1::text[], $2::text[]) as file (name, sha256)`,
    [files.map(({ name }) => name), files.map(({ sha256 }) => sha256), version],
  )
}

const BEGINS = /^(?=CREATE OR REPLACE (?:VIEW|FUNCTION) )/m

/** A definition begins with CREATE OR REPLACE at the start of a line, and ends where the next one begins. */
function definitionsIn(sql: string): (Definition | OtherStatements)[] {
  return sql.split(BEGINS).map((part) => {
    const [, kind, name] = /^CREATE OR REPLACE (VIEW|FUNCTION) ([a-z_0-9.]+)/.exec(part) ?? []
    if (kind === undefined || name === undefined) return { kind: null, sql: part }
    return { kind: kind === 'VIEW' ? 'view' : 'function', name, sql: part }
  })
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
