/** What the installation has set that reports depend on: one row, so that views can read it. */
import { isNull, ne, type SQL, sql } from 'drizzle-orm'
import type { MinutesOfWeek } from '../../config/working-hours.ts'
import { type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { orm } from '../postgres/query.ts'
import { settings } from '../schema.ts'

/** `timeZone` is an IANA name. The last process to start decides. */
export async function recordReportTimeZone(pool: Pool, timeZone: string): Promise<void> {
  const isOther = ne(settings.reportTimeZone, timeZone)
  await record(pool, 'recording the report time zone', { reportTimeZone: timeZone }, isOther)
}

/** Empty: none. The last process to start decides. */
export async function recordConversionTags(pool: Pool, tags: readonly string[]): Promise<void> {
  const conversionTags = tags.length === 0 ? null : [...tags]
  const isOther = sql`${settings.conversionTags} is distinct from ${sql.param(conversionTags)}::text[]`
  await record(pool, 'recording the conversion tags', { conversionTags }, isOther)
}

export async function reportTimeZoneOnRecord(pool: Pool): Promise<string> {
  return (await onRecord(pool, 'looking up the report time zone'))?.reportTimeZone ?? 'UTC'
}

/** Fingerprint of the key that number keys are made with; null: none was ever made, or the key was retired. */
export async function numberKeyOnRecord(pool: Pool): Promise<string | null> {
  return (await onRecord(pool, 'looking for the number key on record'))?.numberKeyFingerprint ?? null
}

/** The first one decides. Returns the fingerprint that is on record then. */
export async function recordNumberKey(pool: Pool, fingerprint: string): Promise<string | null> {
  const isFirst = isNull(settings.numberKeyFingerprint)
  await record(pool, 'recording the number key', { numberKeyFingerprint: fingerprint }, isFirst)
  return numberKeyOnRecord(pool)
}

/**
 * The target, and working hours in minutes of the week, stored as a multirange of Postgres; null: none. The last process
 * to start decides.
 */
export async function recordSpeedToLead(
  pool: Pool,
  target: { readonly speedToLeadTargetMs: number; readonly workingHours: readonly MinutesOfWeek[] | null },
): Promise<void> {
  const speedToLeadSeconds = target.speedToLeadTargetMs / 1000
  const ranges = target.workingHours?.map(([from, to]) => `[${from},${to})`)
  const workingHours = ranges === undefined ? null : `{${ranges.join(',')}}`
  const isOther = sql`(${settings.speedToLeadSeconds}, ${settings.workingHours})
    is distinct from (${speedToLeadSeconds}::float8, ${workingHours}::text)`
  await record(pool, 'recording the target of speed to lead', { speedToLeadSeconds, workingHours }, isOther)
}

async function onRecord(pool: Pool, doing: string) {
  const [row] = await withDatabaseErrors(doing, () => orm(pool).select().from(settings))
  return row
}

/** In the row there is, only if `setWhere` holds. */
async function record(
  pool: Pool,
  doing: string,
  values: typeof settings.$inferInsert,
  setWhere: SQL,
): Promise<void> {
  await withDatabaseErrors(doing, () =>
    orm(pool)
      .insert(settings)
      .values(values)
      .onConflictDoUpdate({ target: settings.isOnly, set: values, setWhere }),
  )
}
