/** Starts the Postgres server of a cluster, or attaches to the one that runs. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { EmbeddedPostgresError, useYourOwnPostgres } from './embedded-postgres-error.ts'
import { freePort } from './free-port.ts'
import type { PostgresBinaries } from './postgres-binaries.ts'
import { type Connection, type PostgresHome, readConnection, saveConnection } from './postgres-home.ts'
import { findServer, POLL_MS, pidFile, type RunningServer, stopServer } from './running-server.ts'
import { type Account, canEnter, runningAs } from './server-account.ts'
import { diskFull, hasLeftovers, isDiskFull, isPortTaken, lastLines } from './server-log.ts'

export interface ServerStart {
  readonly home: PostgresHome
  readonly account: Account
  readonly binaries: PostgresBinaries
  /** Of the server. Only the call that starts it applies them. */
  readonly settings: Readonly<Record<string, string>>
  /** Stops waiting, and ends what was started. */
  readonly signal: AbortSignal | undefined
}

/** Recovery after a crash replays up to max_wal_size (1 GB) of changes: seconds, or a minute on slow disks. */
const START_WITHIN_MS = 120_000

/** Returns when the server accepts connections. Throws EmbeddedPostgresError. Call under the home's lock. */
export async function attachOrStart(start: ServerStart): Promise<RunningServer> {
  const { home, signal } = start
  const running = await findServer(home)
  if (running?.status === 'ready') return running
  if (running?.status === 'starting') return untilReady(home, running.pid, null, signal)
  // Something else (systemd) told it to stop, and it may wait for its clients to disconnect first.
  if (running !== null) await stopServer(home)
  return startServer(start)
}

async function startServer(start: ServerStart): Promise<RunningServer> {
  const { home, signal } = start
  const connection = await requireConnection(start)
  // No server works here (findServer), but Postgres would believe a pid that another process has now.
  await rm(pidFile(home), { force: true })
  await rotateLog(home)

  const deadline = Date.now() + START_WITHIN_MS
  for (let port = await freePort(connection.port); ; ) {
    const attempt = await tryPort(start, port)
    if ('pid' in attempt) {
      if (port !== connection.port) await saveConnection(home, { ...connection, port })
      return attempt
    }
    requireRetryable(home, attempt, deadline)
    if (isPortTaken(attempt.log)) port = await freePort(null)
    await sleep(200)
    // A process that was killed before it could see its server come up may have started one.
    const other = await findServer(home)
    if (other !== null) return untilReady(home, other.pid, null, signal)
  }
}

async function requireConnection({ home, account }: ServerStart): Promise<Connection> {
  const connection = await readConnection(home)
  if (connection === null) {
    throw new EmbeddedPostgresError(
      `${home.connection}, which holds the database's password, is missing: restore it from a backup, or ${useYourOwnPostgres}`,
    )
  }
  if (!(await canEnter(account, home.folder))) {
    throw new EmbeddedPostgresError(
      `The account ${account?.name} that Postgres runs under can no longer enter ${home.folder}: grant access (chmod o+x on the folders above), or ${useYourOwnPostgres}`,
    )
  }
  return connection
}

interface FailedStart {
  readonly cause: unknown
  /** What the server wrote in this attempt. */
  readonly log: string
}

async function tryPort(start: ServerStart, port: number): Promise<RunningServer | FailedStart> {
  const { home, signal } = start
  const logFrom = await sizeOf(home.log)
  const child = await launch(start, port)
  try {
    return await untilReady(home, child.pid ?? -1, child, signal)
  } catch (cause) {
    await endChild(child)
    signal?.throwIfAborted()
    return { cause, log: (await readFile(home.log)).subarray(logFrom).toString() }
  }
}

function requireRetryable(home: PostgresHome, { cause, log }: FailedStart, deadline: number): void {
  if (isDiskFull(log)) throw diskFull(home.folder)
  if ((isPortTaken(log) || hasLeftovers(log)) && Date.now() <= deadline) return
  throw new EmbeddedPostgresError(
    `The embedded Postgres does not start: fix the problem that its log shows, or ${useYourOwnPostgres}. The end of ${home.log}:\n${lastLines(log)}`,
    { cause },
  )
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
    // Statements and row values contain phone numbers, which must not be logged.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
  }
}

/**
 * In a session of its own: neither Ctrl-C in the terminal nor the end of this process reaches the server. This process
 * opens the log file, because the account may not be able to.
 */
async function launch(
  { home, account, binaries, settings }: ServerStart,
  port: number,
): Promise<ChildProcess> {
  const log = await open(home.log, 'a', 0o600)
  try {
    const all = Object.entries({ ...serverSettings(port), ...settings })
    const args = all.flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const child = spawn(binaries.postgres, ['-D', home.cluster, ...args], {
      ...runningAs(account),
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    child.unref()
    // Without a listener, a failed spawn would end this process. untilReady notices the missing pid.
    child.on('error', () => undefined)
    return child
  } finally {
    await log.close()
  }
}

/** `child`: null if another process started the server. */
async function untilReady(
  home: PostgresHome,
  pid: number,
  child: ChildProcess | null,
  signal: AbortSignal | undefined,
): Promise<RunningServer> {
  const deadline = Date.now() + START_WITHIN_MS
  while (Date.now() < deadline) {
    signal?.throwIfAborted()
    const server = await findServer(home)
    if (server?.pid === pid && server.status === 'ready') return server
    const isGone = child === null ? server === null : child.pid === undefined || hasEnded(child)
    if (isGone) throw new EmbeddedPostgresError(`The Postgres server ended while it started: see ${home.log}`)
    await sleep(POLL_MS)
  }
  throw new EmbeddedPostgresError(
    `The Postgres server was not ready within ${START_WITHIN_MS / 1000} s: see ${home.log}`,
  )
}

/** Immediate shutdown, then SIGKILL: the data are as safe as after a crash. */
async function endChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || hasEnded(child)) return
  const exited = once(child, 'exit')
  child.kill('SIGQUIT')
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await exited
  clearTimeout(late)
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

const LOG_LIMIT_BYTES = 8 * 1024 * 1024

async function rotateLog(home: PostgresHome): Promise<void> {
  if ((await sizeOf(home.log)) > LOG_LIMIT_BYTES) await rename(home.log, `${home.log}.1`)
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => null))?.size ?? 0
}
