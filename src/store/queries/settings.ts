/** What the installation has set that reports depend on: one row, so that views can read it. */
import { isNull, ne } from 'drizzle-orm'
import { type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { orm } from '../postgres/query.ts'
import { settings } from '../schema.ts'

/** `timeZone` is an IANA name. The last process to start decides. */
export async function recordReportTimeZone(pool: Pool, timeZone: string): Promise<void> {
  await withDatabaseErrors('recording the report time zone', () =>
    orm(pool)
      .insert(settings)
      .values({ reportTimeZone: timeZone })
      .onConflictDoUpdate({
        target: settings.isOnly,
        set: { reportTimeZone: timeZone },
        setWhere: ne(settings.reportTimeZone, timeZone),
      }),
  )
}

export async function reportTimeZoneOnRecord(pool: Pool): Promise<string> {
  const [row] = await withDatabaseErrors('looking up the report time zone', () =>
    orm(pool).select({ zone: settings.reportTimeZone }).from(settings),
  )
  return row?.zone ?? 'UTC'
}

/** Fingerprint of the key that number keys are made with; null: none was ever made, or the key was retired. */
export async function numberKeyOnRecord(pool: Pool): Promise<string | null> {
  const [row] = await withDatabaseErrors('looking for the number key on record', () =>
    orm(pool).select({ fingerprint: settings.numberKeyFingerprint }).from(settings),
  )
  return row?.fingerprint ?? null
}

/** The first one decides. Returns the fingerprint that is on record then. */
export async function recordNumberKey(pool: Pool, fingerprint: string): Promise<string | null> {
  await withDatabaseErrors('recording the number key', () =>
    orm(pool)
      .insert(settings)
      .values({ numberKeyFingerprint: fingerprint })
      .onConflictDoUpdate({
        target: settings.isOnly,
        set: { numberKeyFingerprint: fingerprint },
        setWhere: isNull(settings.numberKeyFingerprint),
      }),
  )
  return numberKeyOnRecord(pool)
}
