/**
 * Sets the clock of a database of the bench. Postgres has no setting for it, so `clock_timestamp()` is replaced. The
 * program takes all its times from there, so it writes history as of any moment.
 */
import type { Pool } from '../src/store/postgres/database.ts'

export interface DatabaseClock {
  /** Sets the clock to `at`. It continues from there at normal speed. */
  set(at: number): Promise<void>
  /** The real time again. */
  giveBack(): Promise<void>
}

export async function takeClock(pool: Pool): Promise<DatabaseClock> {
  await pool.query(`
    create schema bench;
    create table bench.clock as select interval '0' as ahead;
    alter function pg_catalog.clock_timestamp() rename to clock_of_the_server;
    create function pg_catalog.clock_timestamp() returns timestamptz language sql volatile
      as 'select clock_of_the_server() + ahead from bench.clock'`)
  return {
    async set(at) {
      await pool.query(
        'update bench.clock set ahead = to_timestamp($1::float8 / 1000) - clock_of_the_server()',
        [at],
      )
    },
    async giveBack() {
      await pool.query(`
        drop function pg_catalog.clock_timestamp();
        alter function pg_catalog.clock_of_the_server() rename to clock_timestamp;
        drop schema bench cascade`)
    },
  }
}
