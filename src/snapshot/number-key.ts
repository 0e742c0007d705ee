/**
 * The name of a phone number where the number itself is not shown: the first 128 bits of its HMAC-SHA-256 under a key
 * that stays in the program. A plain hash would be reversed in minutes, there being so few phone numbers.
 */
import { createHmac } from 'node:crypto'

export interface NumberKeys {
  /** Tells this key from another one without showing it. */
  readonly fingerprint: string
  /** 32 hexadecimal digits, equal for the same number; null where there is none. */
  keyOf(number: string | null): string | null
}

/** `secret`: 32 bytes. */
export function createNumberKeys(secret: Buffer): NumberKeys {
  const hmacOf = (text: string) => createHmac('sha256', secret).update(text).digest('hex')
  return {
    // No number has a space in it.
    fingerprint: hmacOf('fingerprint of this key').slice(0, 16),
    keyOf(number) {
      const same = number === null ? '' : comparableNumber(number)
      return same === '' ? null : hmacOf(same).slice(0, 32)
    },
  }
}

/** Letters and digits, and nothing else: +1 (212) 555-0010 and 12125550010 are one number. */
export function comparableNumber(number: string): string {
  return number.replace(/[^\p{L}\p{Nd}]+/gu, '')
}

/** The key that numbers are named with is not the one it must be; the message says what to do (exit 78). */
export class NumberKeyError extends Error {
  override readonly name = 'NumberKeyError'
}
