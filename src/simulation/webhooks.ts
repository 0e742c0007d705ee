/**
 * The webhooks of the simulated Allo: for each dial `call.triggered`, then `call.answered` and `call.completed` when
 * its result says so. As in Allo they are signed, delivered at least once, and in no order.
 */
import { createHmac, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRandom, type Random } from './random.ts'
import type { Dial } from './timeline.ts'
import type { World } from './world.ts'

export interface WebhookOptions {
  /** Of the worker: http://127.0.0.1:8080/hooks/allo */
  readonly url: string
  /** `whsec_` and base64. */
  readonly secret: string
  readonly seed?: number | string
  /** From the event to its first delivery, drawn for each; default 0 to 500. */
  readonly delayMs?: readonly [number, number]
  readonly faults?: WebhookFaults
}

/** Shares from 0 to 1 of all webhooks; default 0. */
export interface WebhookFaults {
  /** Never sent. */
  readonly lost?: number
  /** Sent again after it was accepted. */
  readonly doubled?: number
  /** Sent after `lateMs` more. */
  readonly late?: number
  readonly lateMs?: number
  /** Sent with the signature of another secret too. */
  readonly forged?: number
}

export interface SimulatedWebhooks {
  /** Answers by status; 0: none. */
  readonly answers: ReadonlyMap<number, number>
  /** Drops what is not delivered yet. Idempotent. */
  stop(): Promise<void>
}

const WATCH_EVERY_MS = 50
const TIMEOUT_MS = 20_000
const RETRY_AFTER_MS = [1000, 5000, 30_000]
/** Then a dial without a result is forgotten. */
const FORGET_AFTER_MS = 30 * 60_000

/** Of dials from now on. */
export function startWebhooks(world: World, options: WebhookOptions): SimulatedWebhooks {
  const random = createRandom(`${options.seed ?? 1} webhooks`)
  const stopping = new AbortController()
  const deliveries = new Set<Promise<void>>()
  const answers = new Map<number, number>()
  const send = (event: CallEvent) => {
    const delivery = deliver(event, { options, random, signal: stopping.signal, answers })
    deliveries.add(delivery)
    void delivery.finally(() => deliveries.delete(delivery))
  }
  const watch = watchDials(world, send)
  const timer = setInterval(watch, WATCH_EVERY_MS)
  return {
    answers,
    async stop() {
      clearInterval(timer)
      stopping.abort()
      await Promise.all(deliveries)
    },
  }
}

interface CallEvent {
  readonly topic: 'call.triggered' | 'call.answered' | 'call.completed'
  readonly data: Readonly<Record<string, unknown>>
}

/** Each call of the result sends what happened since the one before. */
function watchDials({ truth, teammates }: World, send: (event: CallEvent) => void): () => void {
  let seen = truth.dials().length
  const open = new Map<Readonly<Dial>, { isAnswered: boolean }>()
  const emailOf = (userId: string) => teammates().find(({ id }) => id === userId)?.email ?? null
  const sendOf = (topic: CallEvent['topic'], dial: Readonly<Dial>) =>
    send({
      topic,
      data: { user_email: emailOf(dial.userId), to_number: dial.number_to, ...details(topic, dial) },
    })

  return () => {
    for (const dial of truth.dials().slice(seen)) {
      open.set(dial, { isAnswered: false })
      sendOf('call.triggered', dial)
    }
    seen = truth.dials().length
    for (const [dial, call] of open) {
      if (isAnswered(dial) && !call.isAnswered) {
        call.isAnswered = true
        sendOf('call.answered', dial)
      }
      if (hasResult(dial)) sendOf('call.completed', dial)
      if (hasResult(dial) || truth.now() - dial.at > FORGET_AFTER_MS) open.delete(dial)
    }
  }
}

function isAnswered({ routing_result }: Readonly<Dial>): boolean {
  return routing_result === 'ANSWERED' || routing_result?.startsWith('TRANSFERRED_') === true
}

function hasResult({ routing_result, not_reached_destination_reason }: Readonly<Dial>): boolean {
  return routing_result !== null || not_reached_destination_reason !== null
}

/** Beside the teammate and the number. */
function details(topic: CallEvent['topic'], dial: Readonly<Dial>): Readonly<Record<string, unknown>> {
  if (topic === 'call.triggered') return { started_at: dial.call_start_date }
  if (topic === 'call.answered') return { answered_at: new Date().toISOString() }
  return {
    id: dial.call_id,
    start_date: dial.call_start_date,
    direction: 'OUTBOUND',
    length_in_minutes: 1,
    result: isAnswered(dial) ? 'ANSWERED' : dial.routing_result === 'VOICEMAIL' ? 'VOICEMAIL' : 'MISSED',
    tags: [],
    ivr_result: null,
    recording_url: null,
    summary: null,
    concatenated_transcript: null,
  }
}

interface Sending {
  readonly options: WebhookOptions
  readonly random: Random
  readonly signal: AbortSignal
  readonly answers: Map<number, number>
}

/** Until it is accepted, or given up after some attempts. Never rejects. */
async function deliver(event: CallEvent, sending: Sending): Promise<void> {
  const { options, random, signal } = sending
  const { lost = 0, doubled = 0, late = 0, lateMs = 0, forged = 0 } = options.faults ?? {}
  const [least, most] = options.delayMs ?? [0, 500]
  // Drawn in one go, so that the same seed makes the same faults however long a delivery takes.
  const delayMs = least + random.next() * (most - least) + (random.chance(late) ? lateMs : 0)
  const drawn = {
    isLost: random.chance(lost),
    isDoubled: random.chance(doubled),
    isForged: random.chance(forged),
  }
  if (drawn.isLost) return
  const { topic, data } = event
  const body = JSON.stringify({ topic, version: '2.0', timestamp: new Date().toISOString(), data })
  const id = `msg_${randomUUID()}`
  try {
    await sleep(delayMs, undefined, { signal })
    if (drawn.isForged) await post(sending, { id, body, secret: FOREIGN_SECRET })
    for (const waitMs of [...RETRY_AFTER_MS, null]) {
      if (await post(sending, { id, body, secret: options.secret })) break
      if (waitMs === null) return
      await sleep(waitMs, undefined, { signal })
    }
    if (drawn.isDoubled) await post(sending, { id, body, secret: options.secret })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

const FOREIGN_SECRET = `whsec_${Buffer.alloc(24, 'forged').toString('base64')}`

/** True: the answer was 2xx. */
async function post(
  { options, signal, answers }: Sending,
  { id, body, secret }: { readonly id: string; readonly body: string; readonly secret: string },
): Promise<boolean> {
  const headers = { 'content-type': 'application/json', ...signWebhook(secret, { id, at: Date.now(), body }) }
  const within = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
  const status = await fetch(options.url, {
    method: 'POST',
    headers,
    body,
    signal: within,
    redirect: 'manual',
  }).then(
    async (response) => {
      await response.arrayBuffer()
      return response.status
    },
    () => 0,
  )
  signal.throwIfAborted()
  answers.set(status, (answers.get(status) ?? 0) + 1)
  return status >= 200 && status < 300
}

/** The headers of a delivery. `at`: epoch milliseconds. */
export function signWebhook(
  secret: string,
  { id, at, body }: { readonly id: string; readonly at: number; readonly body: string | Buffer },
) {
  const timestamp = String(Math.floor(at / 1000))
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}
