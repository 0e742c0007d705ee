import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Place {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

/** No installation and no pass of this size takes as long. */
const LIMIT_MS = 15 * 60_000

/** Runs a command to its end and returns all that it printed. Rejects with the last lines if it fails. */
export async function run(command: readonly string[], place: Place): Promise<string> {
  const { child, printed } = start(command, place)
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
  const [code, signal] = await once(child, 'close').finally(() => clearTimeout(timer))
  if (code !== 0) {
    const last = printed().trim().split('\n').slice(-6).join('\n')
    throw new Error(`${command.join(' ')} ended with ${code ?? signal}:\n${last}`)
  }
  return printed()
}

/** Runs `work` while a command runs that has printed what `ready` looks for. The command is stopped afterwards. */
export async function during<Result>(
  command: readonly string[],
  place: Place,
  ready: RegExp,
  work: (found: RegExpExecArray) => Promise<Result>,
): Promise<Result> {
  const { child, printed } = start(command, place)
  const closed = once(child, 'close')
  try {
    for (let left = LIMIT_MS / 100; left > 0; left -= 1) {
      const found = ready.exec(printed())
      if (found !== null) return await work(found)
      if (child.exitCode !== null) break
      await sleep(100)
    }
    throw new Error(`${command.join(' ')} did not begin:\n${printed()}`)
  } finally {
    child.kill('SIGTERM')
    await closed
  }
}

function start(
  command: readonly string[],
  { cwd, env }: Place,
): { child: ChildProcess; printed: () => string } {
  const [program = '', ...args] = command
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  const add = (part: Buffer) => {
    text += part
  }
  child.stdout.on('data', add)
  child.stderr.on('data', add)
  return { child, printed: () => text }
}
