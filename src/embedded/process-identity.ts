import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import { foreignCodeOf } from '../errors.ts'

/**
 * A text that identifies a process on this machine for ever: its pid and its start time, because pids are reused. Null:
 * there is no such process. A zombie counts as dead, because a container's pid 1 may never reap it. Safe as a file name.
 */
export async function identify(pid: number): Promise<string | null> {
  const started = process.platform === 'linux' ? await startedOnLinux(pid) : await startedByPs(pid)
  return started === null ? null : `${pid}-${started}`
}

export async function identifySelf(): Promise<string> {
  const identity = await identify(process.pid)
  if (identity === null) throw new Error('This process cannot find itself in the process table')
  return identity
}

export async function isAlive(identity: string): Promise<boolean> {
  const pid = Number.parseInt(identity, 10)
  return pid > 0 && (await identify(pid)) === identity
}

/** Synchronous, for an exiting process. Also true if another process now has the same pid. */
export function hasProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return foreignCodeOf(error) === 'EPERM'
  }
}

/** Whether the process runs in this folder, or was started with `-D folder`. */
export async function worksIn(pid: number, folder: string): Promise<boolean> {
  if (process.platform !== 'linux') {
    return ((await ps(pid, 'command=')) ?? '').includes(` -D ${folder} `)
  }
  // Root without CAP_SYS_PTRACE (in a container) can't see the folder of another account's process, but can see its
  // arguments.
  const args = ((await readOrNull(`/proc/${pid}/cmdline`)) ?? '').split('\0')
  if (args.some((arg, i) => arg === folder && args[i - 1] === '-D')) return true
  return (await readlink(`/proc/${pid}/cwd`).catch(() => null)) === folder
}

async function startedOnLinux(pid: number): Promise<string | null> {
  const stat = await readOrNull(`/proc/${pid}/stat`)
  if (stat === null) return null
  // The second field is the command in parentheses and may contain anything, so count the fields after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, ticksSinceBoot] = [fields[0], fields[19]]
  if (state === 'Z' || state === 'X' || ticksSinceBoot === undefined) return null
  bootId ??= ((await readOrNull('/proc/sys/kernel/random/boot_id')) ?? '').trim().slice(0, 8)
  return `${bootId}-${ticksSinceBoot}`
}
let bootId: string | undefined

async function startedByPs(pid: number): Promise<string | null> {
  const line = await ps(pid, 'state=,lstart=')
  if (line === null || line.startsWith('Z')) return null
  return line.replace(/^\S+\s+/, '').replace(/[^A-Za-z0-9]+/g, '_')
}

async function ps(pid: number, columns: string): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('/bin/ps', ['-ww', '-o', columns, '-p', String(pid)], {
      env: { LC_ALL: 'C', TZ: 'UTC' },
    })
    return `${stdout.trim()} `
  } catch {
    return null
  }
}

async function readOrNull(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null)
}
