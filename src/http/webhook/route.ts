/**
 * POST /hooks/allo, only with ALLO_WEBHOOK_SECRET: a webhook of a call makes the worker look at once at the page where
 * its teammate dials. It is a trigger and never data: a webhook that is lost, late, repeated or forged changes when
 * Allo is asked, and nothing of what is recorded. Its body is neither stored nor logged.
 *
 * Everything is bounded: how many requests a second and at the same time, the size of a body, the time of an answer.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Logger } from 'pino'
import type { Config, Secret } from '../../config/config.ts'
import { decodeWebhookSecret } from '../../config/secret.ts'
import { remember } from '../../store/postgres/remember.ts'
import { within } from '../../waiting.ts'
import type { WebhookOutcome } from '../../worker/counted-events.ts'
import type { WorkerMetrics } from '../../worker/metrics.ts'
import type { WorkerState } from '../../worker/worker-state.ts'
import { WEBHOOK_PATH } from '../guard.ts'
import { type Bucket, refill } from '../token-bucket.ts'
import { type CallEvent, readCallEvent } from './call-event.ts'
import { createLookRequester } from './request-look.ts'
import { type Delivery, isSignedBy, LARGEST_SKEW_SECONDS, readDelivery, skewSeconds } from './signature.ts'

interface WebhookSettings {
  readonly config: Pick<Config, 'http' | 'liveBudgetShare'>
  readonly state: WorkerState
  readonly keyFingerprint: string
  readonly metrics: Pick<WorkerMetrics, 'count'>
  readonly logger: Logger
  /** From the last byte of the body to the answer. */
  readonly webhookDeadlineMs?: number
}

const LARGEST_BODY = 64 * 1024
const DEADLINE_MS = 900
/** Of the deadline, for the job backend. */
const SHARE_FOR_JOBS = 0.6
/** A thousand teammates who dial once a minute cause 50 a second. */
const RATE = { tokens: 200, perSecond: 100 }
const MOST_AT_ONCE = 100
const REREAD_EVERY_MS = 10_000
const WARN_EVERY_MS = 60_000

export async function registerWebhooks(server: FastifyInstance, settings: WebhookSettings): Promise<void> {
  const { webhookSecret } = settings.config.http
  if (webhookSecret === null) return
  const record = createRecorder(settings)
  const take = createTaker(settings, webhookSecret)
  const secondsToWait = boundRequests()

  await server.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body))
    scope.setErrorHandler((error, _, reply) => {
      const refusal = refusalOf(error)
      record(refusal)
      return answer(reply, refusal)
    })
    scope.addHook('onRequest', async (_, reply) => {
      const seconds = secondsToWait(reply)
      if (seconds === 0) return
      // The body is not read.
      reply.header('connection', 'close').header('retry-after', String(seconds))
      throw new Refusal('too_many', 'too many webhooks: try again in a moment')
    })
    scope.post(WEBHOOK_PATH, { bodyLimit: LARGEST_BODY }, async ({ headers, body }, reply) => {
      const taken = await take(headers, Buffer.isBuffer(body) ? body : Buffer.alloc(0))
      record(taken)
      return answer(reply, { ...taken, message: taken.outcome })
    })
  })
}

/** Throws if the request is refused. */
function createTaker(settings: WebhookSettings, secret: Secret) {
  const { webhookDeadlineMs = DEADLINE_MS } = settings
  const isSigned = createSignatureCheck(secret)
  const act = createAction(settings, webhookDeadlineMs)
  return async (headers: IncomingHttpHeaders, body: Buffer): Promise<Recorded> => {
    const delivery = readDelivery(headers)
    if (delivery === null || !(await isSigned(delivery, body))) throw notSigned(delivery)
    checkClock(delivery)
    const event = readCallEvent(body)
    return { outcome: await within(webhookDeadlineMs, act(delivery.id, event)), event }
  }
}

/** Ends a request with this outcome. The message is for the log and for Allo, which shows it beside the webhook. */
class Refusal extends Error {
  readonly outcome: WebhookOutcome

  constructor(outcome: WebhookOutcome, message: string, cause?: unknown) {
    super(message, { cause })
    this.outcome = outcome
  }
}

const statuses: Readonly<Record<WebhookOutcome, number>> = {
  accepted: 200,
  ignored: 200,
  repeated: 200,
  unknown_teammate: 200,
  malformed: 400,
  refused_signature: 401,
  refused_size: 413,
  too_many: 429,
  unavailable: 503,
}

function answer(reply: FastifyReply, { outcome, message }: Pick<Refusal, 'outcome' | 'message'>) {
  reply.code(statuses[outcome]).type('text/plain; charset=utf-8')
  if (outcome === 'unavailable') reply.header('retry-after', '5')
  return reply.send(`${message}\n`)
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const { statusCode = 500 } = error instanceof Error && 'statusCode' in error ? error : {}
  if (statusCode === 413) return new Refusal('refused_size', `more than ${LARGEST_BODY} bytes`)
  // Its own message would quote the body.
  if (error instanceof SyntaxError) return new Refusal('malformed', 'the body is not a JSON object')
  if (Number(statusCode) < 500) return new Refusal('malformed', 'the request is malformed')
  return notReady(error)
}

function notReady(cause?: unknown): Refusal {
  return new Refusal('unavailable', 'the worker is not ready: send it again', cause)
}

function notSigned(delivery: Delivery | null): Refusal {
  return new Refusal(
    'refused_signature',
    delivery === null
      ? 'the request is not signed: webhook-id, webhook-timestamp or webhook-signature is missing'
      : 'the signature is not made with ALLO_WEBHOOK_SECRET',
  )
}

/** Throws if the signature is too old, or from the future: it may have been recorded and sent again. */
function checkClock(delivery: Delivery): void {
  const skew = skewSeconds(delivery, Date.now())
  if (Math.abs(skew) <= LARGEST_SKEW_SECONDS) return
  throw new Refusal(
    'refused_signature',
    `the timestamp is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} the worker's clock, and ${LARGEST_SKEW_SECONDS} s are allowed`,
  )
}

/** After a wrong signature, a secret from a file is read again: it may have been rotated. */
function createSignatureCheck(secret: Secret): (delivery: Delivery, body: Buffer) => Promise<boolean> {
  const isChanged = remember(REREAD_EVERY_MS, () => secret.reread().catch(() => false))
  const isSigned = (delivery: Delivery, body: Buffer) => {
    const key = decodeWebhookSecret(secret.value())
    return key !== null && isSignedBy(key, delivery, body)
  }
  return async (delivery, body) =>
    isSigned(delivery, body) || ((await isChanged()) && isSigned(delivery, body))
}

function createAction({ config, state, keyFingerprint }: WebhookSettings, deadlineMs: number) {
  const requestLook = createLookRequester(keyFingerprint, deadlineMs * SHARE_FOR_JOBS)
  return async (id: string, event: CallEvent | null): Promise<WebhookOutcome> => {
    if (event === null || config.liveBudgetShare === 0) return 'ignored'
    const { database, looks } = state
    if (database === null || looks === null) throw notReady()
    return requestLook({ id, event }, database.pool, looks)
  }
}

/** 0: the request is admitted until its reply is closed. */
function boundRequests(): (reply: FastifyReply) => number {
  const bucket: Bucket = { tokens: RATE.tokens, at: performance.now() }
  let open = 0
  return ({ raw }) => {
    const seconds = refill(bucket, RATE, performance.now())
    if (seconds > 0) return seconds
    if (open >= MOST_AT_ONCE) return 1
    bucket.tokens -= 1
    open += 1
    raw.once('close', () => {
      open -= 1
    })
    return 0
  }
}

/** Counts every outcome. Refused signatures are logged too, one a minute: someone may try many. */
function createRecorder({ metrics, logger }: WebhookSettings) {
  let warnAgainAt = 0
  return ({ outcome, message = '', event = null, cause }: Recorded): void => {
    metrics.count({ type: 'webhook', outcome })
    // The name alone: the message of an unexpected error could quote the body.
    const because = cause instanceof Error ? cause.name : undefined
    logger.debug(
      { event: 'allo_webhook', topic: event?.topic, outcome, because },
      `a webhook of Allo: ${outcome}`,
    )
    if (outcome !== 'refused_signature' || performance.now() < warnAgainAt) return
    warnAgainAt = performance.now() + WARN_EVERY_MS
    logger.warn({ event: 'allo_webhook_refused' }, `a request to ${WEBHOOK_PATH} was refused: ${message}`)
  }
}

interface Recorded {
  readonly outcome: WebhookOutcome
  readonly message?: string
  readonly event?: CallEvent | null
  readonly cause?: unknown
}
