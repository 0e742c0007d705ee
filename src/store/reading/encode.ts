/** Encodes a number as a COPY line for `allo.queue_numbers`, with a digest of it. Pure. */
import { createHash, hash } from 'node:crypto'
import type { QueueNumber } from '../../allo/types.ts'
import { copyText } from '../postgres/copy-text.ts'

/** The columns of a COPY line, in this order. A position that is gone has a line too, with `is_present` false. */
export const copyColumns = [
  'position',
  'isPresent',
  'numberTo',
  'createdAt',
  'updatedAt',
  'callStartDate',
  'callId',
  'routingResult',
  'syncStatus',
  'detectedOutboundVoicemail',
  'notReachedDestinationReason',
  'voicemailLeft',
  'extra',
  'rowDigest',
  'numberKey',
] as const

/** The numbers of a reading, each as its COPY line (all but the last two columns) and as the digest of that line. */
export interface EncodedNumbers {
  readonly lines: readonly string[]
  /** 64 bits each, as eight characters of one byte; compared only within one slot. */
  readonly digests: readonly string[]
  /** Digest of all numbers with all fields: if it is equal, nothing has changed. */
  readonly contentDigest: string
}

export function encodeNumbers(numbers: readonly QueueNumber[]): EncodedNumbers {
  const lines = numbers.map(encodeNumber)
  const digests = lines.map((line) => hash('sha1', line, 'binary').slice(0, 8))
  const contentDigest = createHash('sha256').update(digests.join(''), 'latin1').digest('base64')
  return { lines, digests, contentDigest }
}

/** Two numbers have the same line if, and only if, all their fields are equal. */
function encodeNumber(number: QueueNumber): string {
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
  ].join('\t')
}

export function copyLine(line: string, digest: string, numberKey: string | null): string {
  return `${line}\t${Buffer.from(digest, 'latin1').readBigInt64BE()}\t${numberKey ?? '\\N'}`
}

export function copyLineOfGonePosition(position: number): string {
  return `${position}\tf${'\t\\N'.repeat(copyColumns.length - 2)}`
}

/** Yields what the mirror holds of a queue, from 12 bytes a row: position (int4, big-endian) and digest. */
export function* decodeRowDigests(packed: Buffer | null): Generator<{ position: number; digest: string }> {
  if (packed === null) return
  for (let offset = 0; offset < packed.length; offset += 12) {
    yield { position: packed.readInt32BE(offset), digest: packed.toString('latin1', offset + 4, offset + 12) }
  }
}
