/**
 * Sets up three group roles without login. They hold the rights, and a login only becomes a member:
 *
 *   writer      reads and writes schema allo, reads reporting: the rights of a worker that does not migrate
 *   bi_reader   reads schema reporting, and nothing else
 *   bi_pii      a bi_reader that also reads schema reporting_pii
 *
 * PUBLIC gets no rights. Default privileges give new objects the same rights, so a view that is created again keeps its
 * readers. One statement checks whether everything is set up, which is the normal case.
 */
import { sql } from 'drizzle-orm'
import pg from 'pg'
import {
  type Client,
  DatabaseError,
  inTransaction,
  type Pool,
  withDatabaseErrors,
} from '../store/postgres/database.ts'
import { OUR_SCHEMAS } from '../store/postgres/foreign-owners.ts'
import { anyOf, array, one } from '../store/postgres/query.ts'

export interface RoleNames {
  readonly writer: string
  readonly reader: string
  readonly pii: string
}

/** Roles belong to the cluster, and so does the prefix. */
export function roleNames(prefix: string): RoleNames {
  return { writer: `${prefix}_writer`, reader: `${prefix}_bi_reader`, pii: `${prefix}_bi_pii` }
}

/** Without these roles everything except `grant` works. */
export interface RolesOutcome {
  readonly areInPlace: boolean
  /** A sentence: why they are missing, or a warning about them. Null: none. */
  readonly note: string | null
}

/** Runs after each migration. Idempotent, and safe to run in parallel. Does not throw DatabaseErrors. */
export async function setUpRoles(pool: Pool, prefix: string): Promise<RolesOutcome> {
  const roles = roleNames(prefix)
  try {
    const before = await inspectRoles(pool, roles)
    const obstacle = obstacleTo(before, roles)
    if (obstacle !== null) return { areInPlace: false, note: obstacle }
    if (!before.isInPlace) await putInPlaceOnceMore(pool, roles)
    return { areInPlace: true, note: sharedNote(before.otherDatabases, roles) }
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
    const note = `The roles of ROLE_PREFIX (${list(roles)}) could not be set up: ${error.message}.`
    return { areInPlace: false, note }
  }
}

interface RolesState {
  readonly missing: readonly string[]
  /** Roles of these names that can log in or are superusers, so they are not ours. */
  readonly foreign: readonly string[]
  readonly isInPlace: boolean
  readonly mayCreate: boolean
  readonly mayGrant: boolean
  readonly login: string
  /** Other databases in which the readers have rights. */
  readonly otherDatabases: readonly string[]
}

/** Condition on pg_proc: views call it. It computes a value, or reads a table with the rights of its owner. */
const isForViews = sql`(provolatile = 'i' or prosecdef)`

async function inspectRoles(pool: Pool, roles: RoleNames): Promise<RolesState> {
  const names = array(Object.values(roles))
  return withDatabaseErrors('checking the roles', () =>
    one(
      pool,
      sql`with named as (
         select name, r.* from unnest(${names}::text[]) name left join pg_roles r on r.rolname = name
       ), me as (
         select rolcreaterole or rolsuper as may_create, (
           select bool_and(pg_has_role(nspowner, 'usage')) from pg_namespace
           where nspname ${anyOf(OUR_SCHEMAS)}) as may_grant
         from pg_roles where rolname = current_user
       ), ours as (
         select (select oid from named where name = ${roles.writer}) as writer, (select oid from named where name = ${roles.reader}) as reader,
           (select oid from named where name = ${roles.pii}) as pii
       ), relations as (
         select c.oid, n.nspname, c.relkind from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname ${anyOf(OUR_SCHEMAS)} and c.relkind in ('r', 'p', 'v', 'm')
       ), functions as (
         select p.*, n.nspname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where n.nspname ${anyOf(OUR_SCHEMAS)}
       ), missing as (
         select 1 from ours where
           not has_schema_privilege(writer, 'allo', 'usage') or not has_schema_privilege(writer, 'reporting', 'usage')
           or not has_schema_privilege(reader, 'reporting', 'usage') or not has_schema_privilege(pii, 'reporting_pii', 'usage')
           or not pg_has_role(pii, reader, 'usage')
           or pg_has_role((select datdba from pg_database where datname = current_database()), 'usage')
             and not (has_database_privilege(writer, current_database(), 'temporary')
               and has_database_privilege(writer, current_database(), 'connect')
               and has_database_privilege(reader, current_database(), 'connect'))
         union all
         select 1 from ours, relations c where
           nspname = 'allo' and not has_table_privilege(writer, c.oid, 'insert')
           or nspname = 'reporting' and not (has_table_privilege(reader, c.oid, 'select') and has_table_privilege(writer, c.oid, 'select'))
           or nspname = 'reporting_pii' and not has_table_privilege(pii, c.oid, 'select')
         union all
         select 1 from ours, functions p where exists (
             select from aclexplode(coalesce(proacl, acldefault('f', proowner))) where grantee = 0)
           or nspname = 'reporting' and not has_function_privilege(reader, p.oid, 'execute')
           or nspname = 'allo' and not has_function_privilege(writer, p.oid, 'execute')
           or nspname = 'allo' and ${isForViews} and not has_function_privilege(reader, p.oid, 'execute')
         union all
         select 1 from ours, me where may_grant and not exists (
           select from pg_default_acl d, aclexplode(d.defaclacl) a
           where d.defaclnamespace = to_regnamespace('reporting') and d.defaclrole = current_user::regrole
             and d.defaclobjtype = 'r' and a.grantee = reader)
       )
       select array(select name from unnest(${names}::text[]) name where name not in (select rolname from pg_roles)) as missing,
         array(select name from named where rolcanlogin or rolsuper) as foreign,
         not exists (select from named where oid is null) and not exists (select from missing) as "isInPlace",
         may_create as "mayCreate", may_grant as "mayGrant",
         current_user as login,
         array(select distinct d.datname::text from ours, pg_shdepend s join pg_database d on d.oid = s.dbid
               where s.refclassid = 'pg_authid'::regclass and s.refobjid in (reader, pii)
                 and d.datname <> current_database() order by 1) as "otherDatabases"
       from me`,
    ),
  )
}

function obstacleTo(state: RolesState, roles: RoleNames): string | null {
  const { missing, foreign, isInPlace, mayCreate, mayGrant, login } = state
  if (isInPlace) return null
  if (foreign.length > 0) {
    return `A role ${foreign.join(', ')} already exists and can log in, so it is not ours: no rights were granted. Set ROLE_PREFIX to another word.`
  }
  if (missing.length > 0 && !mayCreate) {
    return `The roles ${missing.join(', ')} were not created: ${login} may not create roles. Only \`grant\` needs them: let an administrator create them (docs/operating.md), or set ROLE_PREFIX=none.`
  }
  if (!mayGrant) {
    return `The roles ${list(roles)} got no rights: ${login} does not own the schemas. Run \`allo-queue-mirror migrate\` as their owner.`
  }
  return null
}

function sharedNote(others: readonly string[], { reader, pii }: RoleNames): string | null {
  if (others.length === 0) return null
  return `${reader} and ${pii} also have rights in the database ${others.join(', ')}: a login that may read here may read there. Set ROLE_PREFIX to separate them.`
}

/** Retries, because another database of the cluster may set up the same roles at the same time. */
async function putInPlaceOnceMore(pool: Pool, roles: RoleNames): Promise<void> {
  for (let attempts = 3; ; attempts -= 1) {
    try {
      return await inTransaction(pool, 'setting up the roles', (client) => putInPlace(client, roles))
    } catch (error) {
      // The role exists now, or both updated its row.
      const isOvertaken =
        error instanceof DatabaseError && ['42710', '23505', 'XX000'].includes(error.sqlState ?? '')
      if (!isOvertaken || attempts === 1) throw error
    }
  }
}

async function putInPlace(client: Client, roles: RoleNames): Promise<void> {
  const { database, ownsDatabase, existing, isMember, forViews } = await one<{
    database: string
    ownsDatabase: boolean
    existing: string[]
    isMember: boolean | null
    forViews: string[]
  }>(
    client,
    sql`select current_database() as database,
       pg_has_role((select datdba from pg_database where datname = current_database()), 'usage') as "ownsDatabase",
       array(select rolname::text from pg_roles where rolname ${anyOf(Object.values(roles))}) as existing,
       (select pg_has_role(pii.oid, reader.oid, 'usage') from pg_roles pii, pg_roles reader
        where pii.rolname = ${roles.pii} and reader.rolname = ${roles.reader}) as "isMember",
       array(select oid::regprocedure::text from pg_proc where pronamespace = 'allo'::regnamespace and ${isForViews}) as "forViews"`,
  )
  for (const [name, comment] of Object.entries(commentsOf(roles))) {
    if (existing.includes(name)) continue
    await client.query(`create role ${quoted(name)} nologin`)
    await client.query(`comment on role ${quoted(name)} is ${pg.escapeLiteral(comment)}`)
  }
  const [writer, reader, pii] = [quoted(roles.writer), quoted(roles.reader), quoted(roles.pii)]
  const ours = OUR_SCHEMAS.join(', ')
  const everything = ['tables', 'sequences', 'functions']
  const statements = [
    ...everything.map((kind) => `revoke all on all ${kind} in schema ${ours} from public`),
    `revoke all on schema ${ours} from public`,
    `grant usage on schema allo, reporting to ${writer}`,
    `grant usage on schema reporting to ${reader}`,
    `grant usage on schema reporting_pii to ${pii}`,
    ...rightsIn('allo', 'tables', 'select, insert, update, delete', writer),
    ...rightsIn('allo', 'sequences', 'usage, select', writer),
    ...rightsIn('allo', 'functions', 'execute', writer),
    ...rightsIn('reporting', 'tables', 'select', `${writer}, ${reader}`),
    ...rightsIn('reporting', 'functions', 'execute', `${writer}, ${reader}`),
    ...rightsIn('reporting_pii', 'tables', 'select', pii),
    ...rightsIn('reporting_pii', 'functions', 'execute', pii),
    // Views run with the rights of their owner, but functions in them with the rights of the reader.
    ...forViews.map((signature) => `grant execute on function ${signature} to ${reader}`),
    ...(isMember ? [] : [`grant ${reader} to ${pii}`]),
    ...(ownsDatabase
      ? [
          `grant connect on database ${quoted(database)} to ${writer}, ${reader}`,
          `grant temporary on database ${quoted(database)} to ${writer}`,
        ]
      : []),
  ]
  for (const statement of statements) await client.query(statement)
}

/** Rights on existing objects, and on objects that the migrating role will create. */
function rightsIn(schema: string, kind: string, rights: string, to: string): string[] {
  return [
    `grant ${rights} on all ${kind} in schema ${schema} to ${to}`,
    `alter default privileges in schema ${schema} grant ${rights} on ${kind} to ${to}`,
  ]
}

function commentsOf({ writer, reader, pii }: RoleNames): Readonly<Record<string, string>> {
  return {
    [writer]: 'allo-queue-mirror: reads and writes schema allo, reads reporting.',
    [reader]: 'allo-queue-mirror: reads schema reporting, and nothing else.',
    [pii]: 'allo-queue-mirror: reads schemas reporting and reporting_pii, phone numbers included.',
  }
}

function list({ writer, reader, pii }: RoleNames): string {
  return `${writer}, ${reader}, ${pii}`
}

export function quoted(name: string): string {
  return pg.escapeIdentifier(name)
}
