/** Runs in its own thread. Pings Redis repeatedly, and returns the latency of each reply when it is stopped. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { Redis } from 'ioredis'
import { z } from 'zod'

const client = new Redis(z.string().parse(workerData))
await client.ping()
let isOver = false
parentPort?.once('message', () => {
  isOver = true
})
parentPort?.postMessage('ready')
const waits: number[] = []
while (!isOver) {
  const askedAt = performance.now()
  await client.ping()
  waits.push(performance.now() - askedAt)
  await sleep(1)
}
client.disconnect()
parentPort?.postMessage(waits)
