/**
 * Connections to Postgres. Every session speaks UTC, so that no instant depends on a server's setting, and names
 * itself, so that an operator finds it in pg_stat_activity.
 */
import { DrizzleQueryError } from 'drizzle-orm/errors'
import pg from 'pg'
import { exitCodes, foreignCodeOf, MirrorError, messageOf } from '../../errors.ts'
import { waitingFor } from '../../waiting.ts'
import { setSession } from './session-settings.ts'
import { watchSilence } from './silence-watch.ts'

export type Pool = pg.Pool
export type Client = pg.PoolClient

/** read_only_sql_transaction */
const READ_ONLY = '25006'

/** What a database error may say outside: Postgres puts whole rows, phone numbers included, into its details. */
export class DatabaseError extends MirrorError {
  /** From Postgres; `ECONNREFUSED` and the like when it was not reached; null when the driver gave none. */
  readonly sqlState: string | null
  /** That a value violates. */
  readonly constraint: string | null
  /**
   * True when the same call can succeed later: connection lost, server starting, deadlock, locked, out of resources, or
   * the server is read only (a failover is going on).
   */
  override readonly retryable: boolean
  /**
   * Postgres refused the values: out of range, over a limit (an index row, a jsonb), against a constraint or a trigger
   * of the customer. It would have accepted other values.
   */
  readonly isAboutData: boolean

  constructor(doing: string, error: unknown) {
    const { code, reason, constraint = null } = describe(error)
    super(`${doing}: ${reason}`)
    this.sqlState = code
    this.constraint = constraint
    this.isAboutData = /^(09|2[0-3]|27|3[89]|44|54|P0)/.test(code ?? '')
    this.retryable =
      code === null || code === READ_ONLY || /^(08|40|53|55|57|58)/.test(code) || isSystemCode(code)
  }

  get code() {
    return this.isAboutData ? 'database_refused' : 'database'
  }

  get exitCode() {
    if (this.retryable) return exitCodes.tryAgain
    // SQL we wrote wrong, or rows that break our own rules.
    const isOurs = this.isAboutData || /^(42601$|2[1-7]|XX)/.test(this.sqlState ?? '')
    // Else rights, logins, and tables that others changed: nothing that heals by itself.
    return isOurs ? exitCodes.bug : exitCodes.configuration
  }

  override get advice(): string | null {
    if (this.retryable) return 'Try again; what was saved until then stays.'
    return this.exitCode === exitCodes.bug
      ? null
      : 'doctor says which rights are missing; nothing else may change schema allo.'
  }
}

/** Runs `work` and turns what Postgres throws into an error that holds no row values. */
export async function withDatabaseErrors<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await waitingFor(`Postgres (${doing})`, work)
  } catch (error) {
    throw toDatabaseError(doing, error)
  }
}

/** A DatabaseError for what the driver throws, lost connections included; any other error stays as it is. */
export function toDatabaseError(doing: string, thrown: unknown): unknown {
  const error = withoutDrizzle(thrown)
  return isDriverError(error) ? new DatabaseError(doing, error) : error
}

/**
 * For the places where errors of any origin arrive: what the Postgres driver threw past `withDatabaseErrors` (BullMQ's
 * own connections, an event of a client) becomes a DatabaseError; any other error stays as it is.
 */
export function asDatabaseError(thrown: unknown): unknown {
  const error = withoutDrizzle(thrown)
  return error !== thrown || isFromPostgres(error) ? toDatabaseError('talking to Postgres', error) : error
}

/** Drizzle's own error quotes the statement with its values, and hides the reason in its cause. */
function withoutDrizzle(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? error.cause : error
}

/**
 * Whether the error says that a connection to Postgres was lost: an administrator or a restart ended it (57P01 to
 * 57P03), or the socket closed.
 *
 * The driver also emits it as an event of the client, beside rejecting what was asked on that connection. Where a
 * client has no listener at that moment, as BullMQ's have between two statements, the event would end the process.
 */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return /^(08|57P0[123])/.test(error.code ?? '')
  return isFromPostgres(error)
}

/** Errors that nothing but the driver makes: unlike a system code, which any socket or file may give. */
function isFromPostgres(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return true
  return (
    error instanceof Error &&
    /^(Connection terminated|Client has encountered a connection error|Client was closed)/.test(error.message)
  )
}

/** What every client or pool of ours and of BullMQ is made with, so that no wait on Postgres is endless. */
export function connectionSettings(url: string) {
  const watch = watchSilence(url)
  return {
    settings: {
      connectionString: url,
      // TLS is what the URL says, not what a PGSSLMODE lying around says.
      ssl: false,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      stream: watch.stream,
    },
    destroyAll: watch.destroyAll,
  }
}

/** Statements of ours that still run when a pool is closed are given this long. */
const CLOSE_WITHIN_MS = 3000

/**
 * The server ends the session of a process that vanished, and with it the locks of its transaction. Not every server
 * can check connections while it executes a statement; servers that can't refuse the setting.
 */
const endWhenAlone = `
  set client_min_messages = warning;
  set idle_in_transaction_session_timeout = '60s';
  set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3;
  do $$ begin
    perform pg_catalog.set_config('client_connection_check_interval', '10s', false);
  exception when others then null; end $$`

/**
 * `url` is a postgres:// URL, TLS settings included. Idle connections are closed after ten seconds; an error on an
 * idle one is ignored, because the next use reports it. `end` destroys connections that are open after three seconds.
 */
export function openPool(url: string, options: { max: number; name: string }): Pool {
  const { settings, destroyAll } = connectionSettings(url)
  const pool = new pg.Pool({
    ...settings,
    max: options.max,
    idleTimeoutMillis: 10_000,
    application_name: `allo-queue-mirror ${options.name}`,
    allowExitOnIdle: true,
    onConnect: async (client) => {
      await client.query(`${setSession}; ${endWhenAlone}`)
    },
  })
  pool.on('error', () => undefined)
  // Nor on one that is lent out and lost between two statements: the next statement reports it.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const end = pool.end.bind(pool)
  pool.end = async () => {
    const timer = setTimeout(destroyAll, CLOSE_WITHIN_MS)
    try {
      await waitingFor('Postgres (closing connections)', end)
    } finally {
      clearTimeout(timer)
    }
  }
  return pool
}

/** One transaction on one connection: committed when `work` resolves, rolled back when it rejects or asks for it. */
export async function inTransaction<T>(
  pool: Pool,
  doing: string,
  work: (client: Client) => Promise<T>,
  options: { rollback?: boolean } = {},
): Promise<T> {
  return withDatabaseErrors(doing, async () => {
    const client = await pool.connect()
    let broken: Error | undefined
    try {
      await client.query('begin')
      const result = await work(client)
      await client.query(options.rollback ? 'rollback' : 'commit')
      return result
    } catch (error) {
      await client.query('rollback').catch((rollbackError: Error) => {
        broken = rollbackError
      })
      // A session may stay read only although new ones are not.
      if (describe(withoutDrizzle(error)).code === READ_ONLY) broken = new Error('the session is read only')
      throw error
    } finally {
      client.release(broken)
    }
  })
}

function isDriverError(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return true
  if (!(error instanceof Error) || error instanceof MirrorError) return false
  if (error instanceof AggregateError) return error.errors.some(isDriverError)
  return (
    ('code' in error && isSystemCode(error.code)) ||
    /^(Connection terminated|timeout exc|Query read timeout|Client )/.test(error.message)
  )
}

/** ECONNREFUSED, EAI_AGAIN: of the system, not of Postgres. */
function isSystemCode(code: unknown): boolean {
  return typeof code === 'string' && /^E[A-Z_]+$/.test(code)
}

interface Described {
  readonly code: string | null
  readonly reason: string
  readonly constraint?: string | null
}

function describe(error: unknown): Described {
  if (error instanceof pg.DatabaseError) {
    const where = [
      error.table && `table ${error.table}`,
      error.constraint && `constraint ${error.constraint}`,
    ]
    const parts = [`code ${error.code}`, ...where.filter(Boolean)]
    // Messages of class 22 and 23 can quote values, and a trigger of the customer may raise any message;
    // the others name objects only.
    const isWordedByData = /^(?:2[23]|P0)/.test(error.code ?? '') || error.routine === 'exec_stmt_raise'
    const message = isWordedByData ? 'data refused' : error.message
    const reason = `${message} (${parts.join(', ')})`
    return { code: error.code ?? null, reason, constraint: error.constraint ?? null }
  }
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0])
  if (error instanceof DatabaseError)
    return { code: error.sqlState, reason: error.message, constraint: error.constraint }
  return { code: foreignCodeOf(error), reason: messageOf(error) }
}
