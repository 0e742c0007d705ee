/** `retain`: erases now what is older than configured, as a worker does once a day. */
import { readConfig } from '../../config/config.ts'
import { type ExitCode, exitCodes } from '../../errors.ts'
import { openNumberKeys } from '../../personal-data/open-number-keys.ts'
import { retain, retainedInWords } from '../../personal-data/retain.ts'
import { assertSchemaIsCurrent } from '../../store/migrate/migrate.ts'
import { allTeams } from '../../store/pass/teammates.ts'
import { withInterruption } from '../../terminal/interruption.ts'
import { print } from '../../terminal/output.ts'
import { isAtLeast } from '../../terminal/progress.ts'
import { printable } from '../../text/printable.ts'
import { withDatabase } from '../open/database.ts'

/** For every team in the database. A signal stops it between two transactions. */
export async function runRetain(): Promise<ExitCode> {
  const config = readConfig({ needsApiKey: false })
  const { retention } = config
  const say = (line: string) => isAtLeast(config.logLevel, 'info') && print(line)
  return withInterruption((signal) =>
    withDatabase(
      config,
      async (database) => {
        const { pool } = database
        await assertSchemaIsCurrent(pool)
        const numberKeys = await openNumberKeys(config, database)
        for (const { teamId, name } of await allTeams(pool)) {
          const retained = await retain({ pool, teamId, numberKeys, signal }, retention)
          say(`${printable(name ?? teamId)}: ${retainedInWords(retained)}.`)
          signal.throwIfAborted()
        }
        if (retention.numbersDays === null) say('Numbers are kept for ever: RETAIN_NUMBERS_DAYS is not set.')
        if (retention.historyDays === null) say('History is kept for ever: RETAIN_HISTORY_DAYS is not set.')
        return exitCodes.ok
      },
      { mayCreate: false, name: 'retain', signal },
    ),
  )
}
