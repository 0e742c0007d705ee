/** What the installation has set that reports depend on: one row, so that views can read it. */
import { ask, type Pool } from './database.ts'

/** `timeZone` is an IANA name. The last process to start decides. */
export async function recordReportTimeZone(pool: Pool, timeZone: string): Promise<void> {
  await ask(
    pool,
    'recording the report time zone',
    `insert into allo.settings as s (report_time_zone) values ($1)
     on conflict (is_only) do update set report_time_zone = excluded.report_time_zone
     where s.report_time_zone <> excluded.report_time_zone`,
    [timeZone],
  )
}
