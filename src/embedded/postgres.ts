import { rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { messageOf } from '../errors.ts'
import { explainSystemError } from '../text/system-error.ts'
import { accountOfCluster, clusterVersion, ensureCluster, superuser } from './cluster.ts'
import { EmbeddedPostgresError, useYourOwnPostgres } from './embedded-postgres-error.ts'
import { withFolderLock } from './folder-lock.ts'
import { findPostgresBinaries } from './postgres-binaries.ts'
import { findHome, openHome, type PostgresHome, readConnection } from './postgres-home.ts'
import { endAtOnce, findServer, stopServer } from './running-server.ts'
import { type Account, chooseServerAccount } from './server-account.ts'
import { attachOrStart } from './start-server.ts'
import { countUsers, hasUsersNow, registerUser } from './users.ts'

export { EmbeddedPostgresError } from './embedded-postgres-error.ts'

/**
 * A real Postgres from npm, for machines without one. Starts the one server of `dataDir`, or attaches to it.
 *
 * - A folder has one server for all processes and calls that use it. The last user stops it. A killed user does not
 *   count, whichever process started the server.
 * - The data survive a stop, a kill and a reboot.
 * - The server listens on 127.0.0.1 only and asks for a password (PostgresHome says where it is kept).
 * - For root it runs under the account `postgres`, or else `nobody`. If that account can't enter `dataDir`, the data are
 *   in /var/lib/allo-queue-mirror, and `dataDir` has a note that says so (PostgresHome). If it can't reach the programs
 *   that npm installed, a copy of them runs (findPostgresBinaries). No existing folder changes its mode.
 * - It installs no signal handlers: the caller calls `stop()` on SIGINT and SIGTERM. A process that exits without `stop()`
 *   stops the server. If kill -9 ended all users, the server runs until the next user of the folder stops it.
 * - Several machines or containers must not share the folder: their users can't see each other.
 *
 * Throws EmbeddedPostgresError, or the reason of `signal`. Then nothing that it started still runs.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, signal } = options
  try {
    const account = await chooseServerAccount()
    const home = await openHome(resolve(dataDir), account)
    // Refuses the folder of another user with a sentence, before a file in it can't be written.
    await readConnection(home)
    return await withFolderLock(home.lock, () => start(home, account, options), signal)
  } catch (error) {
    throw asEmbeddedError(error, dataDir)
  }
}

export interface EmbeddedPostgres {
  /** `postgres://allo:…@127.0.0.1:<port>/<database>`. Stays the same across restarts, unless its port was taken. */
  readonly url: string
  /** As given. */
  readonly dataDir: string
  /** Folder with a copy of Postgres's programs for the next start; null: none was needed, or it is among the data. */
  readonly keptPrograms: string | null
  /** Idempotent. Stops the server if no other user is left. Close your connections first. */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  readonly dataDir: string
  /** Created if it does not exist (`allo`). */
  readonly database?: string
  /** Settings of the server, such as `{ fsync: 'off' }` for tests. Only the call that starts the server applies them. */
  readonly settings?: Readonly<Record<string, string>>
  /** The caller removes the data afterwards, so a copy of the programs goes among them. */
  readonly isTemporary?: boolean
  /** Ends the start, which rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Call under the home's lock. */
async function start(
  home: PostgresHome,
  account: Account,
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const { dataDir, isTemporary = false, signal } = options
  const user = await registerUser(home)
  const atExit = () => leaveAtOnce(home, user, isTemporary ? 'SIGQUIT' : 'SIGINT')
  // Before the listeners of the caller, which may remove the folder.
  process.prependListener('exit', atExit)
  try {
    const running = await runServer(home, account, options)
    signal?.throwIfAborted()
    let leaving: Promise<void> | undefined
    const stop = () => {
      leaving ??= leaveUnderLock(home, user).then(() => void process.off('exit', atExit))
      return leaving
    }
    return { ...running, dataDir, stop }
  } catch (error) {
    // The first error says what to do. A second one, of a server that does not stop, would hide it.
    await leave(home, user).catch(() => undefined)
    process.off('exit', atExit)
    throw error
  }
}

async function runServer(
  home: PostgresHome,
  chosenAccount: Account,
  { database = 'allo', settings = {}, isTemporary = false, signal }: EmbeddedPostgresOptions,
): Promise<Pick<EmbeddedPostgres, 'url' | 'keptPrograms'>> {
  const account = await accountOfCluster(home, chosenAccount)
  const copyTo = isTemporary ? join(home.folder, 'programs') : null
  const { keptIn, ...binaries } = await findPostgresBinaries(account, copyTo)
  const serverStart = { home, account, binaries, settings, signal }
  await ensureCluster(serverStart)
  const { port } = await attachOrStart(serverStart)
  await ensureDatabase(await urlOf(home, port, 'postgres'), database)
  return { url: await urlOf(home, port, database), keptPrograms: keptIn }
}

/** An error of the file system is about the data folder. */
function asEmbeddedError(error: unknown, dataDir: string): unknown {
  const problem = explainSystemError(error)
  if (problem === null) return error
  return new EmbeddedPostgresError(
    `The embedded Postgres of ${dataDir} cannot be used: ${problem.sentence} Or ${useYourOwnPostgres}`,
    { cause: error },
  )
}

async function leaveUnderLock(home: PostgresHome, user: string): Promise<void> {
  try {
    await withFolderLock(home.lock, () => leave(home, user))
  } catch (error) {
    // On a full disk no process can take the lock, so none starts while the server stops.
    if (explainSystemError(error)?.retryable !== true) throw error
    await leave(home, user)
  }
}

export interface EmbeddedPostgresReport {
  /** `foreign`: other files are in the folder, and a start refuses it. `unreadable`: it belongs to another user, say. */
  readonly state: 'absent' | 'foreign' | 'unreadable' | 'stopped' | 'running'
  /** Major version of Postgres that created the data. */
  readonly version?: string
  readonly detail?: string
}

/** For `doctor`. Starts and changes nothing, and does not throw. */
export async function inspectEmbeddedPostgres(dataDir: string): Promise<EmbeddedPostgresReport> {
  try {
    const home = await findHome(resolve(dataDir))
    if (home === 'absent' || home === 'foreign') return { state: home }
    await readConnection(home)
    const version = await clusterVersion(home)
    if (version === null)
      return { state: 'absent', detail: `${home.folder} is prepared, but has no data yet` }
    const server = await findServer(home)
    if (server === null) return { state: 'stopped', version, detail: `data in ${home.folder}` }
    const users = await countUsers(home)
    const detail = `data in ${home.folder}, pid ${server.pid}, 127.0.0.1:${server.port}, ${server.status}, used by ${users}`
    return { state: 'running', version, detail }
  } catch (error) {
    return { state: 'unreadable', detail: messageOf(error) }
  }
}

/** The last user stops the server. Call under the home's lock. */
async function leave(home: PostgresHome, user: string): Promise<void> {
  await rm(user, { force: true })
  if ((await countUsers(home)) > 0) return
  await stopServer(home)
  await rm(home.users, { recursive: true, force: true })
}

/**
 * For a process that is exiting and can't wait: sends the server a signal to stop, and does not wait for its end. Safe without the
 * lock: a process that starts at the same time registers first, or finds the server stopping.
 */
function leaveAtOnce(home: PostgresHome, user: string, signal: 'SIGINT' | 'SIGQUIT'): void {
  try {
    rmSync(user, { force: true })
    if (!hasUsersNow(home)) endAtOnce(home, signal)
  } catch {
    // The folder of users is gone: the last user has left.
  }
}

async function urlOf(home: PostgresHome, port: number, database: string): Promise<string> {
  const connection = await readConnection(home)
  return `postgres://${superuser}:${connection?.password}@127.0.0.1:${port}/${encodeURIComponent(database)}`
}

async function ensureDatabase(url: string, database: string): Promise<void> {
  // Without these, pg takes PGSSLMODE and PGOPTIONS of the user.
  const client = new pg.Client({
    connectionString: url,
    ssl: false,
    options: '-c timezone=UTC -c search_path=pg_catalog,pg_temp',
    connectionTimeoutMillis: 30_000,
  })
  // Without a listener, a connection lost between two queries would end the process. The next query reports it.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rowCount } = await client.query('select from pg_database where datname = $1', [database])
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`)
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The embedded Postgres runs, but refuses our login: ${messageOf(cause)}`,
      { cause },
    )
  } finally {
    await client.end()
  }
}
