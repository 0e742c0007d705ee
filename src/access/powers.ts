/**
 * Finds what a role may do besides reading the reports: by itself, or as any role that it can become. Every form of
 * membership counts: inherited, SET ROLE only (NOINHERIT), and the right to grant the role to itself (ADMIN OPTION).
 */
import { type SQL, sql } from 'drizzle-orm'
import { type Pool, withDatabaseErrors } from '../store/postgres/database.ts'
import { JOBS_SCHEMA, OUR_SCHEMAS } from '../store/postgres/foreign-owners.ts'
import { anyOf, maybeOne } from '../store/postgres/query.ts'

export interface Power {
  /** From the role itself to the role that has the power. Each is a member of the next. */
  readonly path: readonly string[]
  /** `it may …`, without the subject. */
  readonly powers: readonly string[]
}

/** The powers at the end of the longest path, where they originate. Null: the role may only read. */
export function powersOf(pool: Pool, role: string): Promise<Power | null> {
  return withDatabaseErrors('looking at what the role may do', () => maybeOne(pool, findPowers(role)))
}

/** The end of a sentence: why it can't be a reader, and for a membership the statement that revokes it. */
export function powerInWords({ path, powers }: Power): string {
  const [member, role] = path.slice(-2)
  // The first is the most serious; the others often follow from it.
  const [may] = powers
  if (path.length === 1) return `it ${may}`
  return `as ${path.slice(1).join(', then as ')}, which it can become, it ${may}. To revoke this: revoke ${quotedIfNeeded(role)} from ${quotedIfNeeded(member)}`
}

function quotedIfNeeded(name = ''): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

/** These show settings and statistics of the server, but no rows of tables. */
const harmless = sql`array['pg_monitor', 'pg_read_all_settings', 'pg_read_all_stats', 'pg_stat_scan_tables']`

/** Before Postgres 16 a membership had no options and was always usable. */
const usable = sql.join(
  ['inherit_option', 'set_option', 'admin_option'].map(
    (option) => sql`coalesce((to_jsonb(m) ->> ${option})::boolean, true)`,
  ),
  sql` or `,
)

const findPowers = (role: string): SQL => sql`
  with recursive reached as (
    select oid, array[rolname::text] as path from pg_roles where rolname = ${role}
    union all
    select g.oid, path || g.rolname::text from reached
    join pg_auth_members m on m.member = reached.oid and (${usable})
    join pg_roles g on g.oid = m.roleid
    where g.rolname <> all (path)
  ), nearest as (
    select distinct on (oid) oid, path from reached order by oid, cardinality(path)
  ), schemas as (
    select oid, nspname from pg_namespace where nspname ${anyOf([...OUR_SCHEMAS, JOBS_SCHEMA])}
  ), relations as (
    select c.oid, c.relkind, nspname from pg_class c join schemas s on s.oid = relnamespace
    where relkind in ('r', 'p', 'v', 'm', 'S', 'f')
  ), found as (
    select n.path, array_remove(array[
      case when attributes.are <> '{}' then format('may do more than read (%s)', array_to_string(attributes.are, ', ')) end,
      case when starts_with(rolname, 'pg_') and rolname <> all (${harmless})
        then 'may do what Postgres lets its members do' end,
      case when rolname = current_user or rolname = session_user then 'is the login of allo-queue-mirror itself' end,
      case when cardinality(n.path) = 1 and exists (select from pg_shdepend s
          where s.refclassid = 'pg_authid'::regclass and s.refobjid = n.oid and s.deptype = 'o')
        then 'owns objects, and with those it may do anything' end,
      case when exists (select from pg_database where datname = current_database() and datdba = n.oid)
          or exists (select from pg_shdepend s where s.refclassid = 'pg_authid'::regclass and s.refobjid = n.oid
            and s.deptype = 'o' and s.dbid = (select oid from pg_database where datname = current_database())
            and (s.classid = 'pg_namespace'::regclass and s.objid in (select oid from schemas)
              or s.classid = 'pg_class'::regclass and s.objid in (select oid from relations)
              or s.classid = 'pg_proc'::regclass and s.objid in (
                select p.oid from pg_proc p join schemas on schemas.oid = p.pronamespace)))
        then 'owns what allo-queue-mirror keeps, and with that it may do anything' end,
      case when has_database_privilege(n.oid, current_database(), 'create')
        then format('may create schemas in this database (revoke create on database %I from %s)', current_database(),
          case when has_public.create then 'public' else quote_ident(rolname) end) end,
      (select format('may write schema %s', nspname) from (
         select nspname from relations r where relkind <> 'S'
           and has_table_privilege(n.oid, r.oid, 'insert, update, delete, truncate, references, trigger')
         union all
         select nspname from relations r where relkind in ('r', 'p', 'v', 'f')
           and has_any_column_privilege(n.oid, r.oid, 'insert, update, references')
         union all
         select nspname from relations r where case when relkind = 'S' then has_sequence_privilege(n.oid, r.oid, 'usage, update') end
         union all
         select nspname from schemas where has_schema_privilege(n.oid, oid, 'create')
       ) written order by nspname limit 1)
    ], null) as powers
    from nearest n join pg_roles r on r.oid = n.oid,
    lateral (select array_remove(array[case when rolsuper then 'superuser' end, case when rolcreaterole then 'createrole' end,
      case when rolcreatedb then 'createdb' end, case when rolreplication then 'replication' end,
      case when rolbypassrls then 'bypassrls' end], null) as are) attributes,
    lateral (select exists (select from pg_database d, aclexplode(coalesce(datacl, acldefault('d', datdba)))
      where datname = current_database() and grantee = 0 and privilege_type = 'CREATE') as create) has_public
  )
  select path, powers from found where powers <> '{}' order by cardinality(path) desc, path limit 1`
