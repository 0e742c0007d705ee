/** What the installation has set that reports depend on: one row, so that views can read it. */
import { ask, type Pool } from '../postgres/database.ts'

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

/** Fingerprint of the key that number keys are made with; null: none was ever made, or the key was retired. */
export async function numberKeyOnRecord(pool: Pool): Promise<string | null> {
  const { rows } = await ask<{ fingerprint: string | null }>(
    pool,
    'looking for the number key on record',
    'select number_key_fingerprint as fingerprint from allo.settings',
    [],
  )
  return rows[0]?.fingerprint ?? null
}

/** The first one decides. Returns the fingerprint that is on record then. */
export async function recordNumberKey(pool: Pool, fingerprint: string): Promise<string | null> {
  await ask(
    pool,
    'recording the number key',
    `insert into allo.settings as s (number_key_fingerprint) values ($1)
     on conflict (is_only) do update set number_key_fingerprint = excluded.number_key_fingerprint
     where s.number_key_fingerprint is null`,
    [fingerprint],
  )
  return numberKeyOnRecord(pool)
}
