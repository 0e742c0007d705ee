/** A background task of a worker beside the jobs of passes: schedule, alerts, data checks, retention, HTTP pages. */
import { messageOf } from '../errors.ts'

export interface Chore {
  /** Called once. When it rejects, nothing is left running. */
  start(): void | Promise<void>
  /** Idempotent. Resolves when nothing of the chore runs any more. */
  stop(): Promise<void>
}

/**
 * Starts the chores in order, and stops them when `work` resolves or rejects. `stop` is called in reverse order, but
 * all chores stop at the same time, because a shutdown is short and chores do not depend on each other.
 */
export async function withChores<T>(chores: readonly Chore[], work: () => Promise<T>): Promise<T> {
  const started: Chore[] = []
  try {
    for (const chore of chores) {
      await chore.start()
      started.unshift(chore)
    }
    return await work()
  } finally {
    await Promise.all(started.map((chore) => chore.stop()))
  }
}

/** Runs every `everyMs`, never twice at the same time. */
export interface PeriodicChore extends Chore {
  /** Runs now, also before `start`. While it runs, every caller waits for the same run. */
  runNow(): Promise<void>
}

/** An error of `run` is handed to `onFailure` in words, and the next run comes as planned. */
export function periodicChore(
  everyMs: number,
  run: (signal: AbortSignal) => Promise<void>,
  onFailure: (reason: string) => void,
): PeriodicChore {
  const stopping = new AbortController()
  const { signal } = stopping
  let running: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined

  const tryToRun = async () => {
    try {
      await run(signal)
    } catch (error) {
      if (!signal.aborted) onFailure(messageOf(error))
    }
  }
  const runNow = () => {
    if (signal.aborted) return Promise.resolve()
    running ??= tryToRun().finally(() => {
      running = null
    })
    return running
  }
  return {
    runNow,
    start() {
      timer = setInterval(runNow, everyMs)
    },
    async stop() {
      clearInterval(timer)
      stopping.abort()
      await running
    },
  }
}
