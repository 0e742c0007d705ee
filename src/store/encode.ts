/** From a number as read to the row of `allo.queue_numbers` that says the same. Pure. */
import { createHash, hash } from 'node:crypto'
import type { QueueNumber } from '../allo/types.ts'

/**
 * Columns of the incoming rows, in the order `copyLine` writes them. A position that is gone travels too, as a row
 * that says so.
 */
export const copyColumns =
  'position, is_present, number_to, created_at, updated_at, call_start_date, call_id, routing_result, sync_status, detected_outbound_voicemail, not_reached_destination_reason, voicemail_left, extra, row_digest'

export function copyLine(number: QueueNumber, digest: bigint): string {
  return [
    number.position,
    't',
    copyText(number.numberTo),
    number.createdAt ?? '\\N',
    number.updatedAt ?? '\\N',
    number.callStartDate ?? '\\N',
    copyText(number.callId),
    copyText(number.routingResult),
    copyText(number.syncStatus),
    number.detectedOutboundVoicemail ?? '\\N',
    copyText(number.notReachedDestinationReason),
    number.voicemailLeft ?? '\\N',
    number.extra === null ? '\\N' : copyText(JSON.stringify(number.extra)),
    digest,
  ].join('\t')
}

export function copyLineOfGonePosition(position: number): string {
  return `${position}\tf${'\t\\N'.repeat(12)}`
}

/** Of everything in the numbers, for "nothing changed at all" in one comparison. */
export function contentDigest(numbers: readonly QueueNumber[]): string {
  const sha256 = createHash('sha256')
  for (let start = 0; start < numbers.length; start += 100) {
    sha256.update(JSON.stringify(numbers.slice(start, start + 100)))
  }
  return sha256.digest('base64')
}

/** Of everything in one number, its position included: 64 bits, compared only within one slot. */
export function rowDigest(number: QueueNumber): bigint {
  return hash('sha1', JSON.stringify(number), 'buffer').readBigInt64BE(0)
}

/** Yields what the mirror holds of a queue, from 12 bytes a row: position (int4) and digest (int8), big-endian. */
export function* decodeRowDigests(packed: Buffer | null): Generator<{ position: number; digest: bigint }> {
  if (packed === null) return
  for (let offset = 0; offset < packed.length; offset += 12) {
    yield { position: packed.readInt32BE(offset), digest: packed.readBigInt64BE(offset + 4) }
  }
}

function copyText(value: string | null): string {
  if (value === null) return '\\N'
  return /[\\\t\n\r]/.test(value) ? value.replace(/[\\\t\n\r]/g, (char) => copyEscapes[char] ?? char) : value
}

const copyEscapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
