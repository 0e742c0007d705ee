/**
 * Where jobs are kept: Redis, or BullMQ's own tables in Postgres (schema `allo_jobs`). What the rest of the worker
 * uses of BullMQ is the same on both.
 */
import {
  assertSchemaCompatibility,
  type BackendClasses,
  createPostgresBackend,
  createRedisBackend,
  type IQueueBackend,
  type Job,
  type JobsOptions,
  type JobType,
  LATEST_SCHEMA_VERSION,
  runMigrations,
  SchemaMigrationRequiredError,
  withBackend,
} from 'bullmq'
import { Redis } from 'ioredis'
import {
  connectionSettings,
  inTransaction,
  openPool,
  type Pool,
  withDatabaseErrors,
} from '../store/postgres/database.ts'
import { assertNoForeignOwner } from '../store/postgres/foreign-owners.ts'
import { remember } from '../store/postgres/remember.ts'
import { sessionOptions } from '../store/postgres/session-settings.ts'
import { inYieldingTransaction } from '../store/postgres/yielding-transaction.ts'
import { within } from '../waiting.ts'
import { nextSlotMs } from './cron-slots.ts'

export const JOBS_SCHEMA = 'allo_jobs'

/** How soon a worker looks again for jobs when its backend did not answer. */
const RETRY_MS = 3000

/** A probe writes; however often it is asked for, it writes once in this time. */
const PROBE_KEPT_MS = 5000
const PROBE_DEADLINE_MS = 2000
/** Under the prefix of BullMQ's own keys, since a login may be held to it. */
export const PROBE_KEY = 'bull:allo-queue-mirror-probe'
export const PROBE_KEY_LIVES_MS = 10_000

/** A Redis that says nothing for longer is gone. BullMQ's blocking commands wait ten seconds at most. */
const patience = { connectTimeout: 5000, socketTimeout: 15_000, keepAlive: 10_000 }

/** BullMQ's own strategy waits up to 20 seconds, which is long for a Redis that is there again. */
const retryStrategy = (times: number) => Math.min(times * 500, RETRY_MS)

/** kill -9 of a worker is noticed after about these two together. */
const LOCK_MS = 10_000
const STALLED_CHECK_MS = 5_000

/** Ids, and nothing else: what is in Redis is nobody's phone number or key. */
export interface JobData {
  /** Unset until the pass was begun. */
  readonly passId?: string
  readonly teamId?: string
  /** How many teammates the pass asks. */
  readonly asked?: number
  /** Why the pass is not over the whole team, without a value; see Listing. */
  readonly incomplete?: string
  /** Of a reading. */
  readonly userId?: string
  /** What went out for it before: of a pass while it began, of a reading in attempts that came to nothing. */
  readonly spent?: Spent
}

export interface Spent {
  readonly requests: number
  /** Answers that said to wait (429). */
  readonly throttled: number
}

export type Processor = (
  job: Job<JobData>,
  token: string | undefined,
  signal: AbortSignal,
) => Promise<unknown>

/** What is used of a BullMQ queue. */
export interface JobQueue {
  readonly name: string
  readonly qualifiedName: string
  addBulk(jobs: { name: string; data: JobData; opts: JobsOptions }[]): Promise<unknown>
  upsertJobScheduler(
    id: string,
    repeat: { every: number } | { pattern: string; tz: string },
    template: {
      name: string
      data: JobData
      opts: Omit<JobsOptions, 'jobId' | 'repeat' | 'delay' | 'deduplication'>
    },
  ): Promise<unknown>
  getJobSchedulers(): Promise<{ key: string; next?: number; every?: number; pattern?: string; tz?: string }[]>
  removeJobScheduler(id: string): Promise<boolean>
  getJobs(types: JobType[]): Promise<Job<JobData>[]>
  getJobCounts(...types: JobType[]): Promise<Record<string, number>>
  getWorkersCount(): Promise<number>
  /** `unknown`: there is no such job (any more). */
  getJobState(jobId: string): Promise<string>
  /** Job ids are unique in their queue; this is so in all queues of all backends. */
  uniqueJobId(jobId: string): string
  /** The job's id in this queue; null when it is another queue's, or another backend's. */
  jobIdOf(uniqueJobId: string): string | null
  close(): Promise<void>
}

/** What is used of a BullMQ worker. */
export interface JobWorker {
  concurrency: number
  cancelAllJobs(reason?: string): void
  close(force?: boolean): Promise<void>
}

/** For people. */
export const backendNames = { redis: 'Redis', postgres: 'Postgres' } as const

export interface JobBackend {
  readonly kind: 'redis' | 'postgres'
  openQueue(name: string): Promise<JobQueue>
  startWorker(name: string, concurrency: number, processor: Processor): Promise<JobWorker>
  /** Writes, and rejects with the backend's own words when that fails, within two seconds. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** One process group per key: teams share Redis and Postgres without seeing each other's jobs. */
export function queueNames(keyFingerprint: string): { passes: string; readings: string } {
  return { passes: `allo-passes-${keyFingerprint}`, readings: `allo-readings-${keyFingerprint}` }
}

/**
 * `onError` hears of lost connections; BullMQ reconnects by itself. With `mayMigrate: false` its tables in Postgres
 * are taken as they are: for those who only look.
 */
export async function openJobBackend(
  urls: { readonly redisUrl: string | null; readonly databaseUrl: string },
  onError: (error: Error) => void,
  { mayMigrate = true }: { readonly mayMigrate?: boolean } = {},
): Promise<JobBackend> {
  return urls.redisUrl === null
    ? openOnPostgres(urls.databaseUrl, onError, mayMigrate)
    : openOnRedis(urls.redisUrl, onError)
}

function openOnRedis(url: string, onError: (error: Error) => void): JobBackend {
  // For our own questions: they fail at once instead of waiting for Redis to come back.
  const probe = new Redis(url, {
    ...patience,
    socketTimeout: 5000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    lazyConnect: true,
    // So that a Redis that still loads its data can say so.
    enableReadyCheck: false,
  })
  /** Why there is no connection; a question asked meanwhile only hears that there is none. */
  let reason: Error | null = null
  probe.on('error', (error) => {
    reason = error
  })
  probe.on('ready', () => {
    reason = null
  })
  const connection = () => ({ url, ...patience, retryStrategy, maxRetriesPerRequest: null })
  return {
    kind: 'redis',
    ...openOn('redis', withBackend(createRedisBackend), connection, onError),
    // Full, read only or unable to save, Redis answers PING all the same.
    ping: remember(PROBE_KEPT_MS, async () => {
      try {
        if (probe.status === 'wait' || probe.status === 'end')
          await within(PROBE_DEADLINE_MS, probe.connect())
        await within(PROBE_DEADLINE_MS, probe.set(PROBE_KEY, '', 'PX', PROBE_KEY_LIVES_MS))
        // BullMQ begins with it.
        await within(PROBE_DEADLINE_MS, probe.info('server'))
      } catch (error) {
        throw reason ?? error
      }
    }),
    async close() {
      probe.disconnect()
    },
  }
}

async function openOnPostgres(
  url: string,
  onError: (error: Error) => void,
  mayMigrate: boolean,
): Promise<JobBackend> {
  const probe = openPool(url, { max: 2, name: 'jobs' })
  try {
    if (mayMigrate) await migrateJobs(probe)
  } catch (error) {
    await probe.end()
    throw error
  }
  // Postgres has few connections to give; a worker has another one to listen.
  const { settings, destroyAll } = connectionSettings(inJobsSchema(url))
  const connection = (max: number) => ({
    ...settings,
    schema: JOBS_SCHEMA,
    application_name: 'allo-queue-mirror jobs',
    max,
  })
  return {
    kind: 'postgres',
    ...openOn('postgres', withBackend(createPostgresBackend), connection, onError),
    ping: remember(PROBE_KEPT_MS, () => {
      const ask = () => probe.query(mayMigrate ? writeProbe : 'select 1')
      return within(PROBE_DEADLINE_MS, withDatabaseErrors('writing to the tables of the jobs', ask)).then(
        () => undefined,
      )
    }),
    async close() {
      await probe.end()
      destroyAll()
    },
  }
}

/** A row of no queue, in BullMQ's table of what it knows of each. */
const writeProbe = `insert into ${JOBS_SCHEMA}.meta (queue, field, value)
  values ('allo-queue-mirror', 'probe', pg_catalog.clock_timestamp()::text)
  on conflict (queue, field) do update set value = excluded.value`

/** BullMQ asks for its schema in the options of a connection; any in the URL itself would take their place. */
export function inJobsSchema(databaseUrl: string): string {
  const url = new URL(databaseUrl)
  const options = url.searchParams.get('options') ?? ''
  url.searchParams.set('options', `${options} ${sessionOptions} -c search_path=${JOBS_SCHEMA}`.trim())
  return url.href
}

/**
 * BullMQ takes an advisory lock of its own even where nothing is to do, and every login could keep that from it: so it
 * is asked first.
 */
async function migrateJobs(pool: Pool): Promise<void> {
  await assertNoForeignOwner(pool, [JOBS_SCHEMA])
  const isCurrent = await inTransaction(pool, 'looking at the tables of the jobs', async (client) => {
    try {
      return (await assertSchemaCompatibility(client, JOBS_SCHEMA)) >= LATEST_SCHEMA_VERSION
    } catch (error) {
      if (error instanceof SchemaMigrationRequiredError) return false
      throw error
    }
  })
  if (isCurrent) return
  // It begins and ends the transaction itself, inside this one, which a second BEGIN leaves as it is.
  await inYieldingTransaction(pool, 'preparing the tables of the jobs', (client) =>
    runMigrations(client, JOBS_SCHEMA),
  )
}

function openOn<B extends IQueueBackend, C>(
  kind: JobBackend['kind'],
  classes: BackendClasses<B, C>,
  connection: (connections: number) => C,
  onError: (error: Error) => void,
): Pick<JobBackend, 'openQueue' | 'startWorker'> {
  /**
   * BullMQ looks once whether Postgres is there, and what was made while it was not never works again. On Redis it
   * waits until it is, and needs nobody to wait with it.
   */
  const whenReady = async <T extends { waitUntilReady(): Promise<unknown>; close(): Promise<void> }>(
    made: T,
  ) => {
    if (kind === 'redis') return made
    try {
      await withDatabaseErrors('connecting the jobs', () => made.waitUntilReady())
      return made
    } catch (error) {
      await made.close().catch(() => undefined)
      throw error
    }
  }

  return {
    async openQueue(name: string): Promise<JobQueue> {
      const queue = new classes.Queue<JobData>(name, {
        connection: connection(1),
        settings: { repeatStrategy },
      })
      queue.on('error', onError)
      await whenReady(queue)
      const prefix = `${kind} ${queue.qualifiedName} `
      return Object.assign(queue, {
        uniqueJobId: (jobId: string) => prefix + jobId,
        jobIdOf: (uniqueJobId: string) =>
          uniqueJobId.startsWith(prefix) ? uniqueJobId.slice(prefix.length) : null,
      })
    },
    async startWorker(name: string, concurrency: number, processor: Processor): Promise<JobWorker> {
      const worker = new classes.Worker<JobData>(
        name,
        // Three named parameters: BullMQ makes the signal only for those who declare it.
        (job, token, signal) => processor(job, token, signal ?? new AbortController().signal),
        {
          connection: connection(Math.min(concurrency, 2)),
          concurrency,
          lockDuration: LOCK_MS,
          stalledInterval: STALLED_CHECK_MS,
          runRetryDelay: RETRY_MS,
          autorun: false,
          settings: { repeatStrategy },
          // A worker killed twice over the same job is no reason to give the job up.
          maxStalledCount: 100,
        },
      )
      worker.on('error', onError)
      // Where Redis refuses BullMQ's first question (INFO), its loop would never let this process do anything else, not
      // even end, so the loop starts when both connections are ready.
      const run = () => worker.run().catch(onError)
      await whenReady(worker)
      void worker.waitUntilReady().then(run, onError)
      return worker
    },
  }
}

/** The schedulers of a queue and of its worker must agree on when a cron expression is due. */
function repeatStrategy(
  after: number,
  { pattern, tz }: { pattern?: string; tz?: string },
): number | undefined {
  return pattern === undefined ? undefined : nextSlotMs({ cron: pattern, timeZone: tz ?? 'UTC' }, after)
}
