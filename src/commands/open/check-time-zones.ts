/** The time zones of the configuration, asked of the database that will use them. */

import { type Config, ConfigError } from '../../config/config.ts'
import { offsetsOf, otherNames } from '../../config/time-zone.ts'
import { ask, type Pool } from '../../store/postgres/database.ts'
import { inspectTimeZone, timeZoneNames } from '../../store/postgres/inspect-database.ts'

type Zones = Pick<Config, 'naiveTimeZone' | 'reportTimeZone'>

const MONTHS_BACK = 24
const MONTHS_AHEAD = 12

/**
 * Throws a ConfigError when Postgres does not know a zone. Returns a warning, in a sentence, for each that it knows
 * with other offsets than Node: one of the two has older time zone data.
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
    const { offsets } = await inspectTimeZone(pool, zone, instants)
    if (offsets === null) {
      const problem = `Postgres does not know ${zone}. ${await wayOut(pool, zone)}`
      problems.push({ variable, problem })
      continue
    }
    const mine = offsetsOf(zone, instants)
    const first = instants.find((_, nth) => offsets[nth] !== mine[nth])
    if (first !== undefined)
      warnings.push(
        `${variable}: Postgres and this Node have different clocks for ${zone}, as in ${first.toISOString().slice(0, 7)}. Reports follow Postgres. Update the older time zone data.`,
      )
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return warnings
}

/** For commands that read what the last sync or worker put on record. */
export async function checkStoredTimeZone(pool: Pool): Promise<void> {
  const { rows } = await ask<{ zone: string }>(
    pool,
    'looking up the report time zone',
    'select report_time_zone as zone from allo.settings',
    [],
  )
  const zone = rows[0]?.zone ?? 'UTC'
  if ((await inspectTimeZone(pool, zone, [new Date()])).offsets !== null) return
  const problem = `Postgres does not know ${zone} (any more), which is on record here. ${await wayOut(pool, zone)} Then run sync.`
  throw new ConfigError([{ variable: 'REPORT_TIME_ZONE', problem }])
}

/** Node may know the same zone under a name that this Postgres has. */
async function wayOut(pool: Pool, zone: string): Promise<string> {
  const names = await timeZoneNames(pool)
  const same = otherNames(zone, names)
  return same.length > 0
    ? `Set ${same.join(' or ')}, the same zone.`
    : 'Set a name that its pg_timezone_names lists, or update the time zone data of its server.'
}

/** The middle of each month: every rule for summer time has begun or ended by then. */
function monthsAround(now: Date): Date[] {
  return Array.from(
    { length: MONTHS_BACK + 1 + MONTHS_AHEAD },
    (_, month) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - MONTHS_BACK + month, 15, 12)),
  )
}
