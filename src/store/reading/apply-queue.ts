/**
 * Writes a complete snapshot of a queue to current rows, history and counts. Writes only what differs. Called within
 * the transaction and under the locks of save-reading.ts.
 */
import type { QueueNumber } from '../../allo/types.ts'
import { conceal } from '../../snapshot/conceal.ts'
import { membershipDigest } from '../../snapshot/membership.ts'
import { NumberKeyError, type NumberKeys } from '../../snapshot/number-key.ts'
import type { QueueSnapshot } from '../../snapshot/snapshot.ts'
import type { Client } from '../postgres/database.ts'
import { assignQueue } from './assignments.ts'
import { encodeNumbers } from './encode.ts'
import { noOutcomes } from './outcome-counts.ts'
import { haveSameSettings } from './queue-settings.ts'
import type { Reading, SavedReading } from './reading.ts'
import type { ReadingState } from './reading-state.ts'
import { recordFound, recordReading } from './record-reading.ts'
import { type NumbersWritten, nothingWritten, writeNumbers } from './write-numbers.ts'
import {
  closeQueueVersion,
  markMissingQueues,
  openQueueVersion,
  recordCounts,
  repairQueueVersion,
  writeQueue,
} from './write-queue.ts'

/** Throws NumberKeyError if suppressed numbers can't be recognised. */
export async function applyQueue(
  client: Client,
  reading: Reading,
  answer: QueueSnapshot,
  state: ReadingState,
  numberKeys: NumberKeys | null,
): Promise<SavedReading> {
  const numbers = withoutSuppressed(answer.numbers, state, numberKeys)
  const snapshot =
    numbers === answer.numbers ? answer : { ...answer, numbers, membershipDigest: membershipDigest(numbers) }
  const { queue, observedAt } = snapshot
  const { userId } = reading
  const known = state.queue
  if (queue.assigneeId === null && known?.isCurrent === true && known.userId !== userId) {
    const message = `queue ${queue.id} names no assignee and is held by ${known.userId}; nothing was written`
    return recordReading(client, reading, { status: 'error', code: 'owner_unknown', message })
  }
  await applySettings(client, snapshot, state)
  const written = await applyNumbers(client, reading, snapshot, state, numberKeys)
  if (!state.isAssigned) {
    const changedAfter = state.lastReadStartedAt
    await assignQueue(client, { userId, queueId: queue.id, observedAt, changedAfter })
  }
  if (state.queuesTouched > 1) await markMissingQueues(client, reading, observedAt, queue.id)
  const record = {
    status: 'ok' as const,
    queueId: queue.id,
    numbers: snapshot.numbers.length,
    announced: snapshot.announced,
    ...written,
  }
  return recordFound(client, reading, { observedAt, gapFrom: state.gapFrom }, record)
}

/**
 * Checked under the locks: a number may have been suppressed since it was read. Returns the same array if none was.
 * Throws NumberKeyError if suppressed numbers can't be recognised.
 */
export function withoutSuppressed(
  numbers: readonly QueueNumber[],
  {
    numberKeyFingerprint,
    suppressedNumbers,
  }: Pick<ReadingState, 'numberKeyFingerprint' | 'suppressedNumbers'>,
  numberKeys: NumberKeys | null,
): readonly QueueNumber[] {
  if (numberKeys === null) {
    if (suppressedNumbers.length === 0) return numbers
    throw new NumberKeyError(
      'numbers are suppressed in this database, and only NUMBER_KEY can recognise them: set it for every process',
    )
  }
  if (numberKeys.fingerprint !== numberKeyFingerprint) {
    throw new NumberKeyError('NUMBER_KEY was changed while this process ran: restart it with the new key')
  }
  return conceal(numbers, new Set(suppressedNumbers), numberKeys)
}

/** A change of the settings opens a new version, and so does a queue whose history is closed. */
async function applySettings(
  client: Client,
  snapshot: QueueSnapshot,
  { queue: known, version }: ReadingState,
): Promise<void> {
  const isOnRecord = version !== null && haveSameSettings(version, snapshot.queue)
  if (isOnRecord && !known?.isClosed) return
  if (known !== null && version !== null && haveSameSettings(known, snapshot.queue)) {
    await repairQueueVersion(client, snapshot)
  } else {
    if (version !== null) await closeQueueVersion(client, snapshot)
    await openQueueVersion(client, snapshot, known?.lastReadStartedAt ?? null)
  }
}

/** Writes the numbers that differ, the counts, and the queue with its new digest. */
async function applyNumbers(
  client: Client,
  reading: Reading,
  snapshot: QueueSnapshot,
  { queue: known, counts }: ReadingState,
  numberKeys: NumberKeys | null,
): Promise<NumbersWritten> {
  const encoded = encodeNumbers(snapshot.numbers)
  const isReopened = known?.isClosed ?? false
  const isUntouched = known !== null && !isReopened && known.contentDigest.endsWith(` ${known.rowsMark}`)
  const isUnchanged = isUntouched && known.contentDigest === `${encoded.contentDigest} ${known.rowsMark}`
  const written = isUnchanged
    ? nothingWritten()
    : await writeNumbers(client, {
        queueId: snapshot.queue.id,
        teamId: reading.teamId,
        userId: reading.userId,
        numbers: snapshot.numbers,
        encoded,
        numberKeys,
        observedAt: snapshot.observedAt,
        changedAfter: known?.lastReadStartedAt ?? null,
        lastSeenAt: known?.lastObservedAt ?? null,
        isReopened,
        needsRepair: known !== null && !isUntouched,
      })
  const seen = {
    queueId: snapshot.queue.id,
    userId: reading.userId,
    observedAt: snapshot.observedAt,
    passId: reading.passId,
    numbers: snapshot.numbers.length,
    apiTotalCount: snapshot.announced,
  }
  await recordCounts(client, seen, {
    onRecord: counts === null || isReopened ? counts : (written.before ?? counts),
    before: written.before ?? counts ?? noOutcomes(),
    difference: written.difference,
  })
  const rowsMark = isUnchanged ? known.rowsMark : null
  await writeQueue(client, reading, snapshot, { contentDigest: encoded.contentDigest, rowsMark })
  return written
}
