/** Reads schema `reporting` several times a second, and notes when it shows a call or a queue for the first time. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../../src/store/postgres/database.ts'
import { fieldsOfCall, type Sighting } from './lags.ts'

const EVERY_MS = 200
/** A transaction may commit this long after the instant that it writes. */
const COMMITS_WITHIN_SECONDS = 30

interface ShownCall {
  readonly entry_id: string
  readonly valid_from: string
  readonly queue_id: string
  readonly number_to: string
  readonly call_start_date: string | null
  readonly call_id: string | null
  readonly routing_result: string | null
  readonly detected_outbound_voicemail: boolean | null
  readonly not_reached_destination_reason: string | null
  readonly voicemail_left: boolean | null
}

/** `reporting` has no number: the number of its entry tells which one it is. */
const selectCalls = `
  select h.entry_id, h.valid_from::text, h.queue_id, e.number_to, h.call_id, h.routing_result,
    h.detected_outbound_voicemail, h.not_reached_destination_reason, h.voicemail_left,
    to_char(h.call_start_date at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') as call_start_date
  from reporting.number_history h join allo.queue_entries e using (entry_id)
  where h.valid_from > $1::timestamptz - make_interval(secs => $2) and h.call_start_date is not null`
const selectQueues = `
  select queue_id, valid_from::text from reporting.queue_assignments
  where queue_id is not null and valid_from > $1::timestamptz - make_interval(secs => $2)`

export interface Watch {
  /** So far. */
  readonly sightings: readonly Sighting[]
  /** No query runs afterwards. Rejects if one failed. */
  stop(): Promise<void>
}

/**
 * The time of a sighting is when the answer came. `valid_from` would be too early, because other connections see a change
 * only when its transaction has committed. So a lag is never too short, and too long by at most the time between two
 * reads.
 */
export async function watchReporting(pool: Pool): Promise<Watch> {
  const sightings: Sighting[] = []
  const known = new Set<string>()
  let latest = await databaseTime(pool)
  let isStopped = false

  function note(key: string, validFrom: string, sighting: Sighting): void {
    if (known.has(key)) return
    known.add(key)
    sightings.push(sighting)
    if (validFrom > latest) latest = validFrom
  }

  async function look(): Promise<void> {
    const since = [latest, COMMITS_WITHIN_SECONDS]
    const calls = await pool.query<ShownCall>(selectCalls, since)
    const seenAt = performance.timeOrigin + performance.now()
    for (const row of calls.rows) {
      const { entry_id, valid_from, queue_id: queueId, number_to: numberTo } = row
      note(`${entry_id} ${valid_from}`, valid_from, { seenAt, queueId, numberTo, fields: fieldsOfCall(row) })
    }
    const queues = await pool.query<{ queue_id: string; valid_from: string }>(selectQueues, since)
    const seenQueueAt = performance.timeOrigin + performance.now()
    for (const { queue_id: queueId, valid_from } of queues.rows)
      note(`${queueId} ${valid_from}`, valid_from, {
        seenAt: seenQueueAt,
        queueId,
        numberTo: null,
        fields: '',
      })
  }

  const watching = (async () => {
    while (!isStopped) {
      await look()
      await sleep(EVERY_MS)
    }
  })()
  watching.catch(() => undefined)
  return {
    sightings,
    async stop() {
      isStopped = true
      await watching
    },
  }
}

async function databaseTime(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ now: string }>('select clock_timestamp()::text as now')
  return rows[0]?.now ?? ''
}
