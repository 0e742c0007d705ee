/**
 * A pool of one connection that can go back in time. All is done in one transaction of Postgres, and what the program
 * does as a transaction is a savepoint within it. So the state after a pass is kept while its successors are tried.
 *
 * To the program, it is a pool: `begin`, `commit` and `rollback` do what they say. `clock_timestamp()` goes on. A
 * statement outside a transaction must not fail.
 */
import pg from 'pg'
import type { Client, Pool } from '../../src/store/postgres/database.ts'
import { setSession } from '../../src/store/postgres/session-settings.ts'

export interface RewindablePool {
  readonly pool: Pool
  /** What `work` does is undone, whether it resolves or rejects. All other calls are made within one. */
  undoing<T>(work: () => Promise<T>): Promise<T>
  /**
   * From now on, until `restart`: writes that were committed, and the process stops after `stopAfter` of them. Then
   * each statement rejects with ProcessStopped, and what was not committed is undone.
   */
  restart(stopAfter?: number): void
  readonly writes: number
  close(): Promise<void>
}

export class ProcessStopped extends Error {
  override readonly name = 'ProcessStopped'
}

type Query = (...args: readonly unknown[]) => unknown

export async function openRewindablePool(url: string): Promise<RewindablePool> {
  const connection = new pg.Client({ connectionString: url, ssl: false })
  connection.on('error', () => undefined)
  await connection.connect()
  await connection.query(`${setSession}; set plan_cache_mode = force_generic_plan`)
  const send = connection.query.bind(connection) as Query
  let depth = 0
  let writes = 0
  let stopAfter = Number.POSITIVE_INFINITY
  let isInTransaction = false
  /** Whether there is the temporary table of a reading, now and before the transaction. */
  let hasIncoming = false
  let hadIncoming = false
  /** Its statement. From the second outermost `undoing` on it is there before, because creating it takes longest. */
  let createIncoming: string | null = null
  let last: Promise<unknown> = Promise.resolve()

  const statements: Readonly<Record<string, () => Promise<unknown>>> = {
    async begin() {
      isInTransaction = true
      hadIncoming = hasIncoming
      await connection.query('savepoint program')
    },
    async commit() {
      await connection.query('release savepoint program')
      // ON COMMIT DELETE ROWS waits for the real end.
      if (hasIncoming) await connection.query('delete from pg_temp.incoming_numbers')
      isInTransaction = false
      written()
    },
    async rollback() {
      if (isInTransaction) await connection.query('rollback to savepoint program; release savepoint program')
      isInTransaction = false
      hasIncoming = hadIncoming
    },
  }

  function written(): void {
    writes += 1
  }

  /** What was undone stays in the tables until they are vacuumed, and makes everything slower. */
  async function endTransaction(): Promise<void> {
    await connection.query('rollback')
    await connection.query('vacuum')
  }

  async function query(...args: readonly unknown[]): Promise<unknown> {
    const text = textOf(args[0])
    if (writes >= stopAfter) {
      await statements.rollback?.()
      throw new ProcessStopped('the process stopped')
    }
    const statement = statements[/^begin\b/.test(text) ? 'begin' : text]
    if (statement !== undefined) return statement()
    if (text.startsWith('create temporary table')) {
      hasIncoming = true
      createIncoming = text
    }
    const result = await send(...prepared(args))
    if (!isInTransaction && !/^\s*(select|with)\b/i.test(text)) written()
    return result
  }

  /** COPY is a stream, which the driver returns at once. */
  const queryOrStream = (...args: readonly unknown[]) => {
    if (isStream(args[0])) return send(...args)
    const done = last.then(() => query(...args))
    last = done.catch(() => undefined)
    return done
  }
  const client = { query: queryOrStream, release: () => undefined, on: () => client }
  const pool = { query: queryOrStream, connect: async () => client as unknown as Client, on: () => pool }

  return {
    pool: pool as unknown as Pool,
    async undoing(work) {
      const name = `tried_${depth}`
      const isOutermost = depth === 0
      depth += 1
      if (isOutermost && createIncoming !== null) await connection.query(createIncoming)
      if (isOutermost) hasIncoming = createIncoming !== null
      await connection.query(isOutermost ? 'begin' : `savepoint ${name}`)
      const hadIncomingBefore = hasIncoming
      try {
        return await work()
      } finally {
        depth -= 1
        hasIncoming = hadIncomingBefore
        if (isOutermost) await endTransaction()
        else await connection.query(`rollback to savepoint ${name}; release savepoint ${name}`)
      }
    },
    restart(after = Number.POSITIVE_INFINITY) {
      writes = 0
      stopAfter = after
      isInTransaction = false
    },
    get writes() {
      return writes
    },
    close: () => connection.end(),
  }
}

const names = new Map<string, string>()

/** Planned once: the tables are small, so planning takes longest. Only single statements can be prepared. */
function prepared(args: readonly unknown[]): readonly unknown[] {
  const [statement, values] = args
  const text = textOf(statement)
  if (text.includes(';')) return args
  const name = names.get(text) ?? `statement_${names.size}`
  names.set(text, name)
  return [
    typeof statement === 'string' ? { text, values, name } : { ...(statement as object), name },
    ...args.slice(1),
  ]
}

export function textOf(statement: unknown): string {
  if (typeof statement === 'string') return statement
  return typeof statement === 'object' && statement !== null && 'text' in statement
    ? String(statement.text)
    : ''
}

export function isStream(statement: unknown): boolean {
  return typeof statement === 'object' && statement !== null && 'submit' in statement
}
