/** One digest of the membership and order of a queue, to compare two walks, or a walk and the mirror. */
import { createHash } from 'node:crypto'
import type { QueueNumber } from '../allo/types.ts'

/** Digest of `(position, number_to, created_at)` of the first `count` numbers. */
export function membershipDigest(numbers: readonly QueueNumber[], count = numbers.length): string {
  const hash = createHash('sha256')
  for (let start = 0; start < count; start += 500) {
    const lines = numbers
      .slice(start, Math.min(start + 500, count))
      .map((number) => JSON.stringify([number.position, number.numberTo, number.createdAt]))
    hash.update(lines.join('\n')).update('\n')
  }
  return hash.digest('base64')
}
