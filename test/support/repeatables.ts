/** Views and functions as the database has them, and the files they come from, changed for a test. */
import { readFileSync } from 'node:fs'
import {
  applyRepeatables,
  type Repeatables,
  readRepeatables,
  sha256,
} from '../../src/store/migrate/repeatables.ts'
import { inTransaction, type Pool } from '../../src/store/postgres/database.ts'

/** What migrations/repeatable/version.json must say: the number it has, or the next one when a file changed since. */
export function sealed(): string {
  const path = new URL('../../migrations/repeatable/version.json', import.meta.url)
  const { version, sha256: before }: { version: number; sha256: string } = JSON.parse(
    readFileSync(path, 'utf8'),
  )
  const now = sha256(
    readRepeatables()
      .files.map((file) => `${file.name} ${file.sha256}\n`)
      .join(''),
  )
  return `${JSON.stringify({ version: now === before ? version : version + 1, sha256: now }, null, 2)}\n`
}

/** The files of the next version: `edits` are applied to all of them, and each must be found. */
export function nextVersion(edits: readonly (readonly [before: string, after: string])[]): Repeatables {
  const { version, files } = readRepeatables()
  for (const [before] of edits)
    if (!files.some(({ sql }) => sql.includes(before))) throw new Error(`no file says ${before}`)
  return {
    version: version + 1,
    files: files.map(({ name, sql }) => {
      const edited = edits.reduce((text, [before, after]) => text.replaceAll(before, after), sql)
      return { name, sql: edited, sha256: sha256(edited) }
    }),
  }
}

export function apply(pool: Pool, repeatables: Repeatables): Promise<void> {
  return inTransaction(pool, 'applying', (client) => applyRepeatables(client, repeatables))
}

const ours = `('allo'::regnamespace, 'reporting'::regnamespace, 'reporting_pii'::regnamespace)`

/** Every table, view, column and function of our schemas: definition, owner, rights and comment, as lines. */
export async function describeOurs(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select concat_ws(' ', 'relation', c.oid::regclass, c.relkind, c.relowner::regrole, rights.are,
       obj_description(c.oid, 'pg_class'), case when c.relkind = 'v' then pg_get_viewdef(c.oid) end) as line
     from pg_class c, lateral (select array_agg(acl::text order by acl::text) as are from unnest(relacl) acl) rights
     where relnamespace in ${ours}
     union all
     select concat_ws(' ', 'column', c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attacl,
       col_description(c.oid, a.attnum))
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 where relnamespace in ${ours}
     union all
     select concat_ws(' ', 'function', p.oid::regprocedure, p.proowner::regrole, rights.are, pg_get_functiondef(p.oid),
       obj_description(p.oid, 'pg_proc'))
     from pg_proc p, lateral (select array_agg(acl::text order by acl::text) as are from unnest(proacl) acl) rights
     where pronamespace in ${ours}
     order by line`,
  )
  return rows.map(({ line }) => line)
}
