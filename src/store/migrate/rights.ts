/** Owner and rights of a view or function, kept while it is dropped and made again. */
import { type SQL, sql } from 'drizzle-orm'
import type { Client } from '../postgres/database.ts'
import { run } from '../postgres/query.ts'

export interface Rights {
  readonly owner: string
  /** Of a view. */
  readonly columns: readonly string[]
  /** Of every role but the owner. */
  readonly granted: readonly Right[]
}

interface Right {
  /** As GRANT takes it. */
  readonly privilege: string
  /** Null: on the whole object. */
  readonly column: string | null
  readonly grantee: string
  readonly is_grantable: boolean
}

/** The CTEs `relations` and `functions`: the view, or the functions of that name. */
const named = (name: string): SQL => sql`relations as (
    select c.* from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname || '.' || c.relname = ${name}
  ), functions as (
    select p.* from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname || '.' || p.proname = ${name}
  )`

/** `name`: of a view or function, with its schema. */
export async function readRights(client: Client, name: string): Promise<Rights> {
  const rows = await run<Omit<Rights, 'granted'>>(
    client,
    sql`with ${named(name)}
     select relowner::regrole::text as owner,
       array(select quote_ident(attname) from pg_attribute where attrelid = relations.oid and attnum > 0) as columns
     from relations
     union all select proowner::regrole::text, '{}' from functions`,
  )
  const { owner = '', columns = [] } = rows[0] ?? {}
  return { owner, columns, granted: await grantedRights(client, name) }
}

function grantedRights(client: Client, name: string): Promise<Right[]> {
  return run(
    client,
    sql`with ${named(name)}, acls (owner, "column", acl) as (
       select relowner, null, coalesce(relacl, acldefault('r', relowner)) from relations
       union all
       select relowner, quote_ident(attname), attacl
       from relations r join pg_attribute a on a.attrelid = r.oid and attacl is not null
       union all
       select proowner, null, coalesce(proacl, acldefault('f', proowner)) from functions
     )
     select privilege_type as privilege, "column", is_grantable,
       case grantee when 0 then 'public' else grantee::regrole::text end as grantee
     from acls, aclexplode(acl) where grantee <> owner
     order by 2, 4, 1`,
  )
}

/** Gives back what the object had, and takes away what default rights gave it since. */
export async function restoreRights(
  client: Client,
  { kind, name }: { readonly kind: 'view' | 'function'; readonly name: string },
  before: Rights,
): Promise<void> {
  await client.query(`alter ${kind} ${name} owner to ${before.owner}`)
  const now = await readRights(client, name)
  const object = `${kind === 'view' ? 'table' : 'function'} ${name}`
  const wanted = before.granted.filter(({ column }) => column === null || now.columns.includes(column))
  for (const right of without(now.granted, wanted))
    await client.query(`revoke ${what(right)} on ${object} from ${right.grantee}`)
  for (const right of without(wanted, now.granted)) {
    const option = right.is_grantable ? ' with grant option' : ''
    await client.query(`grant ${what(right)} on ${object} to ${right.grantee}${option}`)
  }
}

/** `select` or `select (queue_id)`. */
function what({ privilege, column }: Right): string {
  return column === null ? privilege : `${privilege} (${column})`
}

function without(rights: readonly Right[], others: readonly Right[]): Right[] {
  const key = (right: Right) => JSON.stringify([what(right), right.grantee, right.is_grantable])
  const excluded = new Set(others.map(key))
  return rights.filter((right) => !excluded.has(key(right)))
}
