import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { foreignCodeOf } from '../errors.ts'
import { EmbeddedPostgresError, useYourOwnPostgres } from './embedded-postgres-error.ts'

/** Who runs the server: null is whoever runs this process. */
export type Account = { readonly name: string; readonly uid: number; readonly gid: number } | null

/** Postgres refuses to run as root; root lends it an account that exists. Nothing is created. */
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
 * All that Postgres's programs see of the environment, whoever runs them: a PGPORT, PGDATA or LC_ALL of the
 * user would change what they do. They find their own files and libraries by their own path.
 */
export const serverEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C', LC_ALL: 'C', TZ: 'UTC' }

/** Spawn options that make a program run as the account, whatever folder we ourselves are in. */
export function runningAs(account: Account) {
  const identity = account === null ? {} : { uid: account.uid, gid: account.gid }
  return { ...identity, env: serverEnvironment, cwd: '/' }
}

/**
 * Runs to the end. `code` is null when the program could not be started or was killed. In a session of its own, so
 * that a Ctrl-C is ours alone; `signal` kills it, with all it started, and rejects once it is gone.
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

/** Can the account enter the folder? Asked of the kernel: modes alone do not tell (ACLs, mounts). */
export async function canEnter(account: Account, folder: string): Promise<boolean> {
  if (account === null) return true
  return (await runAs(account, '/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder])).code === 0
}
