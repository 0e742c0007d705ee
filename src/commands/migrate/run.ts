/** `migrate`: migrates the database to this version and prints the result. */
import { readConfig } from '../../config/config.ts'
import { type ExitCode, exitCodes } from '../../errors.ts'
import { print, printError } from '../../terminal/output.ts'
import { counted } from '../../text/counted.ts'
import { checkTimeZones } from '../open/check-time-zones.ts'
import { type OpenDatabase, withDatabase } from '../open/database.ts'
import { prepareDatabase } from '../open/prepare-database.ts'

export async function runMigrate(): Promise<ExitCode> {
  const config = readConfig({ needsApiKey: false })
  const work = async ({ url, pool }: OpenDatabase) => {
    for (const warning of await checkTimeZones(pool, config)) printError(warning)
    return prepareDatabase(config, url)
  }
  const { migrations, hasNewViews, note } = await withDatabase(config, work, { name: 'migrate' })
  if (migrations > 0) print(`Applied ${counted(migrations, 'migration')}.`)
  else print(hasNewViews ? 'Updated views and functions.' : 'The database is up to date.')
  if (note !== null) print(note)
  return exitCodes.ok
}
