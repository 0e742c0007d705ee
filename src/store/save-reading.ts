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
import type { QueueSnapshot, Snapshot } from '../snapshot/snapshot.ts'
import { assignQueue, unassignQueue } from './assignments.ts'
import { type Client, inTransaction, type Pool } from './database.ts'
import { encodeNumbers } from './encode.ts'
import { noOutcomes, type OutcomeCounts, outcomes, writeNumbers } from './write-numbers.ts'

export const OUTCOME_DEFINITION_VERSION = 1

export type ReadStatus =
  | 'ok'
  | 'no_queue'
  | 'torn'
  | 'not_found'
  | 'forbidden'
  | 'rate_limited'
  | 'error'
  | 'skipped'

/** A reading that could not be made, and why; or one that was not asked for. */
export interface FailedReading {
  readonly kind: 'failed'
  readonly status: 'forbidden' | 'rate_limited' | 'error' | 'skipped'
  readonly code: string
  readonly message: string
  readonly requestId: string | null
}

export interface Reading {
  readonly passId: string
  readonly teamId: string
  readonly userId: string
  readonly result: Snapshot | FailedReading
  readonly effort: { readonly requests: number; readonly throttled: number; readonly durationMs: number }
}

/** What a reading did. Counts are null unless the status is `ok`. */
export interface SavedReading {
  readonly userId: string
  readonly status: ReadStatus
  readonly queueId: string | null
  readonly numbers: number | null
  readonly added: number
  readonly changed: number
  readonly moved: number
  readonly removed: number
  readonly errorCode: string | null
  readonly errorMessage: string | null
  readonly requestId: string | null
}

/** The pass was closed by someone else, because its lease ran out: its process was taken for dead. */
export class PassClosedError extends Error {
  override readonly name = 'PassClosedError'
}

/** Allo's word about the teammate is in the tables, through this reading or a newer one of another process. */
export function isAnswered({ status, errorCode }: Pick<SavedReading, 'status' | 'errorCode'>): boolean {
  return status === 'ok' || status === 'no_queue' || status === 'not_found' || errorCode === 'overtaken'
}

export async function saveReading(pool: Pool, reading: Reading): Promise<SavedReading> {
  return inTransaction(pool, `saving the reading of ${reading.userId}`, (client) =>
    applyReading(client, reading),
  )
}

/** The same within a transaction that is open already; the caller commits or, to see what would be, rolls back. */
export async function applyReading(client: Client, reading: Reading): Promise<SavedReading> {
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
  if (state.overtakenBy !== null) {
    const code = state.overtakenBy === 'teammate' ? 'overtaken' : 'queue_overtaken'
    const message = `a newer reading of this ${state.overtakenBy} was applied meanwhile`
    return recordReading(client, reading, { status: 'skipped', code, message })
  }
  if (result.kind === 'not_found') return applyNotFound(client, reading, result)
  if (result.kind === 'no_queue') return applyNoQueue(client, reading, result, state)
  return applyQueue(client, reading, result, state)
}

async function applyQueue(
  client: Client,
  reading: Reading,
  snapshot: QueueSnapshot,
  state: State,
): Promise<SavedReading> {
  const { queue, observedAt } = snapshot
  const known = state.queue
  if (queue.assigneeId === null && known?.is_current === true && known.user_id !== reading.userId) {
    const message = `queue ${queue.id} names no assignee and is held by ${known.user_id}; nothing was written`
    return recordReading(client, reading, { status: 'error', code: 'owner_unknown', message })
  }

  const isReopened = known?.is_closed ?? false
  const encoded = encodeNumbers(snapshot.numbers)
  await writeQueue(client, reading, snapshot, encoded.contentDigest)
  if (isReopened || known === null || hasOtherSettings(known, snapshot)) {
    await openQueueVersion(client, snapshot, known?.last_read_started_at ?? null)
  }
  const isUnchanged = known !== null && known.content_digest === encoded.contentDigest && !isReopened
  const written = isUnchanged
    ? unchanged
    : await writeNumbers(client, {
        queueId: queue.id,
        teamId: reading.teamId,
        userId: reading.userId,
        numbers: snapshot.numbers,
        encoded,
        observedAt,
        changedAfter: known?.last_read_started_at ?? null,
        lastSeenAt: known?.last_observed_at ?? null,
        isReopened,
      })
  await recordCounts(client, reading, snapshot, state.counts, written.difference)
  await assignQueue(client, {
    userId: reading.userId,
    queueId: queue.id,
    observedAt,
    changedAfter: state.lastReadStartedAt,
  })
  if (state.queuesTouched > 1) await markMissingQueues(client, reading, observedAt, queue.id)
  return recordReading(client, reading, {
    status: 'ok',
    queueId: queue.id,
    numbers: snapshot.numbers.length,
    announced: snapshot.announced,
    ...written,
  })
}

async function applyNoQueue(
  client: Client,
  reading: Reading,
  snapshot: Extract<Snapshot, { kind: 'no_queue' }>,
  state: State,
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

const unchanged = { added: 0, changed: 0, moved: 0, removed: 0, difference: noOutcomes() }

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

interface State {
  readonly passStatus: string | null
  /** This pass has an applied reading of this teammate: a retry after a crash must not become a second one. */
  readonly isAlreadyRead: boolean
  readonly overtakenBy: 'teammate' | 'queue' | null
  /** Start of the reading of this teammate applied before. */
  readonly lastReadStartedAt: string | null
  readonly queue: KnownQueueRow | null
  readonly counts: OutcomeCounts | null
  /** The queue seen, and those the teammate may have held. */
  readonly queuesTouched: number
}

interface KnownQueueRow {
  readonly user_id: string
  readonly name: string | null
  readonly creator_id: string | null
  readonly assignee_id: string | null
  readonly voicemail_handling: string | null
  readonly do_not_disturb: string | null
  readonly is_current: boolean | null
  readonly is_closed: boolean
  readonly content_digest: string
  readonly last_read_started_at: string
  readonly last_observed_at: string
}

async function lockState(
  client: Client,
  reading: Reading,
  snapshot: Exclude<Snapshot, { kind: 'failed' }>,
): Promise<State> {
  const queueId = snapshot.kind === 'queue' ? snapshot.queue.id : null
  await client.query(`select pg_advisory_xact_lock(hashtextextended('allo teammate ' || $1, 0))`, [
    reading.userId,
  ])
  // Under the teammate's lock: the queues this reading can touch are the one it saw and those the teammate held.
  const { rowCount: queuesTouched } = await client.query(
    `select pg_advisory_xact_lock(hashtextextended('allo queue ' || queue_id, 0)) from (
       select queue_id from (
         select $2::text as queue_id
         union select queue_id from allo.queues where user_id = $1 and is_current is distinct from false
         union select queue_id from allo.queue_assignments where user_id = $1 and valid_to is null
       ) touched where queue_id is not null order by queue_id
     ) in_order`,
    [reading.userId, queueId],
  )
  const { rows } = await client.query<{
    pass_status: string | null
    is_already_read: boolean
    overtaken_by: 'teammate' | 'queue' | null
    last_read_started_at: string | null
    queue: KnownQueueRow | null
    counts: OutcomeCounts | null
  }>(
    `select p.status as pass_status,
       exists (select from allo.sync_reads r where r.pass_id = $1 and r.user_id = $2
               and r.status in ('ok', 'no_queue', 'not_found')) as is_already_read,
       case when t.last_observed_at > $4 then 'teammate' when q.last_observed_at > $4 then 'queue' end as overtaken_by,
       t.last_read_started_at::text,
       case when q.queue_id is not null then json_build_object(
         'user_id', q.user_id, 'name', q.name, 'creator_id', q.creator_id, 'assignee_id', q.assignee_id,
         'voicemail_handling', q.voicemail_handling, 'do_not_disturb', q.do_not_disturb,
         'is_current', q.is_current, 'is_closed', q.ended_at is not null or q.unobservable_since is not null,
         'content_digest', q.content_digest, 'last_read_started_at', q.last_read_started_at::text,
         'last_observed_at', q.last_observed_at::text) end as queue,
       case when c.queue_id is not null then json_build_object(
         'remaining', c.remaining, 'in_progress', c.in_progress, 'connected', c.connected, 'voicemail', c.voicemail,
         'not_reached', c.not_reached, 'failed', c.failed, 'other', c.other) end as counts
     from (select) one
     left join allo.sync_passes p on p.pass_id = $1
     left join allo.teammates t on t.user_id = $2
     left join allo.queues q on q.queue_id = $3
     left join lateral (
       select * from allo.queue_snapshots s where s.queue_id = $3 order by s.observed_at desc limit 1
     ) c on true`,
    [reading.passId, reading.userId, queueId, snapshot.readStartedAt],
  )
  const row = rows[0]
  return {
    passStatus: row?.pass_status ?? null,
    isAlreadyRead: row?.is_already_read ?? false,
    overtakenBy: row?.overtaken_by ?? null,
    lastReadStartedAt: row?.last_read_started_at ?? null,
    queue: row?.queue ?? null,
    counts: row?.counts ?? null,
    queuesTouched: queuesTouched ?? 0,
  }
}

function hasOtherSettings(known: KnownQueueRow, { queue }: QueueSnapshot): boolean {
  return (
    known.name !== queue.name ||
    known.creator_id !== queue.creatorId ||
    known.assignee_id !== queue.assigneeId ||
    known.voicemail_handling !== queue.voicemailHandling ||
    known.do_not_disturb !== queue.doNotDisturb
  )
}

/** The queue as it is now. Seen again, it is current again, whatever was thought of it. */
async function writeQueue(
  client: Client,
  reading: Reading,
  { queue, numbers, membershipDigest, readStartedAt, observedAt }: QueueSnapshot,
  digest: string,
): Promise<void> {
  await client.query(
    `insert into allo.queues as q (queue_id, team_id, user_id, name, creator_id, assignee_id, voicemail_handling,
       do_not_disturb, created_at, updated_at, extra, is_current, first_seen_at, numbers, last_read_started_at,
       last_observed_at, membership_digest, content_digest)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, true, $14, $12, $13, $14, $15, $16)
     on conflict (queue_id) do update set
       team_id = excluded.team_id, user_id = excluded.user_id, name = excluded.name,
       creator_id = excluded.creator_id, assignee_id = excluded.assignee_id,
       voicemail_handling = excluded.voicemail_handling, do_not_disturb = excluded.do_not_disturb,
       created_at = excluded.created_at, updated_at = excluded.updated_at, extra = excluded.extra,
       is_current = true, ended_at = null, end_reason = null, replaced_by_queue_id = null,
       numbers = excluded.numbers, last_read_started_at = excluded.last_read_started_at,
       last_observed_at = excluded.last_observed_at, missing_since = null, missing_replaced_by_queue_id = null,
       unknown_since = null, held_back_passes = 0, unobservable_since = null,
       membership_digest = excluded.membership_digest, content_digest = excluded.content_digest`,
    [
      queue.id,
      reading.teamId,
      reading.userId,
      queue.name,
      queue.creatorId,
      queue.assigneeId,
      queue.voicemailHandling,
      queue.doNotDisturb,
      queue.createdAt,
      queue.updatedAt,
      queue.extra === null ? null : JSON.stringify(queue.extra),
      numbers.length,
      readStartedAt,
      observedAt,
      membershipDigest,
      digest,
    ],
  )
}

/** `updated_at` is not among the settings: a touch is not a change. */
async function openQueueVersion(
  client: Client,
  { queue, observedAt }: QueueSnapshot,
  changedAfter: string | null,
): Promise<void> {
  await client.query(
    `update allo.queue_versions set valid_to = $2 where queue_id = $1 and valid_to is null`,
    [queue.id, observedAt],
  )
  await client.query(
    `insert into allo.queue_versions (queue_id, name, creator_id, assignee_id, voicemail_handling, do_not_disturb,
       valid_from, changed_after) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      queue.id,
      queue.name,
      queue.creatorId,
      queue.assigneeId,
      queue.voicemailHandling,
      queue.doNotDisturb,
      observedAt,
      changedAfter,
    ],
  )
}

/** Counts are carried on by their difference, and written only at readings that change one. */
async function recordCounts(
  client: Client,
  reading: Reading,
  snapshot: QueueSnapshot,
  before: OutcomeCounts | null,
  difference: OutcomeCounts,
): Promise<void> {
  if (before !== null && outcomes.every((outcome) => difference[outcome] === 0)) return
  const counts = outcomes.map((outcome) => (before?.[outcome] ?? 0) + difference[outcome])
  await client.query(
    `insert into allo.queue_snapshots (queue_id, user_id, observed_at, pass_id, numbers, api_total_count,
       definition_version, ${outcomes.join(', ')})
     values ($1, $2, $3, $4, $5, $6, $7, ${outcomes.map((_, index) => `$${index + 8}`).join(', ')})`,
    [
      snapshot.queue.id,
      reading.userId,
      snapshot.observedAt,
      reading.passId,
      snapshot.numbers.length,
      snapshot.announced,
      OUTCOME_DEFINITION_VERSION,
      ...counts,
    ],
  )
}

/** The holder was seen without these: the first such observation is what an ending will be dated back to. */
async function markMissingQueues(
  client: Client,
  reading: Reading,
  observedAt: string,
  heldQueueId: string | null,
): Promise<void> {
  await client.query(
    `update allo.queues set missing_since = $2, missing_replaced_by_queue_id = $3
     where user_id = $1 and queue_id is distinct from $3 and is_current is distinct from false
       and missing_since is null`,
    [reading.userId, observedAt, heldQueueId],
  )
}

interface ReadingRecord {
  readonly status: ReadStatus
  readonly queueId?: string
  readonly numbers?: number
  readonly announced?: number | null
  readonly added?: number
  readonly changed?: number
  readonly moved?: number
  readonly removed?: number
  readonly code?: string
  readonly message?: string
  readonly requestId?: string | null
}

/** The audit row and, for a reading that was applied, when the teammate was last read: in one statement. */
async function recordReading(client: Client, reading: Reading, record: ReadingRecord): Promise<SavedReading> {
  const { result, effort } = reading
  const isApplied = ['ok', 'no_queue', 'not_found'].includes(record.status)
  const wasFound = record.status === 'ok' || record.status === 'no_queue'
  const counts: Partial<ReadingRecord> = record.status === 'ok' ? record : {}
  await client.query(
    `with teammate as (
       update allo.teammates set last_read_started_at = $5, last_observed_at = $6,
         missing_since = case when $20 then null else missing_since end,
         missing_pass_id = case when $20 then null else missing_pass_id end,
         left_at = case when $20 then null else left_at end
       where user_id = $2 and $19
     )
     insert into allo.sync_reads (pass_id, user_id, status, queue_id, read_started_at, observed_at, walks, requests,
       throttled, numbers_read, numbers_announced, numbers_stored, added, changed, moved, removed, duration_ms,
       error_code, error_message, error_request_id)
     values ($1, $2, $3, $4, $5, coalesce($6, clock_timestamp()), $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
       $18, $21, $22)
     on conflict (pass_id, user_id) do update set
       status = excluded.status, queue_id = excluded.queue_id, read_started_at = excluded.read_started_at,
       observed_at = excluded.observed_at, walks = excluded.walks, requests = excluded.requests,
       throttled = excluded.throttled, numbers_read = excluded.numbers_read,
       numbers_announced = excluded.numbers_announced, numbers_stored = excluded.numbers_stored,
       added = excluded.added, changed = excluded.changed, moved = excluded.moved, removed = excluded.removed,
       duration_ms = excluded.duration_ms, error_code = excluded.error_code,
       error_message = excluded.error_message, error_request_id = excluded.error_request_id
     where sync_reads.status not in ('ok', 'no_queue', 'not_found')`,
    [
      reading.passId,
      reading.userId,
      record.status,
      record.queueId ?? null,
      result.kind === 'failed' ? null : result.readStartedAt,
      result.kind === 'failed' ? null : result.observedAt,
      result.kind === 'failed' ? 0 : result.walks,
      effort.requests,
      effort.throttled,
      result.kind === 'torn' ? result.numbersRead : (record.numbers ?? null),
      record.announced ?? null,
      counts.numbers ?? null,
      counts.added ?? null,
      counts.changed ?? null,
      counts.moved ?? null,
      counts.removed ?? null,
      Math.round(effort.durationMs),
      record.code ?? null,
      isApplied,
      wasFound,
      record.message ?? null,
      record.requestId ?? null,
    ],
  )
  return {
    userId: reading.userId,
    status: record.status,
    queueId: record.queueId ?? null,
    numbers: counts.numbers ?? null,
    added: counts.added ?? 0,
    changed: counts.changed ?? 0,
    moved: counts.moved ?? 0,
    removed: counts.removed ?? 0,
    errorCode: record.code ?? null,
    errorMessage: record.message ?? null,
    requestId: record.requestId ?? null,
  }
}

function pick({ code, message, requestId }: FailedReading) {
  return { code, message, requestId }
}
