/**
 * Destroys connections to Postgres whose peer fell silent: no FIN, no RST, no answer. TCP alone notices after a
 * quarter of an hour, or never when something in between keeps the connection open.
 *
 * A long statement is silent too. So the server is asked over a connection of its own whether the backend works:
 *
 *   traffic ──10 s without──▶ silent ──an answer is due──▶ ask the server ──backend works──▶ wait on
 *                               │                              └──idle, gone, or no answer, twice──▶ destroy
 *                               └──no answer is due──▶ ask for one over the connection itself (Sync)
 *
 * It works below pg's Client, in the factory of its socket. So it covers every client: our pools, COPY, cursors, and the
 * pools and LISTEN connections of BullMQ.
 *
 * Its own statements are text. cli.ts loads this file for every command, and loading drizzle takes longer than all else.
 */
import { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import pg from 'pg'
import { setSession } from './session-settings.ts'

export interface SilenceWatch {
  /** For the `stream` of a client's or pool's options. */
  readonly stream: () => Socket
  /** Ends all connections at once, also those that wait for a statement. */
  destroyAll(): void
}

const LOOK_EVERY_MS = 2000
const SILENT_MS = 10_000
/** Of the connection that asks, from connecting to its answer. */
const ASK_MS = 5000
/** In a row, since an answer may be on its way while the server is asked. */
const DEAD_AFTER_VERDICTS = 2
/** The server answers but can't say whether the backend works: too many connections, or a pooler that hides it. */
const UNKNOWN_FOR_MS = 10 * 60_000
/** A login that was refused here (no password) leaves its connection open. */
const LOGGED_IN_WITHIN_MS = 15_000

const sync = Buffer.from([0x53, 0, 0, 0, 4])

interface Watched {
  readonly connection: pg.Connection
  readonly openedAt: number
  /** Backend; null until the login has succeeded. */
  pid: number | null
  /** Outside a transaction, where asking for a sign of life resets no timeout. */
  isIdle: boolean
  /** What had been written when Postgres last had answered everything. */
  answeredBytes: number
  bytes: number
  bytesAt: number
  verdicts: number
}

/** `url` is where the connections lead. */
export function watchSilence(url: string): SilenceWatch {
  const watched = new Set<Watched>()
  let timer: NodeJS.Timeout | null = null
  let isAsking = false

  const look = () => {
    const overdue: Watched[] = []
    for (const one of watched) {
      if (isDestroyed(one.connection)) watched.delete(one)
      if (isDestroyed(one.connection) || !isSilent(one)) continue
      if (one.pid === null) {
        if (performance.now() - one.openedAt > LOGGED_IN_WITHIN_MS) destroy(one)
      } else if (socketOf(one).bytesWritten !== one.answeredBytes) overdue.push(one)
      else if (one.isIdle) askForAnswer(one)
    }
    if (overdue.length > 0 && !isAsking) void judge(overdue)
  }

  const judge = async (overdue: readonly Watched[]) => {
    isAsking = true
    try {
      const working = await findWorking(url, overdue)
      for (const one of overdue) {
        // Its answer, or the next statement, came while the server was asked.
        if (!isSilent(one)) continue
        if (working === 'unknown') {
          if (performance.now() - one.bytesAt > UNKNOWN_FOR_MS) destroy(one)
        } else if (working.has(one.pid)) {
          one.bytesAt = performance.now()
          one.verdicts = 0
        } else if (++one.verdicts >= DEAD_AFTER_VERDICTS) {
          destroy(one)
        }
      }
      if (working !== 'unknown')
        await endBackends(
          url,
          overdue.filter(({ connection }) => isDestroyed(connection)),
        )
    } finally {
      isAsking = false
    }
  }

  return {
    // pg calls it as a method of the connection it makes the socket for.
    stream: function (this: pg.Connection) {
      const socket = new Socket()
      const one = watch(this)
      watched.add(one)
      timer ??= setInterval(look, LOOK_EVERY_MS).unref()
      socket.once('close', () => {
        watched.delete(one)
        if (watched.size > 0 || timer === null) return
        clearInterval(timer)
        timer = null
      })
      return socket
    },
    destroyAll() {
      for (const { connection } of watched) connection.stream.destroy()
    },
  }
}

function watch(connection: pg.Connection): Watched {
  const now = performance.now()
  const one: Watched = {
    connection,
    openedAt: now,
    pid: null,
    isIdle: false,
    answeredBytes: 0,
    bytes: 0,
    bytesAt: now,
    verdicts: 0,
  }
  connection.on('backendKeyData', ({ processID }: { processID: number }) => {
    one.pid = processID
  })
  // These run before pg's own listeners, which may send the next statement.
  const answered = () => {
    one.answeredBytes = socketOf(one).bytesWritten
  }
  connection.on('readyForQuery', ({ status }: { status: string }) => {
    answered()
    one.isIdle = status === 'I'
  })
  // It is our turn: to fetch more rows, or to send some.
  connection.on('portalSuspended', answered)
  connection.on('copyInResponse', answered)
  return one
}

/** With TLS it is another one than the factory made. */
function socketOf({ connection }: Watched): Socket {
  return connection.stream as Socket
}

function isSilent(one: Watched): boolean {
  const { bytesRead, bytesWritten } = socketOf(one)
  const bytes = bytesRead + bytesWritten
  if (bytes !== one.bytes) {
    one.bytes = bytes
    one.bytesAt = performance.now()
    one.verdicts = 0
  }
  return performance.now() - one.bytesAt >= SILENT_MS
}

/** Answers come in order, so the next ReadyForQuery is the one asked for here. pg must not see it. */
function askForAnswer(one: Watched): void {
  const { connection } = one
  connection.stream.write(sync)
  const askedBytes = socketOf(one).bytesWritten
  connection.emit = (name: string | symbol, ...rest: unknown[]) => {
    if (name !== 'readyForQuery') return EventEmitter.prototype.emit.call(connection, name, ...rest)
    Reflect.deleteProperty(connection, 'emit')
    one.answeredBytes = askedBytes
    return true
  }
}

function destroy({ connection }: Watched): void {
  const error = new Error('no answer from Postgres on a connection that is open')
  connection.stream.destroy(Object.assign(error, { code: 'ETIMEDOUT' }))
}

function isDestroyed({ stream }: pg.Connection): boolean {
  return stream.destroyed
}

/** The backends that do something else than wait for us. Empty when the server can't be reached. */
async function findWorking(
  url: string,
  overdue: readonly Watched[],
): Promise<ReadonlySet<number | null> | 'unknown'> {
  try {
    return await askServer(url, async (client, pid) => {
      const { rows } = await client.query<{ pid: number; ownPid: number }>(
        `select pid, pg_catalog.pg_backend_pid() as "ownPid" from pg_catalog.pg_stat_activity
         where pid = pg_catalog.pg_backend_pid()
           or pid = any ($1) and state = 'active' and wait_event_type is distinct from 'Client'`,
        [overdue.map(({ pid }) => pid)],
      )
      const isPooled = rows[0] !== undefined && rows[0].ownPid !== pid
      return isPooled ? 'unknown' : new Set(rows.map(({ pid }) => pid))
    })
  } catch (error) {
    return error instanceof pg.DatabaseError ? 'unknown' : new Set()
  }
}

/** The locks of a statement whose client was given up must not outlive it. */
async function endBackends(url: string, dead: readonly Watched[]): Promise<void> {
  if (dead.length === 0) return
  await askServer(url, (client) =>
    client.query(
      `select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity
       where pid = any ($1) and usename = current_user and backend_start < pg_catalog.now() - interval '10 seconds'`,
      [dead.map(({ pid }) => pid)],
    ),
  ).catch(() => undefined)
}

/** `pid` is what the peer calls the backend; a pooler makes it up. */
async function askServer<T>(
  url: string,
  ask: (client: pg.Client, pid: number | null) => Promise<T>,
): Promise<T> {
  const socket = new Socket()
  const client = new pg.Client({
    connectionString: url,
    ssl: false,
    stream: () => socket,
    application_name: 'allo-queue-mirror watch',
    connectionTimeoutMillis: ASK_MS,
    query_timeout: ASK_MS,
  })
  client.on('error', () => undefined)
  let pid: number | null = null
  client.connection.on('backendKeyData', ({ processID }: { processID: number }) => {
    pid = processID
  })
  const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), ASK_MS)
  try {
    await client.connect()
    await client.query(setSession)
    return await ask(client, pid)
  } finally {
    clearTimeout(timer)
    client.connection.stream.destroy()
  }
}
