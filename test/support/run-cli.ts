/** The executable as a person starts it: its own process, whose environment contains only what the test sets. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import getPort from 'get-port'
import type { Pool } from '../../src/store/postgres/database.ts'
import { executable } from './executable.ts'
import { assertContract } from './json-contract.ts'

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly finished: Promise<Finished>
  /** Resolves as soon as what was written so far matches. Rejects when the process ends without it. */
  written(pattern: RegExp): Promise<string>
}

export type Env = Readonly<Record<string, string>>

/** An empty folder to be started in, so that no `.env` lies around; `remove` it. */
export function createWorkplace(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'allo-queue-mirror-cli-'))
  // Run by root, an embedded Postgres works under another account, which has to get in.
  chmodSync(folder, 0o755)
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Killed after `timeoutMs`: then `code` is null. Rejects if what `--json` printed is not as `schemas/` say. */
export function startCli(
  args: readonly string[],
  env: Env,
  options: {
    cwd: string
    file?: string
    command?: readonly string[]
    timeoutMs?: number
    stdin?: string
    /** The first of a group of its own, which can be signalled as a terminal does. */
    leadsGroup?: boolean
    /** Of the user and of the group; only root can choose it. */
    uid?: number
  },
): Running {
  const { cwd, file = executable, timeoutMs = 150_000, stdin = '' } = options
  const [program = '', ...before] = options.command ?? [process.execPath, file]
  const path = [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter)
  const child = spawn(program, [...before, ...args], {
    cwd,
    // Roles belong to the server, and the server to everyone.
    env: { PATH: path, HOME: cwd, ROLE_PREFIX: 'none', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: options.leadsGroup ?? false,
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  // One that ends without reading it has its reasons.
  child.stdin.on('error', () => undefined).end(stdin)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const finished = once(child, 'close').then(([code]): Finished => {
    said.push(stdout, stderr)
    assertContract(args, stdout)
    return { code: typeof code === 'number' ? code : null, stdout, stderr }
  })
  return {
    child,
    finished,
    written: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(stdout + stderr)
          if (found) resolve(found[0])
        }
        look()
        child.stdout.on('data', look)
        child.stderr.on('data', look)
        void finished.then(() => reject(new Error(`ended without ${pattern}:\n${stdout}\n${stderr}`)))
      }),
  }
}

export function runCli(...args: Parameters<typeof startCli>): Promise<Finished> {
  return startCli(...args).finished
}

/** The object `--json` promises; fails when anything else is on stdout. */
export function jsonOf({ stdout }: Finished) {
  const lines = stdout.trimEnd().split('\n')
  if (lines.length !== 1) throw new Error(`${lines.length} lines on stdout:\n${stdout}`)
  return JSON.parse(stdout)
}

/** `127.0.0.1:port`, on which no program listens. */
export async function deadAddress(): Promise<string> {
  return `127.0.0.1:${await getPort({ host: '127.0.0.1' })}`
}

const said: string[] = []

/** Everything that processes of this test file wrote to their terminals. */
export function everythingSaid(): string {
  return said.join('\n')
}

/** Name and contents of every table of ours, but those of the read budget. */
export async function contentsOf(pool: Pool): Promise<Record<string, string>> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = to_regnamespace('allo') and relkind = 'r'
       and relname not in ('api_keys', 'read_slots') order by 1`,
  )
  const contents: Record<string, string> = {}
  for (const { name } of tables) {
    const { rows } = await pool.query<{ text: string }>(
      `select count(*) || ' rows ' || coalesce(md5(string_agg(t::text, '' order by t::text)), '') as text
       from allo.${name} t`,
    )
    contents[name] = rows[0]?.text ?? ''
  }
  return contents
}
