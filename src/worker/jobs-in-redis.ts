/** Jobs in a Redis. */
import { createRedisBackend, withBackend } from 'bullmq'
import { Redis } from 'ioredis'
import { remember } from '../store/postgres/remember.ts'
import { within } from '../waiting.ts'
import { openOn, RETRY_MS } from './bullmq.ts'
import { type JobBackend, PROBE_DEADLINE_MS, PROBE_KEPT_MS } from './jobs.ts'

/** Has the prefix of BullMQ's keys, because an ACL login may be limited to it. */
export const PROBE_KEY = 'bull:allo-queue-mirror-probe'
export const PROBE_KEY_LIVES_MS = 10_000

/** Timeouts. BullMQ's blocking commands wait ten seconds at most, so a longer silence means that Redis is gone. */
const patience = { connectTimeout: 5000, socketTimeout: 15_000, keepAlive: 10_000 }

/** BullMQ's own strategy waits up to 20 seconds, so it would notice late that Redis is back. */
const retryStrategy = (times: number) => Math.min(times * 500, RETRY_MS)

export function openOnRedis(url: string, onError: (error: Error) => void): JobBackend {
  // For probes: they fail at once instead of waiting until Redis is back.
  const probe = new Redis(url, {
    ...patience,
    socketTimeout: 5000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    lazyConnect: true,
    // A Redis that is loading its data then answers with that error.
    enableReadyCheck: false,
  })
  /** Why there is no connection: the error of a command says only that there is none. */
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
    // A Redis that is full, read-only or unable to save still answers PING, so the probe writes.
    ping: remember(PROBE_KEPT_MS, async () => {
      try {
        if (probe.status === 'wait' || probe.status === 'end')
          await within(PROBE_DEADLINE_MS, probe.connect())
        await within(PROBE_DEADLINE_MS, probe.set(PROBE_KEY, '', 'PX', PROBE_KEY_LIVES_MS))
        // BullMQ sends INFO first, so the login must be allowed to.
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
