/** Opens the database of a configuration for the work of a command, and always closes it. */
import type { Config } from '../../config/config.ts'
import { inspectEmbeddedPostgres, startEmbeddedPostgres } from '../../embedded/postgres.ts'
import { exitCodes } from '../../errors.ts'
import { toMirrorError } from '../../foreign-errors.ts'
import { SchemaVersionError } from '../../store/migrate/migrate.ts'
import { openPool, type Pool, toDatabaseError } from '../../store/postgres/database.ts'
import { reachDatabase } from '../../store/postgres/reach-database.ts'
import { whenAborted, withInterruption } from '../../terminal/interruption.ts'

export interface OpenDatabase {
  readonly url: string
  readonly isEmbedded: boolean
  readonly pool: Pool
}

export function embeddedFolder({ dataDir }: Pick<Config, 'dataDir'>): string {
  return `${dataDir}/postgres`
}

/**
 * Calls `work` with the customer's Postgres, or with the embedded one of the data folder. Throws OpenDatabaseError if
 * none is usable. With `mayCreate: false` no data folder is created.
 */
export async function withDatabase<T>(
  config: Pick<Config, 'databaseUrl' | 'dataDir'>,
  work: (database: OpenDatabase) => Promise<T>,
  {
    mayCreate = true,
    name = 'sync',
    reach = reachDatabase,
    signal,
  }: {
    readonly mayCreate?: boolean
    readonly name?: string
    /** Connects for the first time. The worker waits here until Postgres is up. */
    readonly reach?: (pool: Pool, url: string) => Promise<unknown>
    /** Lets `work` shut down itself. Without it, a signal such as SIGTERM interrupts `work` and stops an embedded server. */
    readonly signal?: AbortSignal
  } = {},
): Promise<T> {
  const use = async (url: string, isEmbedded: boolean): Promise<T> => {
    const pool = openPool(url, { max: 12, name })
    try {
      await reach(pool, url)
      return await work({ url, isEmbedded, pool })
    } catch (error) {
      throw asKnownError(error)
    } finally {
      await pool.end()
    }
  }
  const own = config.databaseUrl?.value()
  if (own !== undefined) return use(own, false)
  const folder = embeddedFolder(config)
  if (!mayCreate) await requireEmbeddedData(folder)
  if (signal !== undefined) return withEmbedded(folder, signal, (url) => use(url, true))
  // Otherwise the embedded server would continue to run.
  return withInterruption((signal) =>
    withEmbedded(folder, signal, (url) => Promise.race([use(url, true), whenAborted(signal)])),
  )
}

/** Turns errors of the driver that the store did not wrap into DatabaseErrors, because a lost connection is no bug. */
export function asKnownError(error: unknown): unknown {
  if (error === null || toMirrorError(error).exitCode !== exitCodes.bug) return error
  return toDatabaseError('talking to Postgres', error)
}

async function requireEmbeddedData(folder: string): Promise<void> {
  if ((await inspectEmbeddedPostgres(folder)).state !== 'absent') return
  throw new SchemaVersionError(
    `there is no database in ${folder} yet: run \`allo-queue-mirror migrate\` first, or set DATABASE_URL`,
  )
}

async function withEmbedded<T>(
  dataDir: string,
  signal: AbortSignal,
  use: (url: string) => Promise<T>,
): Promise<T> {
  const embedded = await startEmbeddedPostgres({ dataDir, signal })
  try {
    return await use(embedded.url)
  } finally {
    await embedded.stop()
  }
}
