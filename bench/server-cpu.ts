import { readdir, readFile } from 'node:fs/promises'
import type { Pool } from '../src/store/postgres/database.ts'

/** Linux counts in hundredths of a second. */
const TICKS_PER_SECOND = 100

interface ProcessTimes {
  readonly pid: number
  readonly parent: number
  /** With those of its children that have ended. */
  readonly ticks: number
}

/** Of all processes of the Postgres of this pool, those that ended included. Null: this system has no /proc. */
export async function cpuSecondsOfServer(pool: Pool): Promise<number | null> {
  const { rows } = await pool.query<{ pid: number }>('select pg_backend_pid() as pid')
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const processes = (await Promise.all(pids.map(timesOf))).flatMap((times) => times ?? [])
  const server = processes.find(({ pid }) => pid === rows[0]?.pid)?.parent
  if (server === undefined) return null
  const ofServer = processes.filter(({ pid, parent }) => pid === server || parent === server)
  return ofServer.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND
}

/** Null: it has ended. */
async function timesOf(pid: string): Promise<ProcessTimes | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (stat === null) return null
  // The name before it may contain spaces.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [user = 0, system = 0, userOfChildren = 0, systemOfChildren = 0] = fields.slice(11, 15)
  return {
    pid: Number(pid),
    parent: fields[1] ?? 0,
    ticks: user + system + userOfChildren + systemOfChildren,
  }
}
