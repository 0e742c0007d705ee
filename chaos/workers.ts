/** Three workers under a supervisor: a worker that ends is restarted. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../src/simulation/random.ts'
import { spawnWorker, type WorkerProcess, type WorkerSettings } from '../test/support/worker.ts'

const WORKERS = 3
const OUT_WITHIN_MS = 10_500

export interface Supervisor {
  signalOne(signal: NodeJS.Signals): void
  signalAll(signal: NodeJS.Signals): void
  /** Exits that were unexpected, too slow or had the wrong code, and output on stderr. */
  readonly complaints: readonly string[]
  readonly started: number
  /** Stops all workers and waits for their end. */
  stop(): Promise<void>
}

export function superviseWorkers(settings: WorkerSettings, random: Random): Supervisor {
  const running = new Map<number, { worker: WorkerProcess; asked: NodeJS.Signals | null }>()
  const complaints: string[] = []
  let isStopping = false
  let started = 0

  const signal = (place: number, name: NodeJS.Signals) => {
    const one = running.get(place)
    if (!one?.worker.isRunning()) return
    // A second signal would end it at once with another code, and a killed worker may still be running.
    if (one.asked === 'SIGKILL' || (one.asked === 'SIGTERM' && name === 'SIGTERM')) return
    one.asked = name
    one.worker.kill(name)
  }
  const keep = async (place: number): Promise<void> => {
    while (!isStopping) {
      const worker = spawnWorker(settings)
      const one = { worker, asked: null as NodeJS.Signals | null }
      running.set(place, one)
      started += 1
      const { code, signal: by, afterMs } = await worker.exited
      const stderr = worker.stderr().trim()
      if (stderr !== '') complaints.push(`worker ${worker.pid} wrote: ${stderr}`)
      const how = `worker ${worker.pid} ended with ${code ?? by}`
      if (one.asked === null) complaints.push(`${how}, unexpectedly`)
      // A signal during loading ends it like any program.
      const isLoading = worker.logs.length === 0
      if (one.asked === 'SIGTERM' && code !== 0 && !isLoading) complaints.push(`${how} on SIGTERM`)
      if (one.asked === 'SIGTERM' && afterMs > OUT_WITHIN_MS) complaints.push(`${how} after ${afterMs} ms`)
      if (!isStopping) await sleep(random.int(100, 1000))
    }
  }
  const places = Array.from({ length: WORKERS }, (_, place) => place)
  const kept = places.map(keep)
  return {
    signalOne: (name) => signal(random.int(0, WORKERS - 1), name),
    signalAll: (name) => {
      for (const place of places) signal(place, name)
    },
    complaints,
    get started() {
      return started
    },
    async stop() {
      isStopping = true
      for (const place of places) signal(place, 'SIGTERM')
      await Promise.all(kept)
    },
  }
}
