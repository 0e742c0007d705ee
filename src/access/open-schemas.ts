/**
 * Finds schemas in which others may create functions and operators. These can replace those of Postgres in any session
 * with the schema in its search path. Our sessions do not have it there, but sessions of other programs may.
 */
import { sql } from 'drizzle-orm'
import { type Pool, withDatabaseErrors } from '../store/postgres/database.ts'
import { JOBS_SCHEMA, OUR_SCHEMAS } from '../store/postgres/foreign-owners.ts'
import { anyOf, run } from '../store/postgres/query.ts'
import type { RoleNames } from './roles.ts'

/** A sentence per schema, with the statement that revokes the right. Our own schemas must be closed to every other role. */
export async function openSchemas(pool: Pool, roles: RoleNames | null): Promise<string[]> {
  const readers = roles === null ? [] : [roles.reader, roles.pii]
  const rows = await withDatabaseErrors('checking who may create objects in which schema', () =>
    run<{ says: string }>(
      pool,
      sql`select format('%s may create functions and operators in schema %s, and a session that has it in its search path may run them. To prevent it: revoke create on schema %s from %s',
         case grantee when 0 then 'Every login' else quote_ident(rolname) end, nspname, quote_ident(nspname),
         case grantee when 0 then 'public' else quote_ident(rolname) end) as says
     from pg_namespace n
     cross join lateral aclexplode(coalesce(nspacl, acldefault('n', nspowner)))
     left join pg_roles r on r.oid = grantee
     where privilege_type = 'CREATE' and grantee <> nspowner and not starts_with(nspname, 'pg_')
       and (grantee = 0 or rolname ${anyOf(readers)} or nspname ${anyOf([...OUR_SCHEMAS, JOBS_SCHEMA])})
     order by says`,
    ),
  )
  return rows.map(({ says }) => says)
}
