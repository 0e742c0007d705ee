/** Whether what travels to a database or to Redis can be read on the way. No sentence repeats any part of a URL. */
import type { Config } from './config.ts'
import { isLoopback } from './loopback.ts'

/** What a worker logs at its start and doctor says, a sentence each. */
export function connectionsInClear({
  databaseUrl,
  redisUrl,
}: Pick<Config, 'databaseUrl' | 'redisUrl'>): string[] {
  return [
    databaseUrl && databaseInClear(databaseUrl.value()),
    redisUrl && redisPasswordInClear(redisUrl.value()),
  ].filter((warning) => warning !== null)
}

/** What to say of it; null: it stays on this machine, or is encrypted and verified. */
function databaseInClear(databaseUrl: string): string | null {
  const url = URL.parse(databaseUrl)
  if (url === null || staysHere(url)) return null
  const parameter = (name: string) => url.searchParams.get(name) ?? ''
  const mode = parameter('sslmode')
  // Only so does the driver take these two modes as libpq does: without looking at the certificate.
  const isAsLibpq = parameter('uselibpqcompat') === 'true' && parameter('sslrootcert') === ''
  if (mode === 'no-verify' || (isAsLibpq && /^(?:prefer|require)$/.test(mode)))
    return `DATABASE_URL says sslmode=${mode}: the connection is encrypted, but nothing shows that it leads to your database. Use sslmode=verify-full.`
  const isEncrypted =
    /^(?:prefer|require|verify-ca|verify-full)$/.test(mode) ||
    (mode === '' &&
      (/^(?:true|1)$/.test(parameter('ssl')) ||
        parameter('sslnegotiation') === 'direct' ||
        ['sslcert', 'sslkey', 'sslrootcert'].some((name) => parameter(name) !== '')))
  if (isEncrypted) return null
  const why = mode === '' ? 'names another machine and no sslmode' : 'has an sslmode that does not encrypt'
  return `DATABASE_URL ${why}: names and phone numbers travel in clear text. Add sslmode=verify-full, with sslrootcert for an authority of your own.`
}

/** Jobs hold ids only, so what matters is the password. */
function redisPasswordInClear(redisUrl: string): string | null {
  const url = URL.parse(redisUrl)
  if (url === null || url.protocol !== 'redis:' || url.password === '' || staysHere(url)) return null
  return 'REDIS_URL begins with redis:// and leads to another machine: its password travels in clear text. Use rediss://.'
}

/** This machine, or a socket of it. */
function staysHere({ hostname, searchParams }: URL): boolean {
  const host = decodeURIComponent(hostname) || searchParams.get('host') || 'localhost'
  return isLoopback(host) || host.startsWith('/')
}
