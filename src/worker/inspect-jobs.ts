/** Whether jobs can be kept where they are to be kept, for the start of a worker and for `doctor`. */
import { Redis } from 'ioredis'
import pg from 'pg'

/** What BullMQ needs of Redis. */
const OLDEST_REDIS = [6, 2]

export interface JobsReport {
  /** `Redis 7.0.15, appendonly yes, maxmemory-policy noeviction`. */
  readonly what: string
  /** What to change, a sentence each; jobs may get lost or wait until it is. */
  readonly concerns: readonly string[]
}

/** Rejects when Redis can't be reached or refuses the login. */
export async function inspectRedis(url: string): Promise<JobsReport> {
  const redis = new Redis(url, {
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    lazyConnect: true,
    connectTimeout: 2000,
  })
  let reason: unknown
  redis.on('error', (error) => {
    reason = error
  })
  try {
    await redis.connect()
    const info = parseInfo(await redis.info())
    const version = info.get('redis_version') ?? 'of unknown version'
    const policy = info.get('maxmemory_policy') ?? 'unknown'
    const [major = 0, minor = 0] = version.split('.').map(Number)
    const isOld =
      major < (OLDEST_REDIS[0] ?? 0) || (major === OLDEST_REDIS[0] && minor < (OLDEST_REDIS[1] ?? 0))
    const concerns = [
      ...(policy === 'noeviction' || policy === 'unknown'
        ? []
        : [`maxmemory-policy is ${policy}: Redis would evict jobs one by one. Set it to noeviction.`]),
      ...(isOld ? [`Redis is ${version}; ${OLDEST_REDIS.join('.')} or newer is needed.`] : []),
    ]
    const appendOnly = info.get('aof_enabled') === '1' ? 'yes' : 'no'
    return { what: `Redis ${version}, appendonly ${appendOnly}, maxmemory-policy ${policy}`, concerns }
  } catch (error) {
    throw reason ?? error
  } finally {
    redis.disconnect()
  }
}

/**
 * BullMQ listens on a connection of its own; behind a pooler that hands connections out by transaction it would
 * listen to nothing. Two connections open at once that are served by one backend give such a pooler away.
 */
export async function inspectJobsInPostgres(url: string): Promise<JobsReport> {
  const clients = [0, 1].map(() => new pg.Client({ connectionString: url, ssl: false }))
  const [one, other] = clients
  for (const client of clients) client.on('error', () => undefined)
  try {
    await Promise.all(clients.map((client) => client.connect()))
    const isPooled = (await backendOf(one)) === (await backendOf(other))
    return {
      what: 'Postgres, schema allo_jobs',
      concerns: isPooled
        ? [
            'DATABASE_URL goes through a pooler that hands out connections by transaction: jobs would only be found by polling. Give the worker a direct connection or a session pool, or set REDIS_URL.',
          ]
        : [],
    }
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)))
  }
}

async function backendOf(client: pg.Client | undefined): Promise<number | undefined> {
  const result = await client?.query<{ pid: number }>('select pg_backend_pid() as pid')
  return result?.rows[0]?.pid
}

function parseInfo(text: string): Map<string, string> {
  return new Map(
    text.split(/\r?\n/).flatMap((line): [string, string][] => {
      const [, name, value] = /^(\w+):(.*)$/.exec(line) ?? []
      return name === undefined || value === undefined ? [] : [[name, value]]
    }),
  )
}
