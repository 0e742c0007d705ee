/** Checks the configured time zones against the database that will use them. */

import { type Config, ConfigError } from '../../config/config.ts'
import { offsetsOf, otherNames } from '../../config/time-zone.ts'
import type { Pool } from '../../store/postgres/database.ts'
import { timeZoneNames, zoneOffsets } from '../../store/postgres/inspect-database.ts'
import { reportTimeZoneOnRecord } from '../../store/queries/settings.ts'

type Zones = Pick<Config, 'naiveTimeZone' | 'reportTimeZone'>

const MONTHS_BACK = 24
const MONTHS_AHEAD = 12

/**
 * Throws a ConfigError if Postgres does not know a time zone. Returns a warning for each zone with other offsets than
 * in Node: one of the two then has older time zone data.
 */
export async function checkTimeZones(pool: Pool, zones: Zones): Promise<string[]> {
  const instants = monthsAround(new Date())
  const problems = []
  const warnings = []
  for (const [variable, zone] of [
    ['ALLO_TIME_ZONE', zones.naiveTimeZone],
    ['REPORT_TIME_ZONE', zones.reportTimeZone],
  ] as const) {
    if (zone === 'UTC') continue
    const offsets = await zoneOffsets(pool, zone, instants)
    if (offsets === null) {
      const problem = `Postgres does not know ${zone}. ${await wayOut(pool, zone)}`
      problems.push({ variable, problem })
      continue
    }
    const mine = offsetsOf(zone, instants)
    const first = instants.find((_, nth) => offsets[nth] !== mine[nth])
    if (first !== undefined)
      warnings.push(
        `${variable}: Postgres and this Node disagree about the local time in ${zone}, as in ${first.toISOString().slice(0, 7)}. Reports follow Postgres. Update the older time zone data.`,
      )
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return warnings
}

/** Checks the stored report time zone, for commands that read the database. Throws a ConfigError. */
export async function checkStoredTimeZone(pool: Pool): Promise<void> {
  const zone = await reportTimeZoneOnRecord(pool)
  if ((await zoneOffsets(pool, zone, [new Date()])) !== null) return
  const problem = `Postgres does not know ${zone}, the time zone on record (any more). ${await wayOut(pool, zone)} Then run sync.`
  throw new ConfigError([{ variable: 'REPORT_TIME_ZONE', problem }])
}

/** Suggests a name that this Postgres knows for the same zone. */
async function wayOut(pool: Pool, zone: string): Promise<string> {
  const names = await timeZoneNames(pool)
  const same = otherNames(zone, names)
  return same.length > 0
    ? `Set ${same.join(' or ')}, the same zone.`
    : 'Set a name from its view pg_timezone_names, or update the time zone data of the server.'
}

/** The middle of each month, when no change of the clock is near. */
function monthsAround(now: Date): Date[] {
  return Array.from(
    { length: MONTHS_BACK + 1 + MONTHS_AHEAD },
    (_, month) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - MONTHS_BACK + month, 15, 12)),
  )
}
