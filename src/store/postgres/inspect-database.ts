/** What a server and a login are able to do, asked without changing anything. */

import { type SQL, sql } from 'drizzle-orm'
import { foreignCodeOf } from '../../errors.ts'
import { type Pool, withDatabaseErrors } from './database.ts'
import { tablesOfThisVersion } from './inspect-objects.ts'
import { anyOf, array, one, run } from './query.ts'

export const OLDEST_POSTGRES = 14

export interface ServerReport {
  /** `18.4` */
  readonly version: string
  readonly major: number
  /** A standby, or a session that may only read. */
  readonly isReadOnly: boolean
  readonly database: string
  readonly login: string
  /** `UTF8` */
  readonly encoding: string
}

export async function inspectServer(pool: Pool): Promise<ServerReport> {
  return withDatabaseErrors('asking Postgres what it is', async () => {
    const client = await pool.connect()
    // A session may stay read only although new ones are not: the next question takes another one.
    let isLast = true
    try {
      const server = await one<ServerReport>(
        client,
        sql`select split_part(current_setting('server_version'), ' ', 1) as version,
           current_setting('server_version_num')::int / 10000 as major,
           pg_is_in_recovery() or current_setting('transaction_read_only')::boolean as "isReadOnly",
           current_database() as database, current_user as login, current_setting('server_encoding') as encoding`,
      )
      isLast = server.isReadOnly
      return server
    } finally {
      client.release(isLast)
    }
  })
}

/** Rights that are missing, each as what the login can't do. One that does not migrate makes and changes no table. */
export async function missingRights(pool: Pool, { migrates }: { migrates: boolean }): Promise<string[]> {
  return withDatabaseErrors('asking for rights', async () => {
    const rows = await run<{ missing: string }>(
      pool,
      sql`with us as (select to_regnamespace('allo') as schema),
       tables as (
         select ${namesOrCount(sql`not (has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert')
             and has_table_privilege(c.oid, 'update') and has_table_privilege(c.oid, 'delete'))`)} as unwritable,
           ${namesOrCount(sql`not pg_has_role(c.relowner, 'usage')`)} as foreign_owned
         from us join pg_class c on c.relnamespace = us.schema and c.relkind = 'r'
           and 'allo.' || c.relname ${anyOf(tablesOfThisVersion)}
       )
       select missing from us, tables, lateral (values
         (${migrates} and schema is null and not has_database_privilege(current_database(), 'create'),
           'create a schema in this database'),
         (not has_database_privilege(current_database(), 'temporary'), 'create temporary tables'),
         (schema is not null and not has_schema_privilege(schema, 'usage'), 'use schema allo'),
         (${migrates} and schema is not null and not has_schema_privilege(schema, 'create'), 'create tables in schema allo'),
         (unwritable is not null, 'read and write ' || unwritable),
         (${migrates} and foreign_owned is not null, 'change ' || foreign_owned || ', which another role owns')
       ) as rights (is_missing, missing) where is_missing`,
    )
    return rows.map((row) => row.missing)
  })
}

/** Of the tables `c` for which this holds: up to three names, else how many; null: of none. */
function namesOrCount(holds: SQL): SQL {
  return sql`case when count(*) filter (where ${holds}) > 3
      then count(*) filter (where ${holds}) || ' tables of schema allo'
      else string_agg('allo.' || c.relname, ', ' order by c.relname) filter (where ${holds}) end`
}

/** How far the database's clock is ahead of ours, to within half a round trip. */
export async function clockDifferenceMs(pool: Pool): Promise<number> {
  return withDatabaseErrors('asking the time', async () => {
    const client = await pool.connect()
    try {
      const before = Date.now()
      const { ms } = await one<{ ms: number }>(
        client,
        sql`select extract(epoch from clock_timestamp())::float8 * 1000 as ms`,
      )
      return ms - (before + Date.now()) / 2
    } finally {
      client.release()
    }
  })
}

/** How far the zone is ahead of UTC at each instant, in minutes; null: this server does not know the name. */
export async function zoneOffsets(
  pool: Pool,
  zone: string,
  instants: readonly Date[],
): Promise<number[] | null> {
  return withDatabaseErrors('looking for time zones', async () => {
    try {
      const texts = instants.map((instant) => instant.toISOString())
      const rows = await run<{ minutes: number }>(
        pool,
        sql`select (extract(epoch from (at at time zone ${zone}) - (at at time zone 'UTC')) / 60)::float8 as minutes
            from unnest(${array(texts)}::timestamptz[]) with ordinality as instants (at, nth) order by nth`,
      )
      return rows.map(({ minutes }) => minutes)
    } catch (error) {
      if (foreignCodeOf(error) === '22023') return null
      throw error
    }
  })
}

/** What this server calls time zones: slow, since it reads a file for each. */
export async function timeZoneNames(pool: Pool): Promise<string[]> {
  const rows = await withDatabaseErrors('listing time zones', () =>
    run<{ name: string }>(pool, sql`select name from pg_timezone_names order by name`),
  )
  return rows.map(({ name }) => name)
}
