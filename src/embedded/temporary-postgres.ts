import { rmSync } from 'node:fs'
import { chmod, mkdtemp, readdir, readFile, rmdir, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { reasonInWords } from '../text/system-error.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { isOwnFolder, removeFolder } from './folders.ts'
import { startEmbeddedPostgres } from './postgres.ts'
import { findHome, type PostgresHome } from './postgres-home.ts'
import { endAtOnce, stopServer } from './running-server.ts'
import { isAbandoned } from './users.ts'

export interface TemporaryPostgres {
  readonly url: string
  readonly folder: string
  /** Folder with the binaries that stay, because the temporary folder is mounted noexec. Null: nothing stays. */
  readonly keptPrograms: string | null
  /** The last error in its log; null: none. */
  lastWords(): Promise<string | null>
  /** Stops the server and removes all its files. */
  remove(): Promise<void>
}

/**
 * Starts a Postgres in a new temporary folder. `remove` removes everything, and so does an exit of the process without
 * it. After a kill -9 the next start with that name removes the rest. Throws EmbeddedPostgresError, or the reason of
 * `signal`.
 */
export async function startTemporaryPostgres(options: {
  /** Part of the folder's name. */
  readonly name: string
  readonly settings?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}): Promise<TemporaryPostgres> {
  const prefix = `allo-queue-mirror-${options.name}-`
  await removeAbandoned(prefix)
  const folder = await makeTemporaryFolder(prefix)
  const dataDir = dataDirIn(folder)
  let home: PostgresHome | null = null
  const removeAtOnce = () => {
    for (const path of [home?.folder, folder])
      if (path !== undefined) rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
  process.on('exit', removeAtOnce)
  const removeFolders = async () => {
    home ??= await homeOf(dataDir)
    await removeWith(home, folder)
    process.off('exit', removeAtOnce)
  }
  try {
    const server = await startEmbeddedPostgres({ ...options, dataDir, isTemporary: true })
    home = await homeOf(dataDir)
    const log = home?.log
    return {
      url: server.url,
      folder,
      keptPrograms: server.keptPrograms,
      lastWords: async () =>
        log === undefined ? null : lastErrorIn(await readFile(log, 'utf8').catch(() => '')),
      async remove() {
        await server.stop().catch(() => home && endAtOnce(home, 'SIGQUIT'))
        await removeFolders()
      },
    }
  } catch (error) {
    const isFull = error instanceof EmbeddedPostgresError && (await hasFullDisk(folder))
    await removeFolders()
    throw isFull ? fullDisk(folder, error) : error
  }
}

/** Postgres writes its log in segments of 16 MB. */
const FULL_BELOW_BYTES = 20 * 1024 * 1024

export async function hasFullDisk(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize < FULL_BELOW_BYTES
}

export function fullDisk(folder: string, cause: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The disk of ${folder} is full: free about 300 MB, or set TMPDIR to a folder on another disk`,
    { cause, retryable: true },
  )
}

const dataDirIn = (folder: string) => join(folder, 'postgres')

/** Removes folders of killed processes, and stops their servers. Only folders of our own user. */
async function removeAbandoned(prefix: string): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => [])
  for (const folder of names.filter((name) => name.startsWith(prefix)).map((name) => join(tmpdir(), name))) {
    if (!(await isOwnFolder(folder).catch(() => false))) continue
    const home = await homeOf(dataDirIn(folder))
    if (home === null || !(await isAbandoned(home))) continue
    // Another start may remove it at the same time.
    await stopServer(home)
      .then(() => removeWith(home, folder))
      .catch(() => undefined)
  }
}

async function makeTemporaryFolder(prefix: string): Promise<string> {
  try {
    const folder = await mkdtemp(join(tmpdir(), prefix))
    // If we are root, the server's account must be able to pass through.
    await chmod(folder, 0o711)
    return folder
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `No folder can be created in ${tmpdir()}: ${reasonInWords(cause)}. Set TMPDIR to a writable folder`,
      { cause },
    )
  }
}

async function homeOf(dataDir: string): Promise<PostgresHome | null> {
  const home = await findHome(dataDir).catch(() => null)
  return typeof home === 'object' ? home : null
}

/** If the server's account can't enter TMPDIR, the data are elsewhere, and the folder has only the note. */
async function removeWith(home: PostgresHome | null, folder: string): Promise<void> {
  if (home !== null) await removeFolder(home.folder)
  await removeFolder(folder)
  // Created for data that were elsewhere; it stays if it contains other files.
  if (home !== null && dirname(home.folder) !== folder)
    await rmdir(dirname(home.folder)).catch(() => undefined)
}

function lastErrorIn(log: string): string | null {
  const lines = log.match(/(?:PANIC|FATAL|ERROR): .*$/gm) ?? []
  // Skip the messages to clients during shutdown, because they do not give the cause.
  return (
    lines.filter((line) => !/terminating connection|is (?:in recovery|shutting down)/.test(line)).at(-1) ??
    null
  )
}
