/** Jobs in a Redis. */
import { createRedisBackend, withBackend } from 'bullmq'
import { Redis } from 'ioredis'
import { remember } from '../store/postgres/remember.ts'
import { within } from '../waiting.ts'
import { openOn, RETRY_MS } from './bullmq.ts'
import { type JobBackend, PROBE_DEADLINE_MS, PROBE_KEPT_MS } from './jobs.ts'

/** Under the prefix of BullMQ's own keys, since a login may be held to it. */
export const PROBE_KEY = 'bull:allo-queue-mirror-probe'
export const PROBE_KEY_LIVES_MS = 10_000

/** A Redis that says nothing for longer is gone. BullMQ's blocking commands wait ten seconds at most. */
const patience = { connectTimeout: 5000, socketTimeout: 15_000, keepAlive: 10_000 }

/** BullMQ's own strategy waits up to 20 seconds, which is long for a Redis that is there again. */
const retryStrategy = (times: number) => Math.min(times * 500, RETRY_MS)

export function openOnRedis(url: string, onError: (error: Error) => void): JobBackend {
  // For our own questions: they fail at once instead of waiting for Redis to come back.
  const probe = new Redis(url, {
    ...patience,
    socketTimeout: 5000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    lazyConnect: true,
    // So that a Redis that still loads its data can say so.
    enableReadyCheck: false,
  })
  /** Why there is no connection; a question asked meanwhile only hears that there is none. */
  let reason: Error | null = null
  probe.on('error', (error) => {
    reason = error
  })
  probe.on('ready', () => {
    reason = null
  })
  const connection = () => ({ url, ...patience, retryStrategy, maxRetriesPerRequest: null })
  return {
    kind: 'redis',
    ...openOn('redis', withBackend(createRedisBackend), connection, onError),
    // Full, read only or unable to save, Redis answers PING all the same.
    ping: remember(PROBE_KEPT_MS, async () => {
      try {
        if (probe.status === 'wait' || probe.status === 'end')
          await within(PROBE_DEADLINE_MS, probe.connect())
        await within(PROBE_DEADLINE_MS, probe.set(PROBE_KEY, '', 'PX', PROBE_KEY_LIVES_MS))
        // BullMQ begins with it.
        await within(PROBE_DEADLINE_MS, probe.info('server'))
      } catch (error) {
        throw reason ?? error
      }
    }),
    async close() {
      probe.disconnect()
    },
  }
}
