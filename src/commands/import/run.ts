/** `import`: fills an empty database with an export. */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { type Config, readConfig } from '../../config/config.ts'
import { decodeNumberKey } from '../../config/secret.ts'
import { type ExitCode, exitCodes, UsageError } from '../../errors.ts'
import { createNumberKeys, NumberKeyError } from '../../snapshot/number-key.ts'
import { assertSchemaIsCurrent } from '../../store/migrate/migrate.ts'
import { keyFingerprint } from '../../store/pass/read-budget.ts'
import { withInterruption } from '../../terminal/interruption.ts'
import { print, printError } from '../../terminal/output.ts'
import { periodically } from '../../terminal/periodically.ts'
import { isAtLeast } from '../../terminal/progress.ts'
import { counted } from '../../text/counted.ts'
import type { Header } from '../../transfer/format.ts'
import { type Imported, importMirror } from '../../transfer/import-mirror.ts'
import { readExport } from '../../transfer/read-export.ts'
import { assertSchemaIsKnown } from '../../transfer/target.ts'
import { type OpenDatabase, withDatabase } from '../open/database.ts'
import { prepareDatabase } from '../open/prepare-database.ts'

const PROGRESS_EVERY_MS = 10_000

/** `path`: `-` for stdin. A file that can't be imported is refused before a database is opened or created. */
export async function runImport(path: string): Promise<ExitCode> {
  const config = readConfig({ needsApiKey: false })
  const say = (line: string) => isAtLeast(config.logLevel, 'info') && printError(line)
  await withInterruption(
    async (signal) => {
      const source = openSource(path)
      signal.addEventListener('abort', () => source.destroy(signal.reason))
      const file = await readExport(source)
      assertSchemaIsKnown(file.header)
      assertSameNumberKey(config, file.header)
      await withDatabase(
        config,
        async (database) => {
          await prepare(config, database)
          const onRows = periodically(PROGRESS_EVERY_MS, (table: string, rows: number) =>
            say(`Importing ${table}: ${counted(rows, 'row')}`),
          )
          const imported = await importMirror(file, { pool: database.pool, signal, onRows })
          if (isAtLeast(config.logLevel, 'info')) print(inWords(imported, file.header, config).join('\n'))
        },
        { name: 'import', signal },
      )
    },
    { outcome: 'nothing was imported' },
  )
  return exitCodes.ok
}

function openSource(path: string): Readable {
  if (path !== '-') {
    const file = createReadStream(path, { highWaterMark: 256 * 1024 })
    // Only an error of opening names it.
    return file.once('error', (error) => Object.assign(error, { path }))
  }
  if (process.stdin.isTTY)
    throw new UsageError(
      '`import -` reads an export from a pipe: allo-queue-mirror export | … allo-queue-mirror import -',
    )
  return process.stdin
}

async function prepare(config: Config, { url, pool }: OpenDatabase): Promise<void> {
  if (!config.autoMigrate) return assertSchemaIsCurrent(pool)
  const { note } = await prepareDatabase(config, url)
  if (note !== null) printError(note)
}

/** With another key, no process could use the database afterwards. */
function assertSameNumberKey({ numberKey }: Config, header: Header): void {
  const secret = decodeNumberKey(numberKey?.value() ?? '')
  if (secret === null || header.numberKey === null) return
  if (createNumberKeys(secret).fingerprint === header.numberKey) return
  throw new NumberKeyError(
    'NUMBER_KEY is not the key that the number keys in this export were made with: set that key, or none, and import again; nothing was imported',
  )
}

function inWords(imported: Imported, header: Header, config: Config): string[] {
  if (imported.outcome === 'was_imported')
    return [`This export was imported here already, at ${imported.at}. Nothing was changed.`]
  const key = config.apiKey === null ? null : keyFingerprint(config.apiKey.value())
  return [
    `Imported ${counted(imported.rows, 'row')}, as of ${header.exportedAt}. All checks of the export passed.`,
    ...(header.numberKey !== null && config.numberKey === null ? [keyIsNeeded] : []),
    ...(key !== null && !header.apiKeys.includes(key) ? [keyIsNew] : []),
    'If you forgot a number after that moment, forget it again: the export still contains it.',
    'Next: `allo-queue-mirror check`, then `sync` or the worker.',
  ]
}

const keyIsNeeded =
  'Its number keys were made with a NUMBER_KEY, which every process needs from now on: set NUMBER_KEY or NUMBER_KEY_FILE. If the export came from an embedded Postgres, the key is the file number-key in its DATA_DIR; for an embedded Postgres, copy it into DATA_DIR.'
const keyIsNew =
  'ALLO_API_KEY never read this mirror. If it belongs to another team, sync adds that team to the database.'
