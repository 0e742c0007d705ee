/** The Postgres of the demo: there as long as the demo runs, watched, and gone with all its files. */

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { EmbeddedPostgresError } from '../../embedded/postgres.ts'
import {
  fullDisk,
  hasFullDisk,
  startTemporaryPostgres,
  type TemporaryPostgres,
} from '../../embedded/temporary-postgres.ts'
import { messageOf } from '../../errors.ts'
import { DatabaseError } from '../../store/postgres/database.ts'

export interface DemoPostgres {
  readonly url: string
  /** Aborts when the demo was told to stop, or its Postgres can't be used any more. */
  readonly signal: AbortSignal
  /** Whether the disk has room for what Postgres writes next. */
  hasFullDisk(): Promise<boolean>
  /** It can't be used any more. */
  giveUp(reason: string): void
}

/** What still runs may take this long to wind up once `signal` has aborted. */
const WIND_UP_MS = 8000

/** Throws EmbeddedPostgresError, in one sentence, when the server ends or its disk is full. `say`: for what stays. */
export async function withDemoPostgres(
  interrupted: AbortSignal,
  work: (postgres: DemoPostgres) => Promise<void>,
  say: (line: string) => void,
): Promise<void> {
  const settings = { fsync: 'off' }
  const server = await startTemporaryPostgres({ name: 'demo', settings, signal: interrupted })
  try {
    const lost = new AbortController()
    const giveUp = (reason: string) => lost.abort(new Error(reason))
    const signal = AbortSignal.any([interrupted, lost.signal])
    const stopWatching = await watch(server.url, () => giveUp('it has ended'))
    try {
      await Promise.race([
        work({ url: server.url, signal, giveUp, hasFullDisk: () => hasFullDisk(server.folder) }),
        timeIsUp(signal),
      ])
      lost.signal.throwIfAborted()
    } catch (error) {
      interrupted.throwIfAborted()
      throw lost.signal.aborted || error instanceof DatabaseError
        ? await explain(server, lost.signal.reason ?? error)
        : error
    } finally {
      await stopWatching()
    }
  } finally {
    await server.remove()
    if (server.keptPrograms !== null)
      say(`Postgres's programs stay in ${server.keptPrograms} (60 MB) for the next time.`)
  }
}

/** A connection that does nothing breaks as soon as the server ends. */
async function watch(url: string, onEnd: () => void): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url, ssl: false })
  await client.connect()
  client.on('error', onEnd)
  return async () => {
    client.off('error', onEnd).on('error', () => undefined)
    await client.end().catch(() => undefined)
  }
}

async function timeIsUp(signal: AbortSignal): Promise<never> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await sleep(WIND_UP_MS)
  throw signal.reason
}

async function explain(server: TemporaryPostgres, cause: unknown): Promise<EmbeddedPostgresError> {
  if (await hasFullDisk(server.folder)) return fullDisk(server.folder, cause)
  const words = await server.lastWords()
  const reason = messageOf(cause)
  return new EmbeddedPostgresError(
    `The demo ends, because its own Postgres can't be used any more: ${reason}${words === null ? '' : ` (${words})`}. Run it again`,
    { cause, retryable: true },
  )
}
