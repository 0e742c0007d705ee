/** Checks that the configured job backend can hold jobs, at the start of a worker and for `doctor`. */
import { sql } from 'drizzle-orm'
import { Redis } from 'ioredis'
import pg from 'pg'
import { ConfigError } from '../config/config.ts'
import { connectionSettings, DatabaseError, withDatabaseErrors } from '../store/postgres/database.ts'
import { JOBS_SCHEMA } from '../store/postgres/foreign-owners.ts'
import { one } from '../store/postgres/query.ts'
import { inJobsSchema } from './jobs-in-postgres.ts'
import { PROBE_KEY, PROBE_KEY_LIVES_MS } from './jobs-in-redis.ts'

/** What BullMQ needs of Redis. */
const OLDEST_REDIS = [6, 2]

export interface JobsReport {
  /** `Redis 7.0.15, appendonly yes, maxmemory-policy noeviction`. */
  readonly what: string
  /** Problems, each as a sentence that says what to change. Until then jobs may be lost or delayed. */
  readonly concerns: readonly string[]
}

/** Rejects if Redis can't be reached, refuses the login or a write. Writes a key that expires after seconds. */
export async function inspectRedis(url: string): Promise<JobsReport> {
  const redis = new Redis(url, {
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    lazyConnect: true,
    connectTimeout: 2000,
    commandTimeout: 5000,
    enableReadyCheck: false,
  })
  let reason: unknown
  redis.on('error', (error) => {
    reason = error
  })
  try {
    await redis.connect()
    await redis.set(PROBE_KEY, '', 'PX', PROBE_KEY_LIVES_MS)
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
 * BullMQ names its schema in the options a connection is opened with, which PgBouncer refuses or is told to ignore:
 * then no job can be kept there, and a ConfigError says so, as it does where the login lacks the right. It also listens
 * on a connection of its own; behind a pooler that hands connections out by transaction it would listen to nothing. Two
 * connections open at once that are served by one backend give such a pooler away.
 */
export async function inspectJobsInPostgres(url: string): Promise<JobsReport> {
  const { settings, destroyAll } = connectionSettings(inJobsSchema(url))
  const clients = [0, 1].map(() => new pg.Client(settings))
  for (const client of clients) client.on('error', () => undefined)
  try {
    const sessions = await withDatabaseErrors('looking where the jobs would be', async () => {
      await Promise.all(clients.map((client) => client.connect()))
      return Promise.all(clients.map(sessionOf))
    })
    if (sessions.some(({ path }) => path !== JOBS_SCHEMA)) throw cannotKeepJobs(pooled)
    const [first, second] = sessions
    if (first?.mayKeep === false) throw cannotKeepJobs(powerless)
    return {
      what: `Postgres, schema ${JOBS_SCHEMA}`,
      concerns:
        first?.pid === second?.pid
          ? [
              'DATABASE_URL goes through a pooler that hands out connections by transaction: jobs would only be found by polling. Give the worker a direct connection or a session pool, or set REDIS_URL.',
            ]
          : [],
    }
  } catch (error) {
    throw error instanceof DatabaseError && error.sqlState === '08P01' ? cannotKeepJobs(pooled) : error
  } finally {
    // Not ended in order: one that was refused or fell silent never ends.
    destroyAll()
  }
}

function sessionOf(client: pg.Client): Promise<{ pid: number; path: string; mayKeep: boolean }> {
  return one(
    client,
    sql`select pg_backend_pid() as pid, current_setting('search_path') as path,
          case when jobs.oid is null then has_database_privilege(current_database(), 'create')
            else has_schema_privilege(jobs.oid, 'usage') and has_schema_privilege(jobs.oid, 'create') and not exists (
              select from pg_class where relnamespace = jobs.oid and relkind in ('r', 'p') and not (
                has_table_privilege(pg_class.oid, 'select') and has_table_privilege(pg_class.oid, 'insert')
                and has_table_privilege(pg_class.oid, 'update') and has_table_privilege(pg_class.oid, 'delete')))
          end as "mayKeep"
        from (select to_regnamespace(${JOBS_SCHEMA})::oid as oid) jobs`,
  )
}

const pooled =
  'leads to a pooler (PgBouncer?) that does not pass on the options of a connection, and jobs can not be kept behind it. Set REDIS_URL, or give the worker a direct connection.'
const powerless = `its login may not make and fill schema ${JOBS_SCHEMA}, where the jobs would be. Let it create schemas in this database and read and write the tables of that one, or set REDIS_URL.`

function cannotKeepJobs(problem: string): ConfigError {
  return new ConfigError([{ variable: 'DATABASE_URL', problem }])
}

function parseInfo(text: string): Map<string, string> {
  return new Map(
    text.split(/\r?\n/).flatMap((line): [string, string][] => {
      const [, name, value] = /^(\w+):(.*)$/.exec(line) ?? []
      return name === undefined || value === undefined ? [] : [[name, value]]
    }),
  )
}
