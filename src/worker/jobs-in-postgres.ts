/** Jobs in BullMQ's own tables in Postgres, schema `allo_jobs`. */
import {
  assertSchemaCompatibility,
  createPostgresBackend,
  LATEST_SCHEMA_VERSION,
  runMigrations,
  SchemaMigrationRequiredError,
  withBackend,
} from 'bullmq'
import { sql } from 'drizzle-orm'
import {
  connectionSettings,
  inTransaction,
  openPool,
  type Pool,
  withDatabaseErrors,
} from '../store/postgres/database.ts'
import { assertNoForeignOwner, JOBS_SCHEMA } from '../store/postgres/foreign-owners.ts'
import { run } from '../store/postgres/query.ts'
import { remember } from '../store/postgres/remember.ts'
import { sessionOptions } from '../store/postgres/session-settings.ts'
import { inYieldingTransaction } from '../store/postgres/yielding-transaction.ts'
import { within } from '../waiting.ts'
import { openOn } from './bullmq.ts'
import { type JobBackend, PROBE_DEADLINE_MS, PROBE_KEPT_MS } from './jobs.ts'

export async function openOnPostgres(
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
      const ask = () => run(probe, mayMigrate ? writeProbe : sql`select 1`)
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
const writeProbe = sql`insert into ${sql.identifier(JOBS_SCHEMA)}.meta (queue, field, value)
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
