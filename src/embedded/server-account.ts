import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { foreignCodeOf } from '../errors.ts'
import { EmbeddedPostgresError, useYourOwnPostgres } from './embedded-postgres-error.ts'

/** The account that runs the server. Null: the account of this process. */
export type Account = { readonly name: string; readonly uid: number; readonly gid: number } | null

/** Postgres refuses to run as root, so root uses another existing account. No account is created. */
export async function chooseServerAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return null
  const accounts = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n').map((line) => {
    const [name = '', , uid, gid] = line.split(':')
    return { name, uid: Number(uid), gid: Number(gid) }
  })
  for (const name of ['postgres', '_postgres', 'nobody']) {
    const found = accounts.find((account) => account.name === name && account.uid > 0 && account.gid > 0)
    if (found !== undefined) return found
  }
  throw new EmbeddedPostgresError(
    `Postgres refuses to run as root, and there is neither a "postgres" nor a "nobody" account here: run as another user, or ${useYourOwnPostgres}`,
  )
}

/**
 * The complete environment of Postgres's programs, because PGPORT, PGDATA or LC_ALL of the user would change their
 * behaviour. They find their files and libraries relative to their own path.
 */
const serverEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C', LC_ALL: 'C', TZ: 'UTC' }

/** Spawn options that run a program as the account, independent of our working folder. */
export function runningAs(account: Account) {
  const identity = account === null ? {} : { uid: account.uid, gid: account.gid }
  return { ...identity, env: serverEnvironment, cwd: '/' }
}

/**
 * Runs a program to its end. `code` is null if it could not be started or was killed. It runs in its own session, so
 * that Ctrl-C reaches only us. `signal` kills it and its children; the promise rejects when they are gone.
 */
export async function runAs(
  account: Account,
  file: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<{ code: number | null; output: string }> {
  signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      ...runningAs(account),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const kill = () => killGroup(child)
    signal?.addEventListener('abort', kill, { once: true })
    let output = ''
    const collect = (chunk: Buffer) => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => resolve({ code: null, output: output + error.message }))
    child.on('close', (code) => {
      signal?.removeEventListener('abort', kill)
      if (signal?.aborted) reject(signal.reason)
      else resolve({ code, output })
    })
  })
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (foreignCodeOf(error) !== 'ESRCH') throw error
  }
}

/** Whether the account can enter the folder. Tries it, because modes alone do not show it (ACLs, mounts). */
export async function canEnter(account: Account, folder: string): Promise<boolean> {
  if (account === null) return true
  return (await runAs(account, '/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder])).code === 0
}
