import { type SQL, sql } from 'drizzle-orm'

/** An instant as text: ISO 8601 in UTC with microseconds, which Postgres takes back unchanged. */
export function instant(at: SQL): SQL {
  return sql`to_char((${at}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
}
