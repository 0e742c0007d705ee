/**
 * Objects that a role with CREATE on a schema can place there so that others run them: functions and operators with
 * known names.
 */
import pg from 'pg'
import type { Pool } from '../../src/store/postgres/database.ts'

const ours = `('allo'::regnamespace, 'reporting'::regnamespace, 'reporting_pii'::regnamespace)`

/**
 * Statements that shadow, in `schema`, every function and operator that our views and functions use: same name, same
 * arguments, same answer, and a warning with its arguments beside. Bound names come from the stored trees of views and
 * bodies; names in bodies given as text from the text.
 */
export async function shadowsOfAllWeUse(pool: Pool, schema: string): Promise<string[]> {
  const { rows: used } = await pool.query<{ functions: string[]; operators: string[] }>(
    `with trees as (
       select ev_action::text as tree from pg_rewrite r join pg_class c on c.oid = r.ev_class where relnamespace in ${ours}
       union all
       select prosqlbody::text from pg_proc where pronamespace in ${ours}
     ), texts as (
       select prosrc as body from pg_proc where pronamespace in ${ours} and prosqlbody is null
     ), ids as (
       select id::oid from trees, regexp_matches(tree, ':(?:funcid|opfuncid|aggfnoid|winfnoid|opno) (\\d+)', 'g') found, unnest(found) id
       union
       select id::oid from trees, regexp_matches(tree, ':opnos \\(o ([\\d ]+)\\)', 'g') found, unnest(string_to_array(found[1], ' ')) id
     ), names as (
       select word from texts, regexp_matches(body, '([a-z_]+)\\s*\\(|([-+*/<>=~!@#%^&|]+)', 'g') found, unnest(found) word
     )
     select array(select p.oid::text from pg_proc p where p.pronamespace in ('pg_catalog'::regnamespace, 'allo'::regnamespace)
         and p.prokind = 'f' and not 'internal'::regtype::oid = any (p.proargtypes::oid[])
         and (p.oid in (select id from ids) or p.proname in (select word from names)
           or p.oid in (select oprcode from pg_operator o where o.oid in (select id from ids)))) as functions,
       array(select o.oid::text from pg_operator o where o.oprnamespace = 'pg_catalog'::regnamespace
         and (o.oid in (select id from ids) or o.oprname in (select word from names)
           or o.oprcode in (select id from ids))) as operators`,
  )
  const { functions = [], operators = [] } = used[0] ?? {}
  const { rows } = await pool.query<{ sql: string }>(
    `select format($f$create function %1$I.%2$I(%3$s) returns %4$s%5$s language plpgsql as
         $h$ begin raise warning 'stolen by %2$s: %%', row(%6$s)::text; %7$s %8$s.%2$I(%6$s); end $h$$f$,
       $1::text, proname, array_to_string(proargtypes::regtype[], ', '), case when proretset then 'setof ' else '' end,
       prorettype::regtype, (select string_agg('$' || n, ', ') from generate_series(1, pronargs) n),
       case when proretset then 'return query select * from' else 'return' end, pronamespace::regnamespace) as sql
     from pg_proc where oid = any ($2::oid[]) and pronargs > 0
     union all
     select format($f$create function %1$I.shadow_%2$s(%3$s, %4$s) returns %5$s language plpgsql as
         $h$ begin raise warning 'stolen by %6$s: %%', row($1, $2)::text; return $1 operator(pg_catalog.%6$s) $2; end $h$;
       create operator %1$I.%6$s (leftarg = %3$s, rightarg = %4$s, function = %1$I.shadow_%2$s)$f$,
       $1::text, oid, oprleft::regtype, oprright::regtype, oprresult::regtype, replace(oprname, '%', '%%'))
     from pg_operator where oid = any ($3::oid[]) and oprleft <> 0`,
    [schema, functions, operators],
  )
  return rows.map(({ sql }) => sql)
}

/** Creates what is possible and returns the number. Pseudo-types and similar can't be used by any role. */
export async function createAll(client: pg.ClientBase, statements: readonly string[]): Promise<number> {
  let made = 0
  await client.query('begin')
  for (const statement of statements) {
    await client.query('savepoint one')
    made += await client.query(statement).then(
      () => 1,
      () => client.query('rollback to savepoint one').then(() => 0),
    )
  }
  await client.query('commit')
  return made
}

const types = [
  'smallint',
  'integer',
  'bigint',
  'real',
  'double precision',
  'numeric',
  'text',
  'varchar',
  'date',
  'timestamp',
  'timestamptz',
  'interval',
  'jsonb',
  'boolean',
  'text[]',
  'oid',
  'name',
]
const signs = ['+', '-', '*', '/', '%', '=', '<>', '<', '>', '<=', '>=', '||', '~', '~~']

/**
 * One statement that makes operators in `schema` for pairs of types that Postgres has none for, and functions of the
 * given names: they are nearer to what a statement says than any of Postgres itself, which must convert its arguments.
 * Each counts its calls in the sequence `schema.caught`, which no rollback takes back.
 */
export function nearerThanPostgres(schema: string, names: readonly string[]): string {
  const list = (words: readonly string[]) =>
    `array[${words.map((word) => pg.escapeLiteral(word)).join(', ')}]`
  return `do $do$
    declare one record;
    begin
      create sequence ${schema}.caught;
      grant usage on sequence ${schema}.caught to public;
      for one in select l::regtype as l, r::regtype as r from unnest(${list(types)}) l, unnest(${list(types)}) r loop
        execute format('create function ${schema}.caught(%1$s, %2$s) returns boolean language plpgsql as
          $h$ begin perform pg_catalog.nextval(''${schema}.caught''); return null; end $h$', one.l, one.r);
      end loop;
      for one in
        select s, l::regtype as l, r::regtype as r
        from unnest(${list(signs)}) s, unnest(${list(types)}) l, unnest(${list(types)}) r
        where not exists (select from pg_catalog.pg_operator
          where oprname = s and oprleft = l::regtype and oprright = r::regtype)
      loop
        execute format('create operator ${schema}.%1$s (leftarg = %2$s, rightarg = %3$s, function = ${schema}.caught)',
          one.s, one.l, one.r);
      end loop;
      for one in
        select n, t::regtype as t from unnest(${list(names)}) n, unnest(${list(types)}) t
        where not exists (select from pg_catalog.pg_proc where proname = n and proargtypes[0] = t::regtype and pronargs = 1)
      loop
        execute format('create function ${schema}.%1$I(%2$s) returns boolean language plpgsql as
          $h$ begin perform pg_catalog.nextval(''${schema}.caught''); return null; end $h$', one.n, one.t);
      end loop;
    end $do$`
}
