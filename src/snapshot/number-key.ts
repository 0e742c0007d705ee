/**
 * The name of a phone number where the number itself is not shown: the first 128 bits of its HMAC-SHA-256 under a key
 * that stays in the program. A plain hash would be reversed in minutes, there being so few phone numbers.
 */
import { createHmac } from 'node:crypto'
import { exitCodes, MirrorError } from '../errors.ts'
import { explainSystemError } from '../text/system-error.ts'

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

/** The key that numbers are named with is not the one it must be, or can't be had; the message says what to do. */
export class NumberKeyError extends MirrorError {
  override readonly name = 'NumberKeyError'
  readonly code = 'number_key'
  /** True when its file can't be written on a full disk, say. */
  override readonly retryable: boolean

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options)
    this.retryable = explainSystemError(options.cause)?.retryable ?? false
  }

  get exitCode() {
    return this.retryable ? exitCodes.tryAgain : exitCodes.configuration
  }
}
