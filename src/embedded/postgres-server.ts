import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chown, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import getPort, { clearLockedPorts } from 'get-port'
import { foreignCodeOf } from '../errors.ts'
import { EmbeddedPostgresError, useYourOwnPostgres } from './embedded-postgres-error.ts'
import type { PostgresBinaries } from './postgres-binaries.ts'
import { type PostgresHome, readConnection, saveConnection } from './postgres-home.ts'
import { identify, worksIn } from './process-identity.ts'
import { type Account, canEnter, runAs, runningAs } from './server-account.ts'

/** What this program is called inside Postgres: it owns every database of the cluster. */
export const superuser = 'allo'

/** Recovery after a crash replays at most max_wal_size (1 GB) of changes: seconds, a minute on slow disks. */
const startWithinMs = 120_000
const stopWithinMs = 60_000
const lookEveryMs = 10

/** PG_VERSION, `18`; null when there is no cluster. */
export async function clusterVersion(home: PostgresHome): Promise<string | null> {
  const text = await readFile(join(home.cluster, 'PG_VERSION'), 'utf8').catch(() => null)
  return text?.trim() ?? null
}

export interface RunningServer {
  readonly pid: number
  readonly port: number
  readonly status: 'starting' | 'ready' | 'stopping'
}

/**
 * The server of this cluster, or null. The pid in postmaster.pid is believed only if that process works for
 * this cluster: after a kill -9 or a reboot the file stays, and the pid may be anybody's.
 */
export async function findServer(home: PostgresHome): Promise<RunningServer | null> {
  const text = await readFile(pidFile(home), 'utf8').catch(() => null)
  // pid, data directory, start time, port, socket directory, listen address, shared memory, status
  const lines = text?.split('\n').map((line) => line.trim()) ?? []
  const pid = Number(lines[0])
  if (!(pid > 0) || (await identify(pid)) === null || !(await worksIn(pid, home.cluster))) return null
  const status = lines[7] === 'ready' || lines[7] === 'stopping' ? lines[7] : 'starting'
  return { pid, port: Number(lines[3]), status }
}

export interface StartOptions {
  readonly settings: Readonly<Record<string, string>>
  /** Gives up, and leaves nothing running that was started here. */
  readonly signal: AbortSignal | undefined
}

/** Returns when the server takes connections. Call under the home's lock. */
export async function attachOrStart(
  home: PostgresHome,
  account: Account,
  binaries: PostgresBinaries,
  { settings, signal }: StartOptions,
): Promise<RunningServer> {
  const running = await findServer(home)
  if (running !== null && running.status !== 'stopping') {
    return running.status === 'ready' ? running : untilReady(home, running.pid, null, signal)
  }
  // Somebody outside (systemd) told it to leave; without us it would wait for every client to go first.
  if (running !== null) await stopServer(home)
  return startServer(home, account, binaries, { settings, signal })
}

/**
 * Fast shutdown: sessions are cut, open transactions roll back, everything committed is on disk. If that takes
 * too long, an immediate one: as safe, but the next start has to recover. Call under the home's lock.
 */
export async function stopServer(home: PostgresHome): Promise<void> {
  const server = await findServer(home)
  if (server === null) return
  for (const [signal, withinMs] of [
    ['SIGINT', stopWithinMs],
    ['SIGQUIT', 10_000],
  ] as const) {
    signalIfThere(server.pid, signal)
    const deadline = Date.now() + withinMs
    while (Date.now() < deadline) {
      if ((await findServer(home))?.pid !== server.pid) return
      await sleep(lookEveryMs)
    }
  }
  throw new EmbeddedPostgresError(
    `The Postgres server with pid ${server.pid} does not stop. Its log is ${home.log}`,
  )
}

/** For a process that is ending and can wait for nothing. */
export function endAtOnce({ cluster }: PostgresHome, signal: 'SIGINT' | 'SIGQUIT'): void {
  try {
    process.kill(Number.parseInt(readFileSync(join(cluster, 'postmaster.pid'), 'utf8'), 10), signal)
  } catch {
    // It has ended already.
  }
}

/** The account that owns the cluster keeps it, so that it does not matter which accounts come to exist later. */
export async function accountOfCluster(home: PostgresHome, account: Account): Promise<Account> {
  const owner = await stat(home.cluster).catch(() => null)
  if (account === null || owner === null || owner.uid === 0 || owner.uid === account.uid) return account
  return { name: `uid ${owner.uid}`, uid: owner.uid, gid: owner.gid }
}

/**
 * Makes the cluster if there is none: beside its place, then renamed, so that one killed midway is never taken
 * for a cluster. Call under the home's lock.
 */
export async function ensureCluster(
  home: PostgresHome,
  account: Account,
  binaries: PostgresBinaries,
  { settings, signal }: StartOptions,
): Promise<void> {
  const version = await clusterVersion(home)
  if (version !== null) {
    requireSameMajor(home, version, binaries.version)
    return
  }
  for (const name of await readdir(home.folder)) {
    if (name.startsWith('draft-')) {
      // The initdb of a killed process may still be writing there.
      await rm(join(home.folder, name), { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
    }
  }
  const connection = (await readConnection(home)) ?? {
    port: await freePort(null),
    password: randomBytes(18).toString('hex'),
  }
  await saveConnection(home, connection)

  const draft = join(home.folder, `draft-${randomUUID()}`)
  const passwordFile = `${draft}.password`
  try {
    await mkdir(draft, { mode: 0o700 })
    await writeFile(passwordFile, connection.password, { mode: 0o600 })
    if (account !== null) {
      await chown(draft, account.uid, account.gid)
      await chown(passwordFile, account.uid, account.gid)
    }
    const args = [
      ...['-D', draft, '-U', superuser, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
      // Postgres's own C.UTF-8: sorts the same on every system, so a folder can move and indexes stay right.
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      '--no-instructions',
      ...(settings.fsync === 'off' ? ['--no-sync'] : []),
    ]
    const { code, output } = await runAs(account, binaries.initdb, args, signal)
    if (code !== 0) throw initdbFailed(home, output)
    await rename(draft, home.cluster)
  } finally {
    await rm(passwordFile, { force: true })
    await rm(draft, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
}

function initdbFailed({ folder }: PostgresHome, output: string): EmbeddedPostgresError {
  if (isDiskFull(output)) return diskFull(folder)
  return new EmbeddedPostgresError(
    `Postgres could not make its data folder in ${folder}: check the disk, or ${useYourOwnPostgres}\n${lastLines(output)}`,
  )
}

function isDiskFull(said: string): boolean {
  return /No space left on device|Disk quota exceeded|File too large/.test(said)
}

function diskFull(folder: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `There is no space left for Postgres on the disk of ${folder}: free some (100 MB for a new database), or ${useYourOwnPostgres}`,
    { retryable: true },
  )
}

function requireSameMajor(home: PostgresHome, found: string, ours: string): void {
  const major = ours.split('.')[0]
  if (found === major) return
  throw new EmbeddedPostgresError(
    `The database in ${home.folder} was made by Postgres ${found}, and this release carries Postgres ${ours}, which cannot read it. Either start the release of allo-queue-mirror that made it and take the data out with pg_dump, or set DATA_DIR to a new folder: the queues are then read again, their history starts anew`,
  )
}

async function startServer(
  home: PostgresHome,
  account: Account,
  binaries: PostgresBinaries,
  { settings, signal }: StartOptions,
): Promise<RunningServer> {
  const connection = await readConnection(home)
  if (connection === null) {
    throw new EmbeddedPostgresError(
      `${home.connection}, which holds the database's password, is missing: bring it back from a backup, or ${useYourOwnPostgres}`,
    )
  }
  if (!(await canEnter(account, home.folder))) {
    throw new EmbeddedPostgresError(
      `The account ${account?.name} that Postgres runs under can no longer enter ${home.folder}: give it the right to (chmod o+x on the folders above), or ${useYourOwnPostgres}`,
    )
  }
  // No server of ours works here (findServer), but Postgres would believe a pid that came back as something else.
  await rm(pidFile(home), { force: true })
  await rotateLog(home)

  let port = await freePort(connection.port)
  const deadline = Date.now() + startWithinMs
  for (;;) {
    const logFrom = await stat(home.log).then(
      ({ size }) => size,
      () => 0,
    )
    const child = await launch(home, account, binaries, { ...serverSettings(port), ...settings })
    const server = await untilReady(home, child.pid ?? -1, child, signal).catch(async (cause: unknown) => {
      await endChild(child)
      signal?.throwIfAborted()
      return { failure: cause, log: (await readFile(home.log)).subarray(logFrom).toString() }
    })
    if (!('failure' in server)) {
      if (port !== connection.port) await saveConnection(home, { ...connection, port })
      return server
    }
    // The port was taken since we looked; or the children of a server that was killed have not noticed yet.
    const portTaken = /could not (bind|create any TCP\/IP sockets)/.test(server.log)
    const leftovers = /pre-existing shared memory block|lock file "postmaster.pid" already exists/.test(
      server.log,
    )
    if (isDiskFull(server.log)) throw diskFull(home.folder)
    if (!(portTaken || leftovers) || Date.now() > deadline) {
      throw new EmbeddedPostgresError(
        `The embedded Postgres does not start: mend what its log says, or ${useYourOwnPostgres}. The end of ${home.log}:\n${lastLines(server.log)}`,
        { cause: server.failure },
      )
    }
    if (portTaken) port = await freePort(null)
    await sleep(200)
    // Or a server came up whose starter was killed before it could see it.
    const other = await findServer(home)
    if (other !== null) return untilReady(home, other.pid, null, signal)
  }
}

function serverSettings(port: number): Record<string, string> {
  return {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '100',
    timezone: 'UTC',
    log_timezone: 'UTC',
    cluster_name: 'allo-queue-mirror',
    log_checkpoints: 'off',
    // /dev/shm is 64 MB in a container, and systemd empties it when the user logs out.
    dynamic_shared_memory_type: 'mmap',
    // Statements and row values hold phone numbers, which belong in no log.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
  }
}

/**
 * A session of its own: Ctrl-C in the terminal and the end of this process do not reach the server. Its log is
 * a file we opened, so the account need not be able to.
 */
async function launch(
  home: PostgresHome,
  account: Account,
  binaries: PostgresBinaries,
  settings: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const log = await open(home.log, 'a', 0o600)
  try {
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const child = spawn(binaries.postgres, ['-D', home.cluster, ...args], {
      ...runningAs(account),
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    child.unref()
    // Without a listener a failed spawn would end this process; untilReady sees that there is no pid.
    child.on('error', () => undefined)
    return child
  } finally {
    await log.close()
  }
}

async function untilReady(
  home: PostgresHome,
  pid: number,
  child: ChildProcess | null,
  signal: AbortSignal | undefined,
): Promise<RunningServer> {
  const deadline = Date.now() + startWithinMs
  while (Date.now() < deadline) {
    signal?.throwIfAborted()
    const server = await findServer(home)
    if (server?.pid === pid && server.status === 'ready') return server
    const gone = child === null ? server === null : child.pid === undefined || hasEnded(child)
    if (gone) throw new EmbeddedPostgresError(`The Postgres server ended while it started: see ${home.log}`)
    await sleep(lookEveryMs)
  }
  throw new EmbeddedPostgresError(
    `The Postgres server was not ready within ${startWithinMs / 1000} s: see ${home.log}`,
  )
}

/** Immediate shutdown, and an end to that, too: what is in the folder is as safe as after a crash. */
async function endChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return
  const gone = once(child, 'exit')
  child.kill('SIGQUIT')
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(late)
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/**
 * `wanted` where it is free, since people save the connection string in their tools. Else one below the range that
 * systems hand out to outgoing connections, so that it is still free next time.
 */
async function freePort(wanted: number | null): Promise<number> {
  const others = Array.from({ length: 50 }, () => randomInt(20_000, 32_000))
  // It would keep a port from the server that had it a moment ago.
  clearLockedPorts()
  return getPort({ host: '127.0.0.1', port: wanted === null ? others : [wanted, ...others] })
}

const logLimitBytes = 8 * 1024 * 1024

async function rotateLog(home: PostgresHome): Promise<void> {
  const bytes = (await stat(home.log).catch(() => null))?.size ?? 0
  if (bytes > logLimitBytes) await rename(home.log, `${home.log}.1`)
}

function pidFile(home: PostgresHome): string {
  return join(home.cluster, 'postmaster.pid')
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (foreignCodeOf(error) !== 'ESRCH') throw error
  }
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-15).join('\n')
}
