/** Checks of doctor on a Postgres that answers. */

import { openSchemas } from '../../access/open-schemas.ts'
import { roleNames } from '../../access/roles.ts'
import type { Config } from '../../config/config.ts'
import { exitCodes } from '../../errors.ts'
import { openNumberKeys } from '../../personal-data/open-number-keys.ts'
import { inspectSchema } from '../../store/migrate/migrate.ts'
import type { Pool } from '../../store/postgres/database.ts'
import { assertNoForeignOwner, JOBS_SCHEMA, OUR_SCHEMAS } from '../../store/postgres/foreign-owners.ts'
import { clockDifferenceMs, inspectServer, missingRights } from '../../store/postgres/inspect-database.ts'
import { inspectObjects, schemasInTheWay } from '../../store/postgres/inspect-objects.ts'
import { tryDatabase } from '../../store/postgres/probe.ts'
import { checkTimeZones } from '../open/check-time-zones.ts'
import type { OpenDatabase } from '../open/database.ts'
import type { Report, Subject } from './report.ts'

/** The database's clock dates the readings, so a large difference shifts history. */
const WORRYING_CLOCK_MS = 2000

export async function checkDatabase(
  report: Report,
  { pool, url, isEmbedded }: OpenDatabase,
  config: Config,
): Promise<void> {
  await report.check('Postgres', async ({ right }) => {
    const { version, database, login } = await inspectServer(pool)
    right(`version ${version}, database ${database}, as ${login}`)
  })

  await report.check('rights', async ({ right, wrong }) => {
    const missing = await missingRights(pool, { migrates: config.autoMigrate })
    const may = config.autoMigrate ? 'create and fill schema allo' : 'read and write schema allo'
    if (missing.length === 0) right(`may ${may}`)
    else wrong(`this login may not ${missing.join(', nor ')}. Grant these rights, or use another login.`)
  })

  await report.check('clock', async ({ right, warning }) => {
    const ms = Math.round(await clockDifferenceMs(pool))
    const says = `the database is ${Math.abs(ms)} ms ${ms < 0 ? 'behind' : 'ahead of'} this machine`
    if (Math.abs(ms) < WORRYING_CLOCK_MS) right(says)
    else warning(`${says}, and history uses the database's clock. Correct the wrong clock (NTP).`)
  })

  await report.check('schema', async ({ right, wrong }) => {
    const { state, known, says } = await inspectSchema(pool)
    if (state === 'current') right(`allo has this version (${known} migrations)`)
    else if (state === 'ahead') {
      wrong(`made by a newer version (${says}). Upgrade this program.`)
    } else if (state === 'incompatible') wrong(`${says}.`)
    else {
      const what = state === 'absent' ? 'not there yet' : `older (${says})`
      if (config.autoMigrate) right(`${what}; the next sync migrates it`)
      else wrong(`${what}, and AUTO_MIGRATE=false: run migrate`)
    }
  })

  await report.check('owners', () => assertNoForeignOwner(pool, [...OUR_SCHEMAS, JOBS_SCHEMA]))

  await report.check('objects', (about) => checkObjects(about, pool))

  await report.check('open schemas', async ({ warning }) => {
    const roles = config.rolePrefix === null ? null : roleNames(config.rolePrefix)
    for (const says of await openSchemas(pool, roles)) warning(`${says}.`)
  })

  await report.check('writing', async ({ right, wrong }) => {
    if ((await inspectSchema(pool)).state !== 'current') return
    const holder = await tryDatabase(url)
    if (holder !== null) wrong(`${holder}.`, exitCodes.tryAgain)
    else right('a row can be written, and the disk has space')
  })

  await report.check('number key', async ({ right }) => {
    if ((await inspectSchema(pool)).state !== 'current') return
    const numberKeys = await openNumberKeys(config, { pool, isEmbedded }, { mayWrite: false })
    const isSet = config.numberKey !== null || isEmbedded
    if (numberKeys !== null) right('matches this database')
    else if (isSet) right('none in use yet; the next sync records it')
    else right('NUMBER_KEY is not set: number_key is empty, and forget --suppress does not work')
  })

  await report.check('time zones', async ({ right, warning }) => {
    const warnings = await checkTimeZones(pool, config)
    for (const says of warnings) warning(says)
    const zones = [...new Set([config.naiveTimeZone, config.reportTimeZone])]
    if (warnings.length === 0) right(`Postgres knows ${zones.join(' and ')} as Node does`)
  })
}

/** Compares the objects in our schemas with those that this version expects. */
async function checkObjects({ right, warning, wrong }: Subject, pool: Pool): Promise<void> {
  const { state } = await inspectSchema(pool)
  if (state === 'absent') {
    const taken = await schemasInTheWay(pool)
    for (const schema of taken)
      wrong(
        `schema ${schema} is not ours, but the reports need this name. Rename it (alter schema ${schema} rename to …), or use a separate database.`,
      )
    return
  }
  // An older or newer version has other objects.
  if (state !== 'current') return
  const { missing, foreign } = await inspectObjects(pool)
  const tables = missing.filter((object) => object.startsWith('table '))
  const schemas = missing.filter((object) => object.startsWith('schema '))
  const others = missing.filter((object) => !tables.includes(object) && !schemas.includes(object))
  if (tables.length > 0) wrong(`missing: ${few(tables)}. Restore them from a backup.`)
  if (schemas.length + others.length > 0) {
    const first = schemas.map((schema) => `create ${schema}; `).join('')
    wrong(
      `missing: ${few([...schemas, ...others])}. Run \`${first}delete from allo.repeatable_migrations\` in the database, then migrate.`,
    )
  }
  if (foreign.length > 0)
    warning(`not ours: ${few(foreign)}. A migration may need the name; move it elsewhere.`)
  if (missing.length + foreign.length === 0) right('all tables, views and functions exist, and no others')
}

function few(objects: readonly string[]): string {
  const shown = objects.slice(0, 5).join(', ')
  return objects.length > 5 ? `${shown} and ${objects.length - 5} more` : shown
}
