/** The thread of simulated-allo.ts: it sends its address, and answers each message with its request log. */
import { parentPort, workerData } from 'node:worker_threads'
import { startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { allotted, apiKey } from './simulated-allo.ts'

const { latencyMs, readsPerSecond, ...team } = allotted.parse(workerData)
const allo = await startSimulatedAllo({ world: createWorld(team), apiKey, latencyMs, readsPerSecond })
parentPort?.on('message', () => {
  parentPort?.postMessage({
    arrivals: allo.requests.list().map(({ at }) => at),
    throttled: allo.requests.countOf(429),
    mostInAnySecond: allo.requests.maxInAnySlidingSecond(),
  })
})
parentPort?.postMessage({ url: allo.url })
