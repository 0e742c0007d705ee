/** The catalog of Postgres as lines that a test can compare. */
import type { Pool } from '../../src/store/postgres/database.ts'

const ours = `array['allo', 'reporting', 'reporting_pii']`

/**
 * Everything in schemas allo, reporting and reporting_pii: definitions, owners, rights, comments, storage options and
 * the order of columns.
 */
export function describeOurs(pool: Pool): Promise<string[]> {
  return describeSchemas(pool, `nspname = any (${ours})`)
}

/** Everything in the other schemas, and what belongs to the database as a whole. */
export async function describeEverythingElse(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select concat_ws(' ', 'extension', extname) as line from pg_extension
     union all select concat_ws(' ', 'event trigger', evtname) from pg_event_trigger
     union all select concat_ws(' ', 'setting', s.setconfig) from pg_db_role_setting s
       join pg_database d on d.oid = s.setdatabase where d.datname = current_database()
     union all select concat_ws(' ', 'database', datacl) from pg_database where datname = current_database()
     order by line`,
  )
  const isTheirs = `nspname <> all (${ours} || 'pg_toast'::text)
    and nspname not like 'pg\\_temp%' and nspname not like 'pg\\_toast\\_temp%'`
  return [...rows.map(({ line }) => line), ...(await describeSchemas(pool, isTheirs))]
}

async function describeSchemas(pool: Pool, chosen: string): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `with chosen as (select * from pg_namespace where ${chosen})
     select concat_ws(' ', 'schema', nspname, nspowner::regrole, rights.are) as line
     from chosen, ${sortedRights('nspacl')}
     union all
     select concat_ws(' ', 'relation', c.oid::regclass, relkind, relpersistence, relowner::regrole, rights.are,
       reloptions, obj_description(c.oid, 'pg_class'), case when relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
       case when relkind in ('i', 'I') then pg_get_indexdef(c.oid) end)
     from chosen s join pg_class c on relnamespace = s.oid, ${sortedRights('relacl')}
     union all
     select concat_ws(' ', 'column', c.oid::regclass, attname, format_type(atttypid, atttypmod), attacl,
       'number', attnum, 'not null', attnotnull, 'dropped', attisdropped, 'identity', attidentity, 'generated', attgenerated,
       'storage', attstorage, attoptions, pg_get_expr(adbin, adrelid), col_description(c.oid, attnum))
     from chosen s join pg_class c on relnamespace = s.oid
     join pg_attribute a on attrelid = c.oid and attnum > 0 left join pg_attrdef on adrelid = c.oid and adnum = attnum
     union all
     select concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(k.oid))
     from chosen s join pg_constraint k on connamespace = s.oid
     union all
     select concat_ws(' ', 'sequence', seqrelid::regclass, seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax,
       seqcache, seqcycle)
     from chosen s join pg_class c on relnamespace = s.oid join pg_sequence on seqrelid = c.oid
     union all
     select concat_ws(' ', 'function', p.oid::regprocedure, proowner::regrole, rights.are,
       case when prokind <> 'a' then pg_get_functiondef(p.oid) end, obj_description(p.oid, 'pg_proc'))
     from chosen s join pg_proc p on pronamespace = s.oid, ${sortedRights('proacl')}
     union all
     select concat_ws(' ', 'type', t.oid::regtype, typtype) from chosen s join pg_type t on typnamespace = s.oid
     union all
     select concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid)) from chosen s
     join pg_class c on relnamespace = s.oid join pg_trigger t on tgrelid = c.oid where not tgisinternal
     union all
     select concat_ws(' ', 'rule', pg_get_ruledef(r.oid)) from chosen s
     join pg_class c on relnamespace = s.oid join pg_rewrite r on ev_class = c.oid where relkind not in ('v', 'm')
     order by line`,
  )
  return rows.map(({ line }) => line)
}

function sortedRights(column: string): string {
  return `lateral (select array_agg(acl::text order by acl::text) as are from unnest(${column}) acl) rights`
}
