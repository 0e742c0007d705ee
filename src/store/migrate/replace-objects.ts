/**
 * Makes views and functions, or replaces them. Where Postgres can't replace one (a column changed its name or type, a
 * function returns another type), it is dropped with our objects that depend on it, and all are made again with the
 * owner and the rights they had.
 */
import { type SQL, sql } from 'drizzle-orm'
import pg from 'pg'
import { type Client, withDatabaseErrors } from '../postgres/database.ts'
import { run } from '../postgres/query.ts'
import { type Rights, readRights, restoreRights } from './rights.ts'
import { SchemaVersionError } from './schema-version-error.ts'

/** A view or function: the statement that makes it, then its comments and rights. */
export interface Definition {
  readonly kind: 'view' | 'function'
  /** With its schema. */
  readonly name: string
  readonly sql: string
}

/** Statements that make no view or function, such as comments on tables. */
export interface OtherStatements {
  readonly kind: null
  readonly sql: string
}

/**
 * `definitions` stand in the order of their dependencies. Must run in a transaction, and is atomic by it. Never drops
 * objects of others: throws SchemaVersionError when one depends on an object that must be dropped.
 */
export async function replaceObjects(
  client: Client,
  definitions: readonly (Definition | OtherStatements)[],
): Promise<void> {
  const ours = new Set(definitions.map((each) => (each.kind === null ? null : each.name)))
  const dropped = new Map<string, Rights>()
  for (const definition of definitions) {
    const doing = definition.kind === null ? 'commenting' : `making ${definition.kind} ${definition.name}`
    await withDatabaseErrors(doing, async () => {
      if (definition.kind === null) await client.query(definition.sql)
      else await replaceObject(client, definition, ours, dropped)
    })
  }
}

/** Adds the objects that it drops to `dropped`. */
async function replaceObject(
  client: Client,
  definition: Definition,
  ours: ReadonlySet<string | null>,
  dropped: Map<string, Rights>,
): Promise<void> {
  if (!(await isReplaced(client, definition.sql))) {
    for (const [name, rights] of await drop(client, definition, ours)) dropped.set(name, rights)
    await client.query(definition.sql)
  }
  const rights = dropped.get(definition.name)
  if (rights !== undefined) await restoreRights(client, definition, rights)
}

/** invalid_table_definition and invalid_function_definition: the new one differs too much to replace the old one. */
const IRREPLACEABLE = ['42P16', '42P13']

/** Returns false, and changes nothing, where the object must be dropped first. */
async function isReplaced(client: Client, sql: string): Promise<boolean> {
  await client.query('savepoint replacing')
  try {
    await client.query(sql)
    await client.query('release savepoint replacing')
    return true
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || !IRREPLACEABLE.includes(error.code ?? '')) throw error
    await client.query('rollback to savepoint replacing')
    return false
  }
}

/** Returns the names of the dropped objects, with the rights they had. */
async function drop(
  client: Client,
  { kind, name }: Definition,
  ours: ReadonlySet<string | null>,
): Promise<Map<string, Rights>> {
  const affected = await dependentsOf(client, name)
  const foreign = affected.filter((each) => each.name === null || !ours.has(each.name))
  if (foreign.length > 0) {
    throw new SchemaVersionError(
      `${kind} ${name} must be replaced, and other objects depend on it: ${foreign.map(({ what }) => what).join(', ')}. Drop them, run \`allo-queue-mirror migrate\`, and create them again; nothing was changed`,
    )
  }
  const rights = new Map<string, Rights>()
  for (const each of affected)
    if (each.name !== null) rights.set(each.name, await readRights(client, each.name))
  for (const signature of await signaturesOf(client, name))
    await client.query(`drop ${kind} ${signature} cascade`)
  return rights
}

/** The CTE `named`: the view, or the functions of that name. */
const named = (name: string): SQL => sql`named as (
    select 'pg_class'::regclass::oid as classid, c.oid as objid from pg_class c
    join pg_namespace n on n.oid = c.relnamespace where n.nspname || '.' || c.relname = ${name}
    union all
    select 'pg_proc'::regclass, p.oid from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace where n.nspname || '.' || p.proname = ${name}
  )`

/** As DROP takes them. */
async function signaturesOf(client: Client, name: string): Promise<string[]> {
  const rows = await run<{ signature: string }>(
    client,
    sql`with ${named(name)} select case classid when 'pg_class'::regclass then objid::regclass::text
          else objid::regprocedure::text end as signature from named`,
  )
  return rows.map(({ signature }) => signature)
}

/** `name`: of a view or function, with its schema; null: it is another kind of object. */
interface Dependent {
  readonly name: string | null
  readonly what: string
}

/**
 * The object itself, and all objects that depend on it, directly or not. A view depends on others through its rule, a
 * function through the row type of a view.
 */
function dependentsOf(client: Client, name: string): Promise<Dependent[]> {
  return run(
    client,
    sql`with recursive ${named(name)}, affected as (
       select classid, objid from named
       union
       select case when r.oid is null then d.classid else 'pg_class'::regclass end, coalesce(r.ev_class, d.objid)
       from affected a
       join pg_depend d on d.refclassid = a.classid and d.refobjid = a.objid
       left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
     )
     select distinct pg_describe_object(a.classid, a.objid, 0) as what,
       coalesce(cn.nspname || '.' || c.relname, pn.nspname || '.' || p.proname) as name
     from affected a
     left join pg_class c on a.classid = 'pg_class'::regclass and c.oid = a.objid and c.relkind = 'v'
     left join pg_namespace cn on cn.oid = c.relnamespace
     left join pg_proc p on a.classid = 'pg_proc'::regclass and p.oid = a.objid
     left join pg_namespace pn on pn.oid = p.pronamespace
     where a.classid <> 'pg_type'::regclass
     order by 1`,
  )
}
