/** `allo-queue-mirror worker` as people run it: real processes with a new environment. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { executable } from './executable.ts'

const logLine = z.looseObject({ event: z.string().optional(), msg: z.string().optional() })
export type LogLine = z.infer<typeof logLine>

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Since the first signal sent to it. */
  readonly afterMs: number
}

export interface WorkerProcess {
  readonly pid: number
  /** What it logged so far. */
  readonly logs: readonly LogLine[]
  /** Must stay empty: warnings of Node and unhandled rejections end up here. */
  readonly stderr: () => string
  readonly exited: Promise<Exit>
  isRunning(): boolean
  /** The first line of that event, past or to come. */
  logged(event: string, options?: { readonly after?: number }): Promise<LogLine>
  kill(signal: NodeJS.Signals): void
}

export interface WorkerSettings {
  readonly apiKey: string
  readonly apiUrl: string
  readonly databaseUrl: string
  /** Null: the jobs are kept in Postgres. */
  readonly redisUrl: string | null
  readonly env?: Readonly<Record<string, string>>
}

export function environmentOf({ apiKey, apiUrl, databaseUrl, redisUrl, env = {} }: WorkerSettings) {
  return {
    PATH: process.env.PATH ?? '',
    NODE_OPTIONS: '--unhandled-rejections=strict',
    ALLO_API_KEY: apiKey,
    ALLO_API_URL: apiUrl,
    ALLO_READS_PER_SECOND: 'unlimited',
    DATABASE_URL: databaseUrl,
    ...(redisUrl === null ? {} : { REDIS_URL: redisUrl }),
    SYNC_EVERY: '2s',
    LIVE_BUDGET_SHARE: '0',
    HTTP_PORT: '0',
    ROLE_PREFIX: 'none',
    ...env,
  }
}

export function spawnWorker(settings: WorkerSettings): WorkerProcess {
  return spawnCommand(['worker'], environmentOf(settings))
}

/** A run that ends early must not leave services behind. */
const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** Any command, in an empty folder. */
export function spawnCommand(args: readonly string[], env: Readonly<Record<string, string>>): WorkerProcess {
  const home = mkdtempSync(join(tmpdir(), 'allo-queue-mirror-home-'))
  const child = spawn(process.execPath, [executable, ...args], {
    cwd: home,
    env: { HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const logs: LogLine[] = []
  let stderr = ''
  let unfinished = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (unfinished + text).split('\n')
    unfinished = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('{')) logs.push(logLine.parse(JSON.parse(line)))
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  children.add(child)
  let signalledAt = 0
  const exited = untilGone(child, () => signalledAt).finally(() => {
    children.delete(child)
    rmSync(home, { recursive: true, force: true })
  })
  const isRunning = () => child.exitCode === null && child.signalCode === null
  return {
    pid: child.pid ?? 0,
    logs,
    stderr: () => stderr,
    exited,
    isRunning,
    async logged(event, { after = 0 } = {}) {
      return until(`the worker logs ${event}`, () => {
        const line = logs.slice(after).find((one) => one.event === event)
        if (line === undefined && !isRunning()) throw new Error(`the worker ended first: ${stderr}`)
        return line
      })
    },
    kill(signal) {
      signalledAt ||= performance.now()
      child.kill(signal)
    },
  }
}

function untilGone(child: ChildProcess, signalledAt: () => number): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal, afterMs: performance.now() - signalledAt() })
    })
  })
}

/** Long enough on a machine that does much else: nothing waits for it but a failure. */
export const PATIENCE_MS = 150_000

/** Asks again and again until there is an answer; throws, with what was missed, when there is none in time. */
export async function until<T>(
  what: string,
  look: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  withinMs = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== null && found !== false) return found
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    await sleep(50)
  }
}
