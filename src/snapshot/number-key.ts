/**
 * Number keys: pseudonyms of phone numbers. A key is the first 128 bits of the HMAC-SHA-256 of the number under a secret
 * that stays in the program. A plain hash could be reversed in minutes, because there are few phone numbers.
 */
import { createHmac } from 'node:crypto'
import { UnusableError } from '../text/system-error.ts'

export interface NumberKeys {
  /** Identifies the secret without revealing it. */
  readonly fingerprint: string
  /** 32 hexadecimal digits, the same for the same number. Null: the text has no letters and digits. */
  keyOf(number: string | null): string | null
}

/** `secret`: 32 bytes. */
export function createNumberKeys(secret: Buffer): NumberKeys {
  const hmacOf = (text: string) => createHmac('sha256', secret).update(text).digest('hex')
  return {
    // The space makes this text different from every number.
    fingerprint: hmacOf('fingerprint of this key').slice(0, 16),
    keyOf(number) {
      const same = number === null ? '' : comparableNumber(number)
      return same === '' ? null : hmacOf(same).slice(0, 32)
    },
  }
}

/** Keeps only letters and digits: +1 (212) 555-0010 and 12125550010 are the same number. */
export function comparableNumber(number: string): string {
  return number.replace(/[^\p{L}\p{Nd}]/gu, '')
}

/** NUMBER_KEY is missing or differs from the key of the database; the message says what to do. */
export class NumberKeyError extends UnusableError {
  readonly code = 'number_key'
}
