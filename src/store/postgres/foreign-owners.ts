/**
 * Whose the schemas are that we write to. The owner of a schema or table can replace what is in it, and what is
 * replaced by a view, or given a trigger, runs with the rights of the login that uses it.
 */

import { type SQL, sql } from 'drizzle-orm'
import { SchemaVersionError } from '../migrate/schema-version-error.ts'
import { type Client, type Pool, withDatabaseErrors } from './database.ts'
import { anyOf, run } from './query.ts'

export const OUR_SCHEMAS = ['allo', 'reporting', 'reporting_pii']

/** Of BullMQ, with the jobs of the worker if they are in Postgres. */
export const JOBS_SCHEMA = 'allo_jobs'

/**
 * Whether a row `m` of pg_auth_members gives rights. Since Postgres 16 the creator of a role becomes a member that can
 * grant the role but has none of its rights.
 */
export const isUsed = sql`(coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)
  or coalesce((to_jsonb(m) ->> 'set_option')::boolean, true))`

/**
 * Throws SchemaVersionError when one of the schemas, or an object in it, belongs to a role that is neither this login,
 * nor one that it is a member of, nor the owner of the database, nor a superuser. A superuser has the rights of every
 * role, so membership is looked up. A schema in which this login may not create is left to those who may.
 */
export async function assertNoForeignOwner(db: Pool | Client, schemas: readonly string[]): Promise<void> {
  await withDatabaseErrors('looking at the owners of the schemas', async () => {
    const rows = await run<{ object: string; owner: string; us: string }>(db, foreignObjects(schemas))
    const [first] = rows
    if (first === undefined) return
    const { object, owner, us } = first
    const more = rows.length > 1 ? ` (and ${rows.length - 1} more like it)` : ''
    throw new SchemaVersionError(
      `${object} belongs to ${owner}, and ${us} is no member of ${owner}${more}: ${owner} can replace what allo-queue-mirror keeps there. If you control ${owner}, use it in DATABASE_URL, or run: grant ${owner} to ${us}. If not, drop or rename what it owns; nothing was changed`,
    )
  })
}

function foreignObjects(schemas: readonly string[]): SQL {
  return sql`
  with recursive us as (
    select oid from pg_roles where rolname in (current_user, session_user)
    union
    select m.roleid from us join pg_auth_members m on m.member = us.oid and ${isUsed}
  ), trusted as (
    select oid from us
    union all select datdba from pg_database where datname = current_database()
    union all select oid from pg_roles where rolsuper or rolname = 'pg_database_owner'
  ), schemas as (
    select oid, nspname, nspowner from pg_namespace where nspname ${anyOf(schemas)} and has_schema_privilege(oid, 'create')
  ), objects (nth, object, owner) as (
    select 1, format('schema %I', nspname), nspowner from schemas
    union all
    select 2, format('%s %I.%I', case relkind when 'v' then 'view' when 'm' then 'materialized view'
      when 'S' then 'sequence' when 'f' then 'foreign table' else 'table' end, nspname, relname), relowner
    from pg_class c join schemas s on s.oid = relnamespace where relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    union all
    select 3, format('function %I.%I', nspname, proname), proowner from pg_proc p join schemas s on s.oid = pronamespace
  )
  select object, quote_ident(pg_get_userbyid(owner)) as owner, quote_ident(current_user) as us
  from objects
  where owner not in (select oid from trusted) order by nth, object`
}
