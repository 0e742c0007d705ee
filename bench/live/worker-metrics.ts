/** What a worker process says of itself on /metrics. */
import { z } from 'zod'
import type { WorkerProcess } from '../../test/support/worker.ts'

/** Of its HTTP server. */
export async function addressOf(worker: WorkerProcess): Promise<string> {
  const { address } = await worker.logged('http_listening')
  return z.string().parse(address)
}

/** User and system time since it started. */
export function cpuSecondsOf(worker: WorkerProcess): Promise<number> {
  return metricOf(worker, 'process_cpu_seconds_total')
}

export function residentBytesOf(worker: WorkerProcess): Promise<number> {
  return metricOf(worker, 'process_resident_memory_bytes')
}

async function metricOf(worker: WorkerProcess, name: string): Promise<number> {
  const text = await (await fetch(new URL('/metrics', await addressOf(worker)))).text()
  const value = new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1]
  if (value === undefined) throw new Error(`the worker has no metric ${name}`)
  return Number(value)
}
