import { randomUUID } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { messageOf } from '../errors.ts'
import { explainSystemError } from '../text/system-error.ts'
import { EmbeddedPostgresError, useYourOwnPostgres } from './embedded-postgres-error.ts'
import { withFolderLock } from './folder-lock.ts'
import { makeFolder } from './make-folder.ts'
import { findPostgresBinaries } from './postgres-binaries.ts'
import { findHome, openHome, type PostgresHome, readConnection } from './postgres-home.ts'
import {
  accountOfCluster,
  attachOrStart,
  clusterVersion,
  endAtOnce,
  ensureCluster,
  findServer,
  stopServer,
  superuser,
} from './postgres-server.ts'
import { hasProcess, identifySelf, isAlive } from './process-identity.ts'
import { type Account, chooseServerAccount } from './server-account.ts'

export { EmbeddedPostgresError } from './embedded-postgres-error.ts'

export interface EmbeddedPostgres {
  /** `postgres://allo:…@127.0.0.1:<port>/<database>`. Port and password stay the same across restarts, unless
   * somebody else took the port meanwhile. */
  readonly url: string
  /** As given. */
  readonly dataDir: string
  /** Folder that keeps a copy of Postgres's programs, for the next start; null: none was needed, or it goes with the data. */
  readonly keptPrograms: string | null
  /** Leaves; the last one out stops the server. Safe to call twice. Close your connections first. */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  readonly dataDir: string
  /** `allo` if absent; made when it does not exist. */
  readonly database?: string
  /** Server settings, e.g. `{ fsync: 'off' }` for tests. Only the one who starts the server has a say. */
  readonly settings?: Readonly<Record<string, string>>
  /** The caller removes the data afterwards: what must be copied goes with them. */
  readonly isTemporary?: boolean
  /** Gives up starting; rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * A real Postgres from npm for people who have none: starts the one server of `dataDir`, or attaches to it.
 *
 * - One folder, one server, however many processes and calls use it; the last one out stops it. A user that
 *   was killed does not count any more, whoever started the server.
 * - Data survive stopping, killing and rebooting.
 * - The server listens on 127.0.0.1 only and asks for a password (see PostgresHome for where it is kept).
 * - As root it runs under the `postgres` or else the `nobody` account. Where that account cannot go, the data
 *   are kept in /var/lib/allo-queue-mirror and `dataDir` says where (PostgresHome); programs npm installed out
 *   of its reach are run from a copy (findPostgresBinaries). No folder of the user's changes its mode.
 * - Installs no signal handlers: the caller calls `stop()` on SIGINT and SIGTERM. A process that exits without it takes
 *   the server along. One whose users were all killed with -9 runs on until the next user of the folder leaves.
 * - Not for a folder shared by several machines or containers: users there cannot see each other.
 *
 * Throws EmbeddedPostgresError, or the reason of `signal`; then nothing it started is left running.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, signal } = options
  try {
    const account = await chooseServerAccount()
    const home = await openHome(resolve(dataDir), account)
    // Another user's folder is refused here, in words, and not by the first file we fail to write.
    await readConnection(home)
    return await withFolderLock(home.lock, () => start(home, account, options), signal)
  } catch (error) {
    throw asEmbeddedError(error, dataDir)
  }
}

/** Call under the home's lock. */
async function start(
  home: PostgresHome,
  ourAccount: Account,
  { dataDir, database = 'allo', settings = {}, isTemporary = false, signal }: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const registration = await register(home)
  const atExit = () => leaveAtOnce(home, registration, isTemporary ? 'SIGQUIT' : 'SIGINT')
  // First, so that the caller's listener can remove what is left.
  process.prependListener('exit', atExit)
  try {
    const account = await accountOfCluster(home, ourAccount)
    const copyTo = isTemporary ? join(home.folder, 'programs') : null
    const { keptIn, ...binaries } = await findPostgresBinaries(account, copyTo)
    await ensureCluster(home, account, binaries, { settings, signal })
    const { port } = await attachOrStart(home, account, binaries, { settings, signal })
    const url = await urlOf(home, port, database)
    await ensureDatabase(await urlOf(home, port, 'postgres'), database)
    signal?.throwIfAborted()
    let leaving: Promise<void> | undefined
    const stop = () => {
      leaving ??= leaveInTurn(home, registration).then(() => void process.off('exit', atExit))
      return leaving
    }
    return { url, dataDir, keptPrograms: keptIn, stop }
  } catch (error) {
    // The first error says what to do; a second one, of a server that will not stop either, would hide it.
    await leave(home, registration).catch(() => undefined)
    process.off('exit', atExit)
    throw error
  }
}

/** Whatever the file system refuses on the way is about the folder. */
function asEmbeddedError(error: unknown, dataDir: string): unknown {
  const problem = explainSystemError(error)
  if (problem === null) return error
  return new EmbeddedPostgresError(
    `The embedded Postgres of ${dataDir} cannot be used: ${problem.sentence} Or ${useYourOwnPostgres}`,
    { cause: error },
  )
}

async function leaveInTurn(home: PostgresHome, registration: string): Promise<void> {
  try {
    await withFolderLock(home.lock, () => leave(home, registration))
  } catch (error) {
    // On a full disk no turn can be taken, by others neither: nobody is starting while we stop the server.
    if (explainSystemError(error)?.retryable !== true) throw error
    await leave(home, registration)
  }
}

export interface EmbeddedPostgresReport {
  /** foreign: other things are in the folder, and it will be refused. unreadable: e.g. another user's. */
  readonly state: 'absent' | 'foreign' | 'unreadable' | 'stopped' | 'running'
  /** Major version of Postgres that made the data. */
  readonly version?: string
  readonly detail?: string
}

/** For `doctor`: what is in this folder, without starting or changing anything. Does not throw. */
export async function inspectEmbeddedPostgres(dataDir: string): Promise<EmbeddedPostgresReport> {
  try {
    const home = await findHome(resolve(dataDir))
    if (home === 'absent' || home === 'foreign') return { state: home }
    await readConnection(home)
    const version = await clusterVersion(home)
    if (version === null)
      return { state: 'absent', detail: `${home.folder} is prepared, but holds no data yet` }
    const server = await findServer(home)
    if (server === null) return { state: 'stopped', version, detail: `data in ${home.folder}` }
    const users = (await livingUsers(home)).length
    const detail = `data in ${home.folder}, pid ${server.pid}, 127.0.0.1:${server.port}, ${server.status}, used by ${users}`
    return { state: 'running', version, detail }
  } catch (error) {
    return { state: 'unreadable', detail: messageOf(error) }
  }
}

/** One file per user, named after the process: a file whose process is gone counts for nothing. */
async function register(home: PostgresHome): Promise<string> {
  await makeFolder(home.users)
  const registration = join(home.users, `${await identifySelf()}.${randomUUID()}`)
  await writeFile(registration, '', { flag: 'wx' })
  return registration
}

async function leave(home: PostgresHome, registration: string): Promise<void> {
  await rm(registration, { force: true })
  const living = await livingUsers(home)
  if (living.length > 0) return
  await stopServer(home)
  await rm(home.users, { recursive: true, force: true })
}

/**
 * The process is ending and can wait for nothing: the server is told to stop and does so by itself. Without the lock,
 * but safe: one that starts meanwhile registers first, or finds the server stopping.
 */
function leaveAtOnce(home: PostgresHome, registration: string, signal: 'SIGINT' | 'SIGQUIT'): void {
  try {
    rmSync(registration, { force: true })
    if (!readdirSync(home.users).some((name) => hasProcess(Number.parseInt(name, 10))))
      endAtOnce(home, signal)
  } catch {
    // The users' folder is gone, and so was the last user.
  }
}

/** Whether nobody uses it any more, and the last one did not leave: it was killed. */
export async function isAbandoned(home: PostgresHome): Promise<boolean> {
  const names = await readdir(home.users).catch(() => [])
  return names.length > 0 && (await livingUsers(home)).length === 0
}

async function livingUsers(home: PostgresHome): Promise<string[]> {
  const names = await readdir(home.users).catch(() => [])
  const alive = await Promise.all(names.map((name) => isAlive(name.slice(0, name.indexOf('.')))))
  return names.filter((_, i) => alive[i])
}

async function urlOf(home: PostgresHome, port: number, database: string): Promise<string> {
  const connection = await readConnection(home)
  return `postgres://${superuser}:${connection?.password}@127.0.0.1:${port}/${encodeURIComponent(database)}`
}

async function ensureDatabase(url: string, database: string): Promise<void> {
  // What is not said here pg would take from the user's PGSSLMODE and PGOPTIONS.
  const client = new pg.Client({
    connectionString: url,
    ssl: false,
    options: '-c timezone=UTC -c search_path=pg_catalog,pg_temp',
    connectionTimeoutMillis: 30_000,
  })
  // A connection lost between two queries would end the process; the next query reports it.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rowCount } = await client.query('select from pg_database where datname = $1', [database])
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`)
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The embedded Postgres runs, but does not let us in: ${messageOf(cause)}`,
      { cause },
    )
  } finally {
    await client.end()
  }
}
