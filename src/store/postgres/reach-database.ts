/** The first question to a Postgres: are you there, will you have us, are you one we can use? */
import { foreignCodeOf, messageOf } from '../../errors.ts'
import { UnusableError } from '../../text/system-error.ts'
import { DatabaseError, type Pool } from './database.ts'
import { inspectServer, OLDEST_POSTGRES, type ServerReport } from './inspect-database.ts'

/** Throws OpenDatabaseError, in words, when the answer is no. */
export async function reachDatabase(pool: Pool, url: string): Promise<ServerReport> {
  let server: ServerReport
  try {
    server = await inspectServer(pool)
  } catch (cause) {
    throw explain(cause, url)
  }
  if (server.major < OLDEST_POSTGRES) {
    throw new OpenDatabaseError(
      `Postgres at ${placeOf(url)} is version ${server.version}; ${OLDEST_POSTGRES} or newer is needed: upgrade it, or point DATABASE_URL at another.`,
      { retryable: false },
    )
  }
  if (server.encoding !== 'UTF8') {
    throw new OpenDatabaseError(
      `Postgres at ${placeOf(url)} has this database in ${server.encoding}, which can't store names in other alphabets: create another one (create database allo encoding 'UTF8' template template0) and point DATABASE_URL at it.`,
      { retryable: false },
    )
  }
  if (server.isReadOnly) {
    throw new OpenDatabaseError(
      `Postgres at ${placeOf(url)} is read-only (a standby, a failover that is not over, or default_transaction_read_only): wait, or point DATABASE_URL at one that can be written.`,
      // A failover is over within minutes, and a service that ended would stay down.
      { retryable: true },
    )
  }
  return server
}

/** `db.example:5432/allo as mirror`: everything of the URL but the password and the settings. */
export function placeOf(url: string): string {
  const { hostname, port, pathname, username, searchParams } = new URL(url)
  const host = hostname || searchParams.get('host') || 'this machine'
  const login = username ? ` as ${decodeURIComponent(username)}` : ''
  return `${host}:${port || '5432'}${decodeURIComponent(pathname)}${login}`
}

function explain(cause: unknown, url: string): OpenDatabaseError {
  const code = cause instanceof DatabaseError ? cause.sqlState : foreignCodeOf(cause)
  const said = messageOf(cause).replace(/^asking Postgres what it is: /, '')
  const { sentence, retryable } = reasonFor(code, said)
  return new OpenDatabaseError(`Postgres at ${placeOf(url)} can't be used: ${sentence}`, { retryable, cause })
}

function reasonFor(code: string | null, said: string): { sentence: string; retryable: boolean } {
  if (code === 'ECONNREFUSED' || (code === 'ENOENT' && said.startsWith('connect'))) {
    return { sentence: 'nothing answers there. Start it, or check DATABASE_URL.', retryable: true }
  }
  // A name that is not found may be a typing error, or a container that is not up yet.
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return {
      sentence: `there is no such host (${code}). Check DATABASE_URL and the network.`,
      retryable: true,
    }
  }
  if (code === '28P01' || code === '28000') {
    return { sentence: `it refuses this user or password (${code}). Check DATABASE_URL.`, retryable: false }
  }
  if (code === '3D000') {
    return { sentence: 'it has no such database. Create it, or check DATABASE_URL.', retryable: false }
  }
  if (/password must be a string|no password/i.test(said)) {
    return { sentence: 'it requires a password, and DATABASE_URL contains none.', retryable: false }
  }
  if (/SSL|TLS|CERT|SIGNED|SIGNATURE/i.test(`${code} ${said}`)) {
    return {
      sentence: `no secure connection: ${said}. Check sslmode and sslrootcert in DATABASE_URL; NODE_EXTRA_CA_CERTS names a file with your own authorities.`,
      retryable: false,
    }
  }
  if (/timeout|timed out|ETIMEDOUT/i.test(`${code} ${said}`)) {
    return { sentence: 'no answer in time. Check the network and DATABASE_URL.', retryable: true }
  }
  if (code === 'ENOENT') {
    return { sentence: `${said}. Check the files and folders DATABASE_URL names.`, retryable: false }
  }
  const isTemporary = code === null || /^(08|40|53|57|58|E)/.test(code)
  return {
    sentence: `${said}. ${isTemporary ? 'Try again later.' : 'Check DATABASE_URL.'}`,
    retryable: isTemporary,
  }
}

/** Postgres can't be used from the start. The message names the place, never the password, and the way out. */
export class OpenDatabaseError extends UnusableError {
  readonly code = 'database'
}
