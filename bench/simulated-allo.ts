/**
 * A simulated Allo in its own thread. So a busy bench can't delay its clock and make a well-paced client seem too fast,
 * and its responses cost the measured process no time.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { z } from 'zod'

export const allotted = z.object({
  seed: z.number(),
  teammates: z.number(),
  numbersPerQueue: z.number(),
  latencyMs: z.number(),
  readsPerSecond: z.number().nullable(),
})
export type Allotted = z.infer<typeof allotted>

export const apiKey = 'ak_live_bench'

const started = z.object({ url: z.string() })
const log = z.object({
  /** Epoch milliseconds, in order. */
  arrivals: z.array(z.number()),
  throttled: z.number(),
  mostInAnySecond: z.number(),
})
export type RequestLog = z.infer<typeof log>

export interface SimulatedAllo {
  readonly url: string
  /** Every request so far. */
  requests(): Promise<RequestLog>
}

export async function withSimulatedAllo<T>(
  options: Allotted,
  work: (allo: SimulatedAllo) => Promise<T>,
): Promise<T> {
  const thread = new Worker(new URL('./simulated-allo-thread.ts', import.meta.url), { workerData: options })
  const next = async () => {
    const [message]: unknown[] = await once(thread, 'message')
    return message
  }
  try {
    const { url } = started.parse(await next())
    return await work({
      url,
      async requests() {
        thread.postMessage('requests')
        return log.parse(await next())
      },
    })
  } finally {
    await thread.terminate()
  }
}
