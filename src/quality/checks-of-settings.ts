/** Checks that Postgres still understands the stored configuration. */
import { sql } from 'drizzle-orm'
import type { Check } from './check.ts'

/** An upgrade of the server's time zone data can remove an old name. Then every view of local days fails. */
export const reportTimeZoneKnown: Check = {
  name: 'report_time_zone_known',
  severity: 'error',
  rows: (
    teamId,
  ) => sql`select s.report_time_zone as id, ${teamId}::text is null or s.report_time_zone <> 'UTC' and (
      position('/' in s.report_time_zone) = 0
      or not exists (select from pg_timezone_names z where lower(z.name) = lower(s.report_time_zone))) as is_wrong
    from allo.settings s`,
  items: ['report time zone', 'report time zones'],
  right: ['is known to Postgres', 'are known to Postgres'],
  wrong: ['is not known to Postgres, or is an abbreviation', 'are not known to Postgres'],
  advice: 'Reports of days and hours fail or are shifted. Set REPORT_TIME_ZONE to another name and run sync.',
}
