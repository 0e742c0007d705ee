/** A pool that calls `before` with each statement, and sends the statement when that resolves. */
import type { Client, Pool } from '../../src/store/postgres/database.ts'
import { isStream, textOf } from './rewindable-pool.ts'

type Query = (...args: readonly unknown[]) => Promise<unknown>

export function watched(pool: Pool, before: (statement: string) => Promise<void>): Pool {
  const queryOf = (query: Query): Query => {
    return (...args) => {
      const [statement] = args
      // COPY is a stream, which the driver returns at once, so it is not held up.
      return isStream(statement) ? query(...args) : before(textOf(statement)).then(() => query(...args))
    }
  }
  const connect = async (): Promise<Client> => {
    const client = await pool.connect()
    const query = queryOf(client.query.bind(client) as Query)
    return { query, release: (error?: Error) => client.release(error) } as unknown as Client
  }
  return { connect, query: queryOf(pool.query.bind(pool) as unknown as Query) } as unknown as Pool
}
