import { UsageError } from '../errors.ts'

/** A pool of `pg`. Only its settings are read. */
export interface PgPool {
  readonly options: object
  connect(): Promise<unknown>
}

/** The settings of a pool that say where its database is, and how it is reached. */
interface PoolSettings {
  readonly connectionString?: unknown
  readonly host?: unknown
  readonly port?: unknown
  readonly user?: unknown
  readonly password?: unknown
  readonly database?: unknown
  readonly ssl?: unknown
  readonly stream?: unknown
}

/**
 * The connection string of the pool's database. A user or a password that is not set is left out: `pg` completes it as
 * for the pool. Throws a UsageError, which holds no value, for settings that no connection string has: the connection would
 * lead elsewhere, or be less secure.
 */
export function urlOfPool({ options }: PgPool): string {
  const settings: PoolSettings = options
  if (settings.stream !== undefined) throw inConnectionString('a stream of its own')
  if (typeof settings.ssl === 'object' && settings.ssl !== null) throw inConnectionString('TLS settings')
  const url = settings.connectionString === undefined ? urlOfParts(settings) : whole(settings)
  if (!settings.ssl || /[?&]sslmode=/.test(url)) return url
  return `${url}${url.includes('?') ? '&' : '?'}sslmode=verify-full`
}

function whole({ connectionString, host, port, user, password, database }: PoolSettings): string {
  if ([host, port, user, password, database].some((part) => part !== undefined))
    throw inConnectionString('a connection string and other settings of its address')
  return String(connectionString)
}

function urlOfParts({ host, port, user, password, database }: PoolSettings): string {
  if (typeof password === 'function') throw inConnectionString('a password that is a function')
  const name = host === undefined ? '' : String(host)
  const place = name.includes(':') && !name.startsWith('/') ? `[${name}]` : encodeURIComponent(name)
  const login = [user, password].filter((part) => part !== undefined && part !== null).map(encoded)
  return [
    'postgresql://',
    login.length > 0 ? `${login.join(':')}@` : '',
    place,
    port === undefined ? '' : `:${port}`,
    `/${database === undefined ? '' : encoded(database)}`,
  ].join('')
}

function encoded(part: unknown): string {
  return encodeURIComponent(String(part))
}

function inConnectionString(what: string): UsageError {
  return new UsageError(
    `the pool has ${what}, which a pass can't use: give it one connectionString with all of it, such as postgresql://user:password@host:5432/database?sslmode=verify-full`,
  )
}
