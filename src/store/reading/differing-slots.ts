/**
 * Finds the slots (positions) of a queue that a reading has to write. It compares digests: 12 bytes per row are read.
 */
import { sql } from 'drizzle-orm'
import type { Client } from '../postgres/database.ts'
import { one, template } from '../postgres/query.ts'
import { queueNumbers } from '../schema.ts'
import { copyLine, copyLineOfGonePosition, decodeRowDigests } from './encode.ts'
import type { NumbersToWrite } from './numbers-to-write.ts'

export interface DifferingSlots {
  /** COPY lines. */
  readonly lines: readonly string[]
  /** Whether one of them shows a dial. */
  readonly hasDials: boolean
}

/** All slots if the queue is new, re-opened or needs repair; otherwise those that differ. */
export async function differingSlots(client: Client, queue: NumbersToWrite): Promise<DifferingSlots> {
  const isCompared = queue.changedAfter !== null && !queue.needsRepair
  return compareSlots(queue, isCompared ? await packedRowDigests(client, queue.queueId) : null)
}

/** The snapshot and the mirror are both ordered by position. */
function compareSlots(queue: NumbersToWrite, packed: Buffer | null): DifferingSlots {
  const mirrored = decodeRowDigests(packed)
  const lines: string[] = []
  let hasDials = false
  let next = mirrored.next()
  for (const [index, number] of queue.numbers.entries()) {
    while (!next.done && next.value.position < number.position) {
      lines.push(copyLineOfGonePosition(next.value.position))
      next = mirrored.next()
    }
    const digest = queue.encoded.digests[index] ?? ''
    const isMirrored = !next.done && next.value.position === number.position
    const isSame = isMirrored && next.value !== undefined && next.value.digest === digest
    if (isMirrored) next = mirrored.next()
    if (isSame && !queue.isReopened) continue
    const numberKey = queue.numberKeys?.keyOf(number.numberTo) ?? null
    lines.push(copyLine(queue.encoded.lines[index] ?? '', digest, numberKey))
    hasDials ||= number.callStartDate !== null || number.callId !== null
  }
  for (; !next.done; next = mirrored.next()) lines.push(copyLineOfGonePosition(next.value.position))
  return { lines, hasDials }
}

/** Null: the mirror holds no row of the queue. */
async function packedRowDigests(client: Client, queueId: string): Promise<Buffer | null> {
  return (await one<{ packed: Buffer | null }>(client, packed({ queueId }))).packed
}

const packed = template<{ queueId: string }>(({ queueId }) => {
  const { position, rowDigest } = queueNumbers
  return sql`select string_agg(int4send(${position}) || int8send(${rowDigest}), ''::bytea order by ${position}) as packed
    from ${queueNumbers} where ${queueNumbers.queueId} = ${queueId}`
})
