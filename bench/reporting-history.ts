/**
 * The history of a team as the mirror would have it after years of passes, by COPY. The plan and the simulation
 * decide what happened; nothing in it depends on how far back it is told.
 */
import { createHash } from 'node:crypto'
import { createNumberKeys } from '../src/snapshot/number-key.ts'
import type { Pool } from '../src/store/postgres/database.ts'
import { recordNumberKey, recordReportTimeZone } from '../src/store/queries/settings.ts'
import { DAY_MS, PASS_EVERY_MS, planHistory } from './reporting-plan.ts'
import { createLoader } from './reporting-rows.ts'
import { openTeam } from './reporting-team.ts'

export const TEAM_ID = 'team-bench'

/** Into an empty database. `endsAt`: on the schedule of passes. */
export async function loadHistory(
  pool: Pool,
  history: { readonly endsAt: number; readonly days: number },
): Promise<void> {
  const plan = planHistory(history)
  const numberKeys = createNumberKeys(createHash('sha256').update('bench').digest())
  await recordReportTimeZone(pool, 'Europe/Paris')
  await recordNumberKey(pool, numberKeys.fingerprint)
  const loader = createLoader(pool)
  const ids = { queue_entries: 0, dials: 0 }
  const nextId = (table: keyof typeof ids) => {
    ids[table] += 1
    return ids[table]
  }
  const team = openTeam(plan, { teamId: TEAM_ID, rows: loader, numberKeys, nextId })
  // Passes refer to the team.
  await loader.writeAll()
  for (let at = plan.startsAt; at <= plan.endsAt; at += PASS_EVERY_MS) {
    team.pass(at)
    if (at % DAY_MS === 0) await loader.writeMuch()
  }
  team.leaveOpen()
  await loader.writeAll()
  await pool.query(`
    select setval(pg_get_serial_sequence('allo.queue_entries', 'entry_id'), max(entry_id)) from allo.queue_entries;
    select setval(pg_get_serial_sequence('allo.dials', 'dial_id'), max(dial_id)) from allo.dials;
    select setval(pg_get_serial_sequence('allo.sync_passes', 'pass_id'), max(pass_id)) from allo.sync_passes`)
  await pool.query('vacuum analyze')
}
