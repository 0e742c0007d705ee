/**
 * Saves a reading in one transaction: current rows, history, entries, dials, counts and the audit row, or nothing.
 * Idempotent within a pass: after a crash, a retry is not applied a second time (`isAlreadyRead`).
 *
 * Serialised per teammate and per queue. Locks are taken in one order (the teammate, then the queues by id), because
 * two teammates may swap queues. A reading that began before the last applied one ended is recorded as `skipped`,
 * because it is unknown which of the two is newer.
 *
 * A reading never ends a queue: it marks the queue as missing, and finish-pass.ts decides.
 */
import type { NumberKeys } from '../../snapshot/number-key.ts'
import type { QueueSnapshot, Snapshot } from '../../snapshot/snapshot.ts'
import { type Client, inTransaction, type Pool } from '../postgres/database.ts'
import { applyQueue } from './apply-queue.ts'
import { unassignQueue } from './assignments.ts'
import { PassClosedError, type Reading, type SavedReading } from './reading.ts'
import { lockState, type ReadingState } from './reading-state.ts'
import { recordFound, recordNotFound, recordReading } from './record-reading.ts'
import { markMissingQueues } from './write-queue.ts'

/** `numberKeys` null: numbers get no key. Throws NumberKeyError if a key is required and missing, or is another one. */
export async function saveReading(
  pool: Pool,
  reading: Reading,
  numberKeys: NumberKeys | null,
): Promise<SavedReading> {
  return inTransaction(pool, `saving the reading of ${reading.userId}`, (client) =>
    applyReading(client, reading, numberKeys),
  )
}

/** The same within a transaction that is open already: the caller commits, or rolls back to see what would change. */
export async function applyReading(
  client: Client,
  reading: Reading,
  numberKeys: NumberKeys | null,
): Promise<SavedReading> {
  const { result } = reading
  if (result.kind === 'failed') {
    const { status, code, message, requestId } = result
    return recordReading(client, reading, { status, code, message, requestId })
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
  if (state.overtakenBy !== null) return skipOvertaken(client, reading, result, state.overtakenBy)
  if (result.kind === 'not_found') return applyNotFound(client, reading, result)
  if (result.kind === 'no_queue') return applyNoQueue(client, reading, result, state)
  return applyQueue(client, reading, result, state, numberKeys)
}

/** The queue stays with the teammate on record: see isSharedQueue. */
function refuseShared(
  client: Client,
  reading: Reading,
  { queue }: QueueSnapshot,
  state: ReadingState,
): Promise<SavedReading> {
  const holder = state.queue?.userId ?? ''
  const message =
    `Allo shows queue ${queue.id} both for ${reading.userId} and for ${holder}. It stays with ${holder} until one of ` +
    'the two is seen without it; nothing was written'
  return recordReading(client, reading, { status: 'error', code: 'queue_shared', message, queueId: queue.id })
}

function skipOvertaken(
  client: Client,
  reading: Reading,
  result: Snapshot,
  overtakenBy: 'teammate' | 'queue',
): Promise<SavedReading> {
  const code = overtakenBy === 'teammate' ? 'overtaken' : 'queue_overtaken'
  const message = `a newer reading or look of this ${overtakenBy} was applied meanwhile`
  const seen = overtakenBy === 'queue' && result.kind === 'queue' ? { queueId: result.queue.id } : {}
  return recordReading(client, reading, { status: 'skipped', code, message, ...seen })
}

async function applyNoQueue(
  client: Client,
  reading: Reading,
  snapshot: Extract<Snapshot, { kind: 'no_queue' }>,
  state: ReadingState,
): Promise<SavedReading> {
  const { observedAt } = snapshot
  await unassignQueue(client, { userId: reading.userId, observedAt, changedAfter: state.lastReadStartedAt })
  await markMissingQueues(client, reading, observedAt, null)
  return recordFound(client, reading, { observedAt, gapFrom: state.gapFrom }, { status: 'no_queue' })
}

/** Does not close anything: finish-pass.ts does when two passes got this answer. */
async function applyNotFound(
  client: Client,
  reading: Reading,
  snapshot: Extract<Snapshot, { kind: 'not_found' }>,
): Promise<SavedReading> {
  await recordNotFound(client, reading, snapshot)
  return recordReading(client, reading, {
    status: 'not_found',
    code: 'not_on_team',
    message: 'the API knows no such teammate on this team',
  })
}

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
