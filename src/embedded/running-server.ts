/** The Postgres server that works for a cluster, whichever process started it. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { foreignCodeOf } from '../errors.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import type { PostgresHome } from './postgres-home.ts'
import { identify, worksIn } from './process-identity.ts'

export interface RunningServer {
  readonly pid: number
  readonly port: number
  readonly status: 'starting' | 'ready' | 'stopping'
}

export const POLL_MS = 10

/**
 * Null: no server works for this cluster. postmaster.pid alone proves nothing: after a kill -9 or a reboot the file
 * stays, and another process may have the pid.
 */
export async function findServer(home: PostgresHome): Promise<RunningServer | null> {
  const text = await readFile(pidFile(home), 'utf8').catch(() => null)
  // pid, data directory, start time, port, socket directory, listen address, shared memory, status
  const lines = text?.split('\n').map((line) => line.trim()) ?? []
  const pid = Number(lines[0])
  if (!(pid > 0) || (await identify(pid)) === null || !(await worksIn(pid, home.cluster))) return null
  const status = lines[7] === 'ready' || lines[7] === 'stopping' ? lines[7] : 'starting'
  return { pid, port: Number(lines[3]), status }
}

export function pidFile(home: PostgresHome): string {
  return join(home.cluster, 'postmaster.pid')
}

/** Fast shutdown, then immediate shutdown. */
const shutdowns = [
  { signal: 'SIGINT', withinMs: 60_000 },
  { signal: 'SIGQUIT', withinMs: 10_000 },
] as const

/**
 * Idempotent. A fast shutdown ends sessions, rolls back open transactions and keeps all commits. If it takes too long,
 * an immediate one follows: as safe, but the next start has to recover. Call under the home's lock.
 */
export async function stopServer(home: PostgresHome): Promise<void> {
  const server = await findServer(home)
  if (server === null) return
  for (const { signal, withinMs } of shutdowns) {
    sendSignal(server.pid, signal)
    if (await isGone(home, server.pid, withinMs)) return
  }
  throw new EmbeddedPostgresError(
    `The Postgres server with pid ${server.pid} does not stop. Its log is ${home.log}`,
  )
}

async function isGone(home: PostgresHome, pid: number, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs
  while (Date.now() < deadline) {
    if ((await findServer(home))?.pid !== pid) return true
    await sleep(POLL_MS)
  }
  return false
}

/** Sends the signal and returns: for a process that is exiting and can't wait. */
export function endAtOnce(home: PostgresHome, signal: 'SIGINT' | 'SIGQUIT'): void {
  try {
    process.kill(Number.parseInt(readFileSync(pidFile(home), 'utf8'), 10), signal)
  } catch {
    // The server has ended already.
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (foreignCodeOf(error) !== 'ESRCH') throw error
  }
}
