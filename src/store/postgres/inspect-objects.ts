/** Compares the tables, views and functions of a database with those of this version. Changes nothing. */
import { is, sql } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import { namesOfDefinitions } from '../migrate/repeatables.ts'
import * as schema from '../schema.ts'
import { type Pool, withDatabaseErrors } from './database.ts'
import { anyOf, array, run } from './query.ts'

/** Tables that say which migrations were applied; drizzle's schema does not hold them. */
const ledgers = ['allo.migrations', 'allo.repeatable_migrations']

/** With their schema, such as `allo.dials`. */
export const tablesOfThisVersion: readonly string[] = [
  ...Object.values(schema).flatMap((value) => (is(value, PgTable) ? [qualifiedName(value)] : [])),
  ...ledgers,
]

function qualifiedName(table: PgTable): string {
  const { schema, name } = getTableConfig(table)
  return `${schema}.${name}`
}

/** Tables that were dropped, renamed or moved, such as `allo.dials`. */
export async function missingTables(pool: Pool): Promise<string[]> {
  const rows = await withDatabaseErrors('looking for the tables', () =>
    run<{ name: string }>(
      pool,
      sql`select name from pg_catalog.unnest(${array(tablesOfThisVersion)}::text[]) as name
          where pg_catalog.to_regclass(name) is null order by 1`,
    ),
  )
  return rows.map(({ name }) => name)
}

export interface ObjectsReport {
  /** Schemas, tables, views and functions of this version that are not there, such as `view reporting.queues`. */
  readonly missing: readonly string[]
  /** Objects in our schemas that this version did not make. */
  readonly foreign: readonly string[]
}

/** For a database that is of this version. */
export async function inspectObjects(pool: Pool): Promise<ObjectsReport> {
  const expected = expectedObjects()
  const rows = await withDatabaseErrors('looking at what is in the schemas', () =>
    run<{ object: string }>(
      pool,
      sql`with schemas as (select oid, nspname from pg_catalog.pg_namespace where nspname ${anyOf(schemasIn(expected))}),
     objects (kind, name) as (
       select 'schema', nspname from schemas
       union all
       select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
           else 'table' end, n.nspname || '.' || c.relname
       from pg_catalog.pg_class c join schemas n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'v', 'm', 'f')
       union all
       select distinct 'function', n.nspname || '.' || p.proname
       from pg_catalog.pg_proc p join schemas n on n.oid = p.pronamespace
     )
     select kind || ' ' || name as object from objects order by kind, name`,
    ),
  )
  const found = new Set(rows.map(({ object }) => object))
  return {
    missing: [...expected].filter((object) => !found.has(object)),
    foreign: [...found].filter((object) => !expected.has(object)),
  }
}

/** Before the first migration: the schemas of our reports that hold objects of others or can't be written. */
export async function schemasInTheWay(pool: Pool): Promise<string[]> {
  const ours = schemasIn(expectedObjects()).filter((schema) => schema !== 'allo')
  const rows = await withDatabaseErrors('looking whether the schemas are free', () =>
    run<{ schema: string }>(
      pool,
      sql`select nspname as schema from pg_catalog.pg_namespace n
     where nspname ${anyOf(ours)} and pg_catalog.to_regclass('allo.settings') is null
       and (exists (select from pg_catalog.pg_class where relnamespace = n.oid)
         or exists (select from pg_catalog.pg_proc where pronamespace = n.oid)
         or not pg_catalog.has_schema_privilege(n.oid, 'create'))
     order by 1`,
    ),
  )
  return rows.map(({ schema }) => schema)
}

/** Such as `schema reporting`, `table allo.dials`, `view reporting.queues`. */
function expectedObjects(): Set<string> {
  const objects = [...tablesOfThisVersion.map((name) => `table ${name}`), ...namesOfDefinitions()]
  const schemas = new Set(objects.map((object) => `schema ${schemaOf(object)}`))
  return new Set([...schemas, ...objects])
}

function schemasIn(objects: ReadonlySet<string>): string[] {
  return [...new Set([...objects].map(schemaOf))].sort()
}

/** `allo` for both `table allo.dials` and `schema allo`. */
function schemaOf(object: string): string {
  return object.split(' ').at(-1)?.split('.')[0] ?? ''
}
