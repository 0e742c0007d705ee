/**
 * Makes views and functions, or replaces them. Where Postgres can't replace one (a column of a view changed its name or
 * type, a function returns something else), it is dropped together with our objects that depend on it, and they are
 * made again with the owner and the rights they had. Objects of others are never dropped: the change is refused then.
 */
import pg from 'pg'
import { type Client, withDatabaseErrors } from '../postgres/database.ts'
import { SchemaVersionError } from './schema-version-error.ts'

/** A view or function, the statement that makes it, and what follows up to the next one: its comments and rights. */
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

/** In the given order, which is that of their dependencies. Atomic if `client` is in a transaction, which it must be. */
export async function makeAnew(
  client: Client,
  definitions: readonly (Definition | OtherStatements)[],
): Promise<void> {
  const ours = new Set(definitions.map((each) => (each.kind === null ? null : each.name)))
  const dropped = new Map<string, Holdings>()
  for (const definition of definitions) {
    const doing = definition.kind === null ? 'commenting' : `making ${definition.kind} ${definition.name}`
    await withDatabaseErrors<unknown>(doing, async () => {
      if (definition.kind === null) return client.query(definition.sql)
      if (!(await replace(client, definition.sql))) {
        for (const [name, holdings] of await drop(client, definition, ours)) dropped.set(name, holdings)
        await client.query(definition.sql)
      }
      const holdings = dropped.get(definition.name)
      if (holdings !== undefined) await restore(client, definition, holdings)
    })
  }
}

/** invalid_table_definition and invalid_function_definition: there is one that differs too much to be replaced. */
const IRREPLACEABLE = ['42P16', '42P13']

/** Returns false, and has changed nothing, where the object must be dropped first. */
async function replace(client: Client, sql: string): Promise<boolean> {
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

/** Returns what was dropped, by name, with its owner and rights. */
async function drop(
  client: Client,
  { kind, name }: Definition,
  ours: ReadonlySet<string | null>,
): Promise<Map<string, Holdings>> {
  const affected = await dependentsOf(client, name)
  const foreign = affected.filter((each) => each.name === null || !ours.has(each.name))
  if (foreign.length > 0) {
    throw new SchemaVersionError(
      `${kind} ${name} changes, and others depend on it: ${foreign.map(({ what }) => what).join(', ')}. Drop them, run \`allo-queue-mirror migrate\`, and make them again; nothing was changed`,
    )
  }
  const held = new Map<string, Holdings>()
  for (const { name: lost } of affected) if (lost !== null) held.set(lost, await holdingsOf(client, lost))
  const { rows } = await client.query<{ signature: string }>(
    `${ourObject} select case classid when 'pg_class'::regclass then objid::regclass::text
       else objid::regprocedure::text end as signature from named`,
    [name],
  )
  for (const { signature } of rows) await client.query(`drop ${kind} ${signature} cascade`)
  return held
}

/** The view, and the functions, of that name. */
const ourObject = `
  with recursive named as (
    select 'pg_class'::regclass::oid as classid, c.oid as objid from pg_class c
    join pg_namespace n on n.oid = c.relnamespace where n.nspname || '.' || c.relname = $1
    union all
    select 'pg_proc'::regclass, p.oid from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace where n.nspname || '.' || p.proname = $1
  )`

/**
 * It, and all that depends on it, directly or not. `name`: of a view or function, with its schema; null: it is
 * something else. A view depends on others through its rule, and a function through the row type of a view.
 */
async function dependentsOf(
  client: Client,
  name: string,
): Promise<{ readonly name: string | null; readonly what: string }[]> {
  const { rows } = await client.query<{ name: string | null; what: string }>(
    `${ourObject}, affected as (
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
    [name],
  )
  return rows
}

interface Right {
  /** As GRANT takes it. */
  readonly privilege: string
  /** Null: on the whole object. */
  readonly column: string | null
  readonly grantee: string
  readonly is_grantable: boolean
}

interface Holdings {
  readonly owner: string
  /** Of a view. */
  readonly columns: readonly string[]
  readonly rights: readonly Right[]
}

async function holdingsOf(client: Client, name: string): Promise<Holdings> {
  const { rows: objects } = await client.query<{ owner: string; columns: string[] }>(
    `${ourObject} select coalesce(c.relowner, p.proowner)::regrole::text as owner,
       array(select quote_ident(attname) from pg_attribute where attrelid = c.oid and attnum > 0) as columns
     from named
     left join pg_class c on classid = 'pg_class'::regclass and c.oid = objid
     left join pg_proc p on classid = 'pg_proc'::regclass and p.oid = objid`,
    [name],
  )
  const { rows: rights } = await client.query<Right>(
    `${ourObject}, acls as (
       select c.relowner as owner, null::text as column, coalesce(c.relacl, acldefault('r', c.relowner)) as acl
       from named join pg_class c on classid = 'pg_class'::regclass and c.oid = objid
       union all
       select c.relowner, quote_ident(a.attname), a.attacl
       from named join pg_class c on classid = 'pg_class'::regclass and c.oid = objid
       join pg_attribute a on a.attrelid = c.oid and a.attacl is not null
       union all
       select p.proowner, null, coalesce(p.proacl, acldefault('f', p.proowner))
       from named join pg_proc p on classid = 'pg_proc'::regclass and p.oid = objid
     )
     select privilege_type as privilege, acls.column, is_grantable,
       case grantee when 0 then 'public' else grantee::regrole::text end as grantee
     from acls, aclexplode(acl) where grantee <> owner
     order by 2, 4, 1`,
    [name],
  )
  return { owner: objects[0]?.owner ?? '', columns: objects[0]?.columns ?? [], rights }
}

/** What it had before it was dropped, and nothing that default rights gave it since. */
async function restore(client: Client, { kind, name }: Definition, before: Holdings): Promise<void> {
  await client.query(`alter ${kind} ${name} owner to ${before.owner}`)
  const now = await holdingsOf(client, name)
  const object = `${kind === 'view' ? 'table' : 'function'} ${name}`
  const what = ({ privilege, column }: Right) => (column === null ? privilege : `${privilege} (${column})`)
  const grant = (right: Right) =>
    `grant ${what(right)} on ${object} to ${right.grantee}${right.is_grantable ? ' with grant option' : ''}`
  const wanted = before.rights.filter(({ column }) => column === null || now.columns.includes(column))
  const has = new Set(now.rights.map(grant))
  const keeps = new Set(wanted.map(grant))
  for (const right of now.rights) {
    if (!keeps.has(grant(right)))
      await client.query(`revoke ${what(right)} on ${object} from ${right.grantee}`)
  }
  for (const right of wanted) if (!has.has(grant(right))) await client.query(grant(right))
}
