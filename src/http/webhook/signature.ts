/**
 * The signature of a webhook, as the Standard Webhooks specification defines it: HMAC-SHA256 over
 * `{webhook-id}.{webhook-timestamp}.{body}`. Signatures are compared in constant time. The header may hold several, of
 * old and new secrets and of versions to come: one that is right is enough.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Between Allo's clock and this machine's, either way. */
export const LARGEST_SKEW_SECONDS = 300

export interface Delivery {
  /** The same for each attempt to deliver the webhook. */
  readonly id: string
  /** Unix time of the attempt, in seconds, as text. */
  readonly timestamp: string
  readonly signatures: readonly string[]
}

/** Null: the headers of a signed webhook are missing or malformed. */
export function readDelivery(headers: IncomingHttpHeaders): Delivery | null {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers
  if (typeof id !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(id)) return null
  if (typeof timestamp !== 'string' || !/^\d{1,12}$/.test(timestamp)) return null
  if (typeof signature !== 'string') return null
  const signatures = signature.split(' ').flatMap((one) => (one.startsWith('v1,') ? [one.slice(3)] : []))
  return { id, timestamp, signatures }
}

export function isSignedBy(key: Buffer, { id, timestamp, signatures }: Delivery, body: Buffer): boolean {
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest()
  const isExpected = (text: string) => {
    const given = Buffer.from(text, 'base64')
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
  return signatures.some(isExpected)
}

/** Seconds by which its timestamp is ahead of the clock; negative: behind. */
export function skewSeconds({ timestamp }: Delivery, now: number): number {
  return Math.round(Number(timestamp) - now / 1000)
}
