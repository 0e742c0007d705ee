/**
 * A separate Postgres for the bench in its own folder, with the settings of production (it flushes to disk as there).
 * The environment has no effect on it. It is removed at the end.
 */
import pg from 'pg'
import { startTemporaryPostgres } from '../src/embedded/temporary-postgres.ts'
import { migrateDatabase } from '../src/store/migrate/migrate.ts'
import { openPool, type Pool } from '../src/store/postgres/database.ts'

export interface Lab {
  version(): Promise<string>
  /** Runs `work` with a migrated, empty database. */
  withDatabase<T>(work: (database: { url: string; pool: Pool }) => Promise<T>): Promise<T>
}

/** `settings`: those of Postgres that differ from its own. */
export async function withLab<T>(
  work: (lab: Lab) => Promise<T>,
  settings: Readonly<Record<string, string>> = {},
): Promise<T> {
  const server = await startTemporaryPostgres({ name: 'bench', settings })
  try {
    return await work(createLab(server.url))
  } finally {
    await server.remove()
  }
}

function createLab(serverUrl: string): Lab {
  let made = 0
  return {
    async version() {
      const [row] = await administer(serverUrl, `select current_setting('server_version') as version`)
      return String(row?.version)
    },
    async withDatabase(work) {
      made += 1
      const name = `bench_${made}`
      await administer(serverUrl, `create database ${name}`)
      const url = new URL(serverUrl)
      url.pathname = `/${name}`
      await migrateDatabase(url.href)
      const pool = openPool(url.href, { max: 12, name: 'bench' })
      try {
        return await work({ url: url.href, pool })
      } finally {
        await pool.end()
        await administer(serverUrl, `drop database ${name} with (force)`)
      }
    },
  }
}

/** Bytes ever written to the WAL. No other program writes to this server. */
export async function walPosition(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ bytes: string }>(
    `select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') as bytes`,
  )
  return Number(rows[0]?.bytes)
}

async function administer(serverUrl: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: serverUrl, ssl: false })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}
