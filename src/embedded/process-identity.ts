import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import { foreignCodeOf } from '../errors.ts'

/**
 * A text no other process has, had or will have on this machine: pids come back, a pid with its start time
 * does not. Null when there is no such process; a zombie counts as none, because under a pid 1 that reaps
 * nobody (a container's) it would look alive for ever. Safe as a file name.
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

/** For an end that can't wait: also true of another process that has the same pid now. */
export function hasProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return foreignCodeOf(error) === 'EPERM'
  }
}

/** Does the process run in this folder, or was it told to (`-D folder`)? Either proof is enough. */
export async function worksIn(pid: number, folder: string): Promise<boolean> {
  if (process.platform !== 'linux') {
    return ((await ps(pid, 'command=')) ?? '').includes(` -D ${folder} `)
  }
  // The folder of another account's process is hidden from a root without CAP_SYS_PTRACE (a container's);
  // its arguments are not.
  const args = ((await readOrNull(`/proc/${pid}/cmdline`)) ?? '').split('\0')
  if (args.some((arg, i) => arg === folder && args[i - 1] === '-D')) return true
  return (await readlink(`/proc/${pid}/cwd`).catch(() => null)) === folder
}

async function startedOnLinux(pid: number): Promise<string | null> {
  const stat = await readOrNull(`/proc/${pid}/stat`)
  if (stat === null) return null
  // The second field is the command in parentheses and may hold anything: count from behind it.
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
