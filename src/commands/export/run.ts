/** `export`: writes the whole mirror to one compressed file, or to a pipe. What it did goes to stderr. */
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type Config, readConfig } from '../../config/config.ts'
import { type ExitCode, exitCodes } from '../../errors.ts'
import { assertSchemaIsCurrent } from '../../store/migrate/migrate.ts'
import { inTransaction } from '../../store/postgres/database.ts'
import { withInterruption } from '../../terminal/interruption.ts'
import { printError } from '../../terminal/output.ts'
import { periodically } from '../../terminal/periodically.ts'
import { isAtLeast } from '../../terminal/progress.ts'
import { counted } from '../../text/counted.ts'
import { printable } from '../../text/printable.ts'
import { type Exported, exportMirror } from '../../transfer/export-mirror.ts'
import { type OpenDatabase, withDatabase } from '../open/database.ts'
import { asWriteError, type Destination, openDestination } from './destination.ts'

/** A higher level takes several times as long, for files that are a fifth smaller. */
const GZIP_LEVEL = 1
const PROGRESS_EVERY_MS = 10_000

/** `path`: `-` for stdout. */
export async function runExport(path: string): Promise<ExitCode> {
  const config = readConfig({ needsApiKey: false })
  const say = (line: string) => isAtLeast(config.logLevel, 'info') && printError(line)
  const destination = await openDestination(path)
  const onRows = periodically(PROGRESS_EVERY_MS, (table: string, rows: number) =>
    say(`Exporting ${table}: ${counted(rows, 'row')}`),
  )
  try {
    await withInterruption(
      (signal) =>
        withDatabase(
          config,
          async (database) => {
            await assertSchemaIsCurrent(database.pool)
            const exported = await inTransaction(database.pool, 'exporting', (client) =>
              write(exportMirror(client, onRows), { destination, path, signal }),
            )
            await destination.complete()
            for (const line of inWords(exported, config, database)) say(line)
          },
          { mayCreate: false, name: 'export', signal },
        ),
      { outcome: path === '-' ? 'the export is incomplete' : 'nothing was exported' },
    )
  } catch (error) {
    await destination.discard()
    throw error
  }
  return exitCodes.ok
}

interface Output {
  readonly destination: Destination
  readonly path: string
  readonly signal: AbortSignal
}

/** Compresses and writes the texts; resolves to what the generator returns. */
async function write(
  texts: AsyncGenerator<string, Exported>,
  { destination, path, signal }: Output,
): Promise<Exported> {
  const { stream } = destination
  let failure: unknown = null
  const result: { exported?: Exported } = {}
  const source = async function* () {
    try {
      result.exported = yield* texts
    } catch (error) {
      failure = error
      throw error
    }
  }
  // Also emitted for an error of the source.
  stream.once('error', (error) => {
    failure ??= asWriteError(error, path)
  })
  try {
    await pipeline(source, createGzip({ level: GZIP_LEVEL, chunkSize: 256 * 1024 }), stream, { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw failure ?? error
  }
  if (result.exported === undefined) throw new Error('the export ended without a result')
  return result.exported
}

function inWords({ header, rows }: Exported, config: Config, { isEmbedded }: OpenDatabase): string[] {
  const teams = header.teams.map(({ teamId }) => printable(teamId)).join(', ') || 'no team yet'
  const keyFile = isEmbedded && config.numberKey === null ? resolve(join(config.dataDir, 'number-key')) : null
  const key = keyFile === null ? 'NUMBER_KEY' : `the key in ${keyFile}`
  return [
    `Exported ${counted(rows, 'row')} of ${teams}, as of ${header.exportedAt}. The export contains phone numbers.`,
    ...(header.numberKey === null
      ? []
      : [
          `It does not contain ${key}, which its number keys were made with: take it along${keyFile === null ? '' : ' (NUMBER_KEY_FILE)'}.`,
        ]),
  ]
}
