/**
 * The one transaction that makes a reading true in Postgres: current rows, history, entries, dials, counts and the
 * audit row become true together, or nothing does. Running it again after a crash is a new reading like any other.
 *
 * Serialised per teammate and per queue. Locks are taken in one order (the teammate, then queue ids sorted), since
 * two reps may swap queues. A reading that began before the last applied one ended is recorded as `skipped`: the
 * two can't be told apart in time.
 *
 * What a reading never does is end a queue: it marks it as missing, and finish-pass.ts decides.
 */
import { conceal } from '../../snapshot/conceal.ts'
import { membershipDigest } from '../../snapshot/membership.ts'
import { NumberKeyError, type NumberKeys } from '../../snapshot/number-key.ts'
import type { QueueSnapshot, Snapshot } from '../../snapshot/snapshot.ts'
import { type Client, inTransaction, type Pool } from '../postgres/database.ts'
import { assignQueue, unassignQueue } from './assignments.ts'
import { encodeNumbers } from './encode.ts'
import { noOutcomes } from './outcome-counts.ts'
import { type FailedReading, PassClosedError, type Reading, type SavedReading } from './reading.ts'
import { lockState, type ReadingState } from './reading-state.ts'
import { recordReading } from './record-reading.ts'
import { writeNumbers } from './write-numbers.ts'
import {
  hasOtherSettings,
  markMissingQueues,
  mendQueueVersion,
  openQueueVersion,
  recordCounts,
  writeQueue,
} from './write-queue.ts'

/** `numberKeys` null: numbers get no key. Throws NumberKeyError when that, or the key, is not what it must be. */
export async function saveReading(
  pool: Pool,
  reading: Reading,
  numberKeys: NumberKeys | null,
): Promise<SavedReading> {
  return inTransaction(pool, `saving the reading of ${reading.userId}`, (client) =>
    applyReading(client, reading, numberKeys),
  )
}

/** The same within a transaction that is open already; the caller commits or, to see what would be, rolls back. */
export async function applyReading(
  client: Client,
  reading: Reading,
  numberKeys: NumberKeys | null,
): Promise<SavedReading> {
  const { result } = reading
  if (result.kind === 'failed') {
    return recordReading(client, reading, { status: result.status, ...pick(result) })
  }
  const state = await lockState(client, reading, result)
  if (state.passStatus !== 'running') {
    throw new PassClosedError(`pass ${reading.passId} is ${state.passStatus ?? 'unknown'}, not running`)
  }
  if (state.isAlreadyRead) return { ...nothing, userId: reading.userId, errorCode: 'already_read' }
  if (result.kind === 'torn') {
    return recordReading(client, reading, { status: 'torn', code: 'torn', message: result.why })
  }
  if (result.kind === 'queue' && state.isShared && state.overtakenBy !== 'teammate') {
    return refuseShared(client, reading, result, state)
  }
  if (state.overtakenBy !== null) {
    const code = state.overtakenBy === 'teammate' ? 'overtaken' : 'queue_overtaken'
    const message = `a newer reading of this ${state.overtakenBy} was applied meanwhile`
    const seen = state.overtakenBy === 'queue' && result.kind === 'queue' ? { queueId: result.queue.id } : {}
    return recordReading(client, reading, { status: 'skipped', code, message, ...seen })
  }
  if (result.kind === 'not_found') return applyNotFound(client, reading, result)
  if (result.kind === 'no_queue') return applyNoQueue(client, reading, result, state)
  return applyQueue(client, reading, asItMayBeKept(result, state, numberKeys), state, numberKeys)
}

async function applyQueue(
  client: Client,
  reading: Reading,
  snapshot: QueueSnapshot,
  state: ReadingState,
  numberKeys: NumberKeys | null,
): Promise<SavedReading> {
  const { queue, observedAt } = snapshot
  const known = state.queue
  if (queue.assigneeId === null && known?.is_current === true && known.user_id !== reading.userId) {
    const message = `queue ${queue.id} names no assignee and is held by ${known.user_id}; nothing was written`
    return recordReading(client, reading, { status: 'error', code: 'owner_unknown', message })
  }
  const isReopened = known?.is_closed ?? false
  const version = known?.version ?? null
  if (isReopened || version === null || hasOtherSettings(version, snapshot)) {
    if (known === null || version === null || hasOtherSettings(known, snapshot))
      await openQueueVersion(client, snapshot, known?.last_read_started_at ?? null)
    else await mendQueueVersion(client, snapshot)
  }
  const encoded = encodeNumbers(snapshot.numbers)
  const isUntouched = known !== null && !isReopened && known.content_digest.endsWith(` ${known.rows_mark}`)
  const isUnchanged = isUntouched && known.content_digest === `${encoded.contentDigest} ${known.rows_mark}`
  const written = isUnchanged
    ? unchanged
    : await writeNumbers(client, {
        queueId: queue.id,
        teamId: reading.teamId,
        userId: reading.userId,
        numbers: snapshot.numbers,
        encoded,
        numberKeys,
        observedAt,
        changedAfter: known?.last_read_started_at ?? null,
        lastSeenAt: known?.last_observed_at ?? null,
        isReopened,
        isToBeMended: known !== null && !isUntouched,
      })
  const { difference } = written
  const before = written.before ?? state.counts ?? noOutcomes()
  const onRecord = isReopened ? state.counts : (written.before ?? state.counts)
  await recordCounts(client, reading, snapshot, {
    onRecord: state.counts === null ? null : onRecord,
    before,
    difference,
  })
  await writeQueue(client, reading, snapshot, {
    contentDigest: encoded.contentDigest,
    rowsMark: isUnchanged ? known.rows_mark : null,
  })
  if (!state.isAssigned) {
    const { userId } = reading
    await assignQueue(client, {
      userId,
      queueId: queue.id,
      observedAt,
      changedAfter: state.lastReadStartedAt,
    })
  }
  if (state.queuesTouched > 1) await markMissingQueues(client, reading, observedAt, queue.id)
  return recordReading(client, reading, {
    status: 'ok',
    queueId: queue.id,
    numbers: snapshot.numbers.length,
    announced: snapshot.announced,
    ...written,
  })
}

/** It goes on with the teammate on record: see ReadingState.isShared. */
function refuseShared(
  client: Client,
  reading: Reading,
  { queue }: QueueSnapshot,
  state: ReadingState,
): Promise<SavedReading> {
  const holder = state.queue?.user_id ?? ''
  const message =
    `Allo answers queue ${queue.id} for ${reading.userId} as well as for ${holder}, and again: it stays with ` +
    `${holder} until one of the two is seen without it; nothing was written`
  return recordReading(client, reading, {
    status: 'error',
    code: 'queue_shared',
    message,
    queueId: queue.id,
  })
}

/** Looked at again under the locks: a number may have been suppressed since it was read. */
function asItMayBeKept(
  snapshot: QueueSnapshot,
  { numberKeyFingerprint, suppressedNumbers }: ReadingState,
  numberKeys: NumberKeys | null,
): QueueSnapshot {
  if (numberKeys === null) {
    if (suppressedNumbers.length === 0) return snapshot
    throw new NumberKeyError(
      'numbers are suppressed in this database, and only NUMBER_KEY tells which: set it for every process',
    )
  }
  if (numberKeys.fingerprint !== numberKeyFingerprint) {
    throw new NumberKeyError(
      'NUMBER_KEY was changed while this process ran: start it anew with the present one',
    )
  }
  const numbers = conceal(snapshot.numbers, new Set(suppressedNumbers), numberKeys)
  if (numbers === snapshot.numbers) return snapshot
  return { ...snapshot, numbers, membershipDigest: membershipDigest(numbers) }
}

async function applyNoQueue(
  client: Client,
  reading: Reading,
  snapshot: Extract<Snapshot, { kind: 'no_queue' }>,
  state: ReadingState,
): Promise<SavedReading> {
  await unassignQueue(client, {
    userId: reading.userId,
    observedAt: snapshot.observedAt,
    changedAfter: state.lastReadStartedAt,
  })
  await markMissingQueues(client, reading, snapshot.observedAt, null)
  return recordReading(client, reading, { status: 'no_queue' })
}

/** Ends nothing by itself: finish-pass.ts closes what two passes in a row could not find. */
async function applyNotFound(
  client: Client,
  reading: Reading,
  snapshot: Extract<Snapshot, { kind: 'not_found' }>,
): Promise<SavedReading> {
  await client.query(
    `update allo.teammates set missing_since = coalesce(missing_since, $2),
       missing_pass_id = coalesce(missing_pass_id, $3)
     where user_id = $1 and team_id = $4`,
    [reading.userId, snapshot.observedAt, reading.passId, reading.teamId],
  )
  return recordReading(client, reading, {
    status: 'not_found',
    code: 'not_on_team',
    message: 'the API knows no such teammate on this team',
  })
}

const unchanged = { added: 0, changed: 0, moved: 0, removed: 0, before: null, difference: noOutcomes() }

const nothing: Omit<SavedReading, 'userId'> = {
  status: 'skipped',
  queueId: null,
  numbers: null,
  added: 0,
  changed: 0,
  moved: 0,
  removed: 0,
  errorCode: null,
  errorMessage: null,
  requestId: null,
}

function pick({ code, message, requestId }: FailedReading) {
  return { code, message, requestId }
}
