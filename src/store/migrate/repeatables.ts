/**
 * Functions, views and comments of our schemas. They hold no data, so they are not migrated step by step: the files of
 * migrations/repeatable say what they are now. When one file differs from what the database has, all files are applied
 * again, in the order of their names.
 *
 * `version.json` numbers the set of files. A program never applies its files to a database that has a higher number, so
 * an older program leaves newer views alone.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Client, Pool } from '../postgres/database.ts'
import { array, run } from '../postgres/query.ts'
import { hasTable } from './ledger.ts'
import { type Definition, type OtherStatements, replaceObjects } from './replace-objects.ts'

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

export function readRepeatables(): Repeatables {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      const sql = readFileSync(`${folder}/${name}`, 'utf8')
      return { name, sql, sha256: sha256(sql) }
    })
  const { version } = versionFile.parse(JSON.parse(readFileSync(`${folder}/version.json`, 'utf8')))
  return { version, files }
}

export interface RepeatablesState {
  readonly state: 'behind' | 'current' | 'ahead'
  /** Version of the files that the database has; null: none were applied yet. */
  readonly applied: number | null
  readonly known: number
}

export async function inspectRepeatables(db: Pool | Client, known: Repeatables): Promise<RepeatablesState> {
  const applied = await appliedFiles(db)
  const version = applied.length === 0 ? null : Math.max(...applied.map((file) => file.version))
  const state = version !== null && version > known.version ? 'ahead' : compareFiles(applied, known)
  return { state, applied: version, known: known.version }
}

type AppliedFile = Pick<RepeatableFile, 'name' | 'sha256'> & { readonly version: number }

async function appliedFiles(db: Pool | Client): Promise<readonly AppliedFile[]> {
  if (!(await hasTable(db, 'allo.repeatable_migrations'))) return []
  return run(db, sql`select name, sha256, version from allo.repeatable_migrations`)
}

function compareFiles(applied: readonly AppliedFile[], { version, files }: Repeatables) {
  const inDatabase = new Map(applied.map((file) => [file.name, file]))
  const isSame = ({ name, sha256 }: RepeatableFile) => {
    const file = inDatabase.get(name)
    return file?.sha256 === sha256 && file.version === version
  }
  return applied.length === files.length && files.every(isSame) ? 'current' : 'behind'
}

/**
 * Must run in a transaction, and is atomic by it. Throws SchemaVersionError when objects of others depend on one that
 * must be dropped.
 */
export async function applyRepeatables(client: Client, repeatables: Repeatables): Promise<void> {
  // Binds the names of Postgres that a file leaves unqualified.
  await client.query('set local search_path = pg_catalog, pg_temp')
  await client.query(
    `create table if not exists allo.repeatable_migrations (
       name text primary key, sha256 text not null, version integer not null, applied_at timestamptz not null)`,
  )
  await replaceObjects(
    client,
    repeatables.files.flatMap(({ sql }) => definitionsIn(sql)),
  )
  await recordFiles(client, repeatables)
}

async function recordFiles(client: Client, { version, files }: Repeatables): Promise<void> {
  const names = array(files.map(({ name }) => name))
  const hashes = array(files.map(({ sha256 }) => sha256))
  await run(client, sql`delete from allo.repeatable_migrations`)
  await run(
    client,
    sql`insert into allo.repeatable_migrations (name, sha256, version, applied_at)
        select name, sha256, ${version}, now() from unnest(${names}::text[], ${hashes}::text[]) as file (name, sha256)`,
  )
}

/** Such as `view reporting.queues` and `function allo.rate`. */
export function namesOfDefinitions(): string[] {
  const parts = readRepeatables().files.flatMap(({ sql }) => definitionsIn(sql))
  return parts.flatMap((part) => (part.kind === null ? [] : [`${part.kind} ${part.name}`]))
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
