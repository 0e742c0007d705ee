/** Whether what migrations made is still there, and what others keep beside it. Changes nothing. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { readRepeatables } from '../migrate/repeatables.ts'
import { ask, type Pool } from './database.ts'

const snapshots = fileURLToPath(new URL('../../../migrations/meta/', import.meta.url))
/** Tables that say which migrations were applied. */
const ledgers = ['allo.migrations', 'allo.repeatable_migrations']
const DEFINITION = /^CREATE OR REPLACE (VIEW|FUNCTION) ([a-z_0-9]+\.[a-z_0-9]+)/gm

const snapshot = z.object({ tables: z.record(z.string(), z.unknown()) })

export interface ObjectsReport {
  /** Schemas, tables, views and functions of this version that are not there, such as `view reporting.queues`. */
  readonly missing: readonly string[]
  /** In schemas of ours, and made by others. */
  readonly foreign: readonly string[]
}

/** The tables of the last migration, with their schema. Read once: probes ask for them again and again. */
export function tablesOfThisVersion(): readonly string[] {
  tables ??= readTables()
  return tables
}

let tables: readonly string[] | null = null

function readTables(): string[] {
  const last = readdirSync(snapshots)
    .filter((name) => name.endsWith('_snapshot.json'))
    .sort()
    .at(-1)
  const { tables } = snapshot.parse(JSON.parse(readFileSync(`${snapshots}${last}`, 'utf8')))
  return [...Object.keys(tables), ...ledgers]
}

/** Tables that were dropped, renamed or moved, such as `allo.dials`. */
export async function missingTables(pool: Pool): Promise<string[]> {
  const { rows } = await ask<{ name: string }>(
    pool,
    'looking for the tables',
    'select name from pg_catalog.unnest($1::text[]) as name where pg_catalog.to_regclass(name) is null order by 1',
    [tablesOfThisVersion()],
  )
  return rows.map(({ name }) => name)
}

/** For a database that is of this version. */
export async function inspectObjects(pool: Pool): Promise<ObjectsReport> {
  const expected = expectedObjects()
  const { rows } = await ask<{ object: string }>(
    pool,
    'looking at what is in the schemas',
    `with schemas as (select oid, nspname from pg_catalog.pg_namespace where nspname = any($1)),
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
    [schemasIn(expected)],
  )
  const there = new Set(rows.map(({ object }) => object))
  return {
    missing: [...expected].filter((object) => !there.has(object)),
    foreign: [...there].filter((object) => !expected.has(object)),
  }
}

/** Before the first migration: whose things stand where ours would go. */
export async function objectsInTheWay(pool: Pool): Promise<string[]> {
  const { rows } = await ask<{ schema: string }>(
    pool,
    'looking whether the schemas are free',
    `select nspname as schema from pg_catalog.pg_namespace n where nspname = any($1)
       and (exists (select from pg_catalog.pg_class where relnamespace = n.oid)
         or exists (select from pg_catalog.pg_proc where pronamespace = n.oid)
         or not pg_catalog.has_schema_privilege(n.oid, 'create'))
     order by 1`,
    [schemasIn(expectedObjects()).filter((schema) => schema !== 'allo')],
  )
  return rows.map(({ schema }) => schema)
}

function expectedObjects(): Set<string> {
  const definitions = readRepeatables().files.flatMap(({ sql }) =>
    [...sql.matchAll(DEFINITION)].map(([, kind = '', name = '']) => `${kind.toLowerCase()} ${name}`),
  )
  const objects = [...tablesOfThisVersion().map((name) => `table ${name}`), ...definitions]
  const schemas = new Set(objects.map((object) => `schema ${schemaOf(object)}`))
  return new Set([...schemas, ...objects])
}

function schemasIn(objects: ReadonlySet<string>): string[] {
  return [...new Set([...objects].map(schemaOf))].sort()
}

/** Of `table allo.dials` and of `schema allo`. */
function schemaOf(object: string): string {
  return object.split(' ').at(-1)?.split('.')[0] ?? ''
}
