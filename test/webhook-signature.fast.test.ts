import { describe, expect, test } from 'vitest'
import { decodeWebhookSecret } from '../src/config/secret.ts'
import { refill } from '../src/http/token-bucket.ts'
import { isSignedBy, readDelivery, skewSeconds } from '../src/http/webhook/signature.ts'
import { signWebhook } from '../src/simulation/webhooks.ts'

/** Made with the library of the Standard Webhooks project. */
const reference = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  body: Buffer.from('{"test": 2432232314}'),
  headers: {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  },
}

function isAccepted(
  changes: Readonly<Record<string, string | undefined>> = {},
  { body = reference.body, secret = reference.secret } = {},
): boolean {
  const delivery = readDelivery({ ...reference.headers, ...changes })
  return delivery !== null && isSignedBy(decodeWebhookSecret(secret) ?? Buffer.alloc(0), delivery, body)
}

describe('a signature', () => {
  test('as the library of the Standard Webhooks project makes it is accepted', () => {
    expect(isAccepted()).toBe(true)
  })

  test('as the simulated Allo makes it is the same', () => {
    const { headers, body, secret } = reference
    const signed = signWebhook(secret, { id: headers['webhook-id'], at: 1614265330_000, body: String(body) })
    expect(signed).toEqual(headers)
  })

  test('beside others, of old secrets and of versions to come, is accepted', () => {
    const right = reference.headers['webhook-signature']
    for (const header of [
      `v1,${Buffer.alloc(32).toString('base64')} ${right}`,
      `${right} v1,AAAA`,
      `v1a,AAAA v2,${right.slice(3)} ${right}`,
      `  nonsense v1, ${right} `,
    ]) {
      expect([header, isAccepted({ 'webhook-signature': header })]).toEqual([header, true])
    }
  })

  test.each([
    ['of another version', { 'webhook-signature': 'v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' }],
    ['that is empty', { 'webhook-signature': '' }],
    ['that is cut off', { 'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1O' }],
    ['that is longer', { 'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OEAAAA=' }],
    ['of another id', { 'webhook-id': 'msg_other' }],
    ['of another time', { 'webhook-timestamp': '1614265331' }],
    ['of the same time in another spelling', { 'webhook-timestamp': '01614265330' }],
    ['of a time that is no number', { 'webhook-timestamp': '1614265330x' }],
    ['without an id', { 'webhook-id': undefined }],
    ['with an id that is too long', { 'webhook-id': 'x'.repeat(201) }],
    ['without a time', { 'webhook-timestamp': undefined }],
    ['that is missing', { 'webhook-signature': undefined }],
  ])('%s is refused', (_, changes) => {
    expect(isAccepted(changes)).toBe(false)
  })

  test('of another body or another secret is refused', () => {
    expect(isAccepted({}, { body: Buffer.from('{"test": 2432232315}') })).toBe(false)
    expect(isAccepted({}, { body: Buffer.alloc(0) })).toBe(false)
    const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
    expect(isAccepted({}, { secret })).toBe(false)
  })

  test('covers the bytes of the body, also those that are not UTF-8', () => {
    const body = Buffer.from([0xff, 0xfe])
    expect(isAccepted({}, { body })).toBe(false)
    const headers = signWebhook(reference.secret, { id: 'a', at: 0, body })
    expect(isAccepted(headers, { body })).toBe(true)
    expect(isAccepted(headers, { body: Buffer.from('\ufffd\ufffd') })).toBe(false)
  })
})

test('the skew is how many seconds the timestamp is ahead of the clock', () => {
  const delivery = { id: 'a', timestamp: '1000', signatures: [] }
  expect([1_300_000, 700_000, 1_000_000].map((now) => skewSeconds(delivery, now))).toEqual([-300, 300, 0])
})

test('a bucket gives its tokens at once, and then some each second', () => {
  const bucket = { tokens: 2, at: 0 }
  const take = (now: number) => {
    const seconds = refill(bucket, { tokens: 2, perSecond: 0.5 }, now)
    if (seconds === 0) bucket.tokens -= 1
    return seconds
  }
  expect([0, 0, 0, 1000, 2000, 2000, 9000, 9000, 9000].map(take)).toEqual([0, 0, 2, 1, 0, 2, 0, 0, 2])
})
