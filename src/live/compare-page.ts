/**
 * Compares the answer to a look with the page that the mirror holds. Pure. The answer counts only if it shows the same
 * queue with the same `total_count`, and the same numbers at the same positions. Then it says which rows differ.
 *
 * `created_at` is part of a number's identity too. Postgres compares it, in the transaction that saves the differing
 * rows: see store/look/save-look.ts.
 */
import type { QueueAnswer, QueueNumber } from '../allo/types.ts'
import type { MirroredQueue, MirroredRow } from '../store/look/mirrored-page.ts'
import { copyLine, encodeNumbers } from '../store/reading/encode.ts'

export interface SeenPage {
  readonly firstPosition: number | null
  readonly lastPosition: number | null
  /** The numbers that differ from the mirror, and the same as COPY lines; see store/reading/encode.ts. */
  readonly differing: readonly QueueNumber[]
  readonly lines: readonly string[]
  /** Of those that differ: the call began since. */
  readonly begun: readonly QueueNumber[]
  readonly hasDials: boolean
}

/** Why the answer is not the page that the mirror holds. */
export interface Unexpected {
  readonly unexpected: string
}

/** `numbers`: those of the answer, without suppressed phone numbers. */
export function comparePage(
  answer: Extract<QueueAnswer, { kind: 'page' }>,
  numbers: readonly QueueNumber[],
  mirrored: { readonly queue: MirroredQueue; readonly rows: readonly MirroredRow[] },
): SeenPage | Unexpected {
  const { queue, rows } = mirrored
  if (answer.queue.id !== queue.queueId) return { unexpected: 'another queue' }
  if (answer.totalCount !== queue.numbers) return { unexpected: 'another total_count' }
  if (numbers.length !== rows.length) return { unexpected: 'a page of another length' }
  const isSame = (number: QueueNumber, row: MirroredRow | undefined) =>
    number.position === row?.position && number.numberTo === row.numberTo
  if (!numbers.every((number, index) => isSame(number, rows[index]))) return { unexpected: 'other numbers' }
  return { ...compareFields(numbers, rows), ...extent(numbers) }
}

function compareFields(numbers: readonly QueueNumber[], rows: readonly MirroredRow[]) {
  const encoded = encodeNumbers(numbers)
  const digestOf = (index: number) => encoded.digests[index] ?? ''
  const isSame = (index: number) =>
    Buffer.from(digestOf(index), 'latin1').readBigInt64BE().toString() === rows[index]?.rowDigest
  const changed = numbers.flatMap((number, index) => (isSame(index) ? [] : [{ number, index }]))
  return {
    differing: changed.map(({ number }) => number),
    begun: changed
      .filter(({ number, index }) => number.callStartDate !== null && rows[index]?.callStartDate === null)
      .map(({ number }) => number),
    // An entry keeps the number key it has.
    lines: changed.map(({ index }) => copyLine(encoded.lines[index] ?? '', digestOf(index), null)),
    hasDials: changed.some(({ number }) => number.callStartDate !== null || number.callId !== null),
  }
}

function extent(numbers: readonly QueueNumber[]) {
  return { firstPosition: numbers[0]?.position ?? null, lastPosition: numbers.at(-1)?.position ?? null }
}
