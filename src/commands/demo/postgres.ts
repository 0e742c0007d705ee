/** The temporary Postgres of the demo. It is watched while the demo runs, and removed with its files at the end. */

import { once } from 'node:events'
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
  /** Aborts when the demo is stopped, or its Postgres becomes unusable. */
  readonly signal: AbortSignal
  /** Whether the disk is full. */
  hasFullDisk(): Promise<boolean>
  /** Reports that Postgres is unusable, and aborts `signal`. */
  giveUp(reason: string): void
}

/** Time for running work to finish after `signal` has aborted. */
const WIND_UP_MS = 8000

/** Throws EmbeddedPostgresError when the server ends or its disk is full. `say` prints a note about files that stay. */
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
      say(`The Postgres binaries stay in ${server.keptPrograms} (60 MB) for the next start.`)
  }
}

/** Opens an idle connection, which breaks as soon as the server ends. */
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
  if (!signal.aborted) await once(signal, 'abort')
  await sleep(WIND_UP_MS)
  throw signal.reason
}

async function explain(server: TemporaryPostgres, cause: unknown): Promise<EmbeddedPostgresError> {
  if (await hasFullDisk(server.folder)) return fullDisk(server.folder, cause)
  const words = await server.lastWords()
  const reason = messageOf(cause)
  return new EmbeddedPostgresError(
    `The demo ends, because its Postgres is unusable: ${reason}${words === null ? '' : ` (${words})`}. Run it again`,
    { cause, retryable: true },
  )
}
