import { sql } from 'drizzle-orm'
import type { Client } from '../store/postgres/database.ts'
import { array, run } from '../store/postgres/query.ts'

/** A server or a login may limit statements and idle transactions. Postgres before 17 lacks the last one. */
const timeouts = ['statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout']

/** For this transaction: its other end, a pipe, may be slow. */
export async function liftTimeouts(client: Client): Promise<void> {
  await run(
    client,
    sql`select set_config(name, '0', true) from pg_settings where name = any (${array(timeouts)}::text[])`,
  )
}
