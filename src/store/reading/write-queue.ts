/**
 * The rows of one queue beside its numbers: what it is, the versions of its settings, its counts. Called within the
 * transaction and under the locks of save-reading.ts.
 */
import type { QueueSnapshot } from '../../snapshot/snapshot.ts'
import type { Client } from '../postgres/database.ts'
import { OUTCOME_DEFINITION_VERSION, type OutcomeCounts, outcomes } from './outcome-counts.ts'
import type { Reading } from './reading.ts'
import type { QueueSettings } from './reading-state.ts'

/** Whether the settings of the queue are not those that `row` holds: the queue as it was, or its open version. */
export function hasOtherSettings(row: QueueSettings, { queue }: QueueSnapshot): boolean {
  return (
    row.name !== queue.name ||
    row.creator_id !== queue.creatorId ||
    row.assignee_id !== queue.assigneeId ||
    row.voicemail_handling !== queue.voicemailHandling ||
    row.do_not_disturb !== queue.doNotDisturb
  )
}

/** The queue as it is now. Seen again, it is current again, whatever was thought of it. */
export async function writeQueue(
  client: Client,
  reading: Reading,
  { queue, numbers, membershipDigest, readStartedAt, observedAt }: QueueSnapshot,
  {
    contentDigest,
    rowsMark,
  }: {
    readonly contentDigest: string
    /** Null: rows were written, and it is made from them. */
    readonly rowsMark: string | null
  },
): Promise<void> {
  await client.query(
    `insert into allo.queues as q (queue_id, team_id, user_id, name, creator_id, assignee_id, voicemail_handling,
       do_not_disturb, created_at, updated_at, extra, is_current, first_seen_at, numbers, last_read_started_at,
       last_observed_at, membership_digest, content_digest)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, true, $14, $12, $13, $14, $15,
       $16 || ' ' || ${rowsMark === null ? 'allo.rows_mark($1)' : '$17'})
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
      contentDigest,
      ...(rowsMark === null ? [] : [rowsMark]),
    ],
  )
}

/** `updated_at` is not among the settings: a touch is not a change. */
export async function openQueueVersion(
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

/** The open version was edited, where the queue itself says what Allo says: no event, its values are put back. */
export async function mendQueueVersion(client: Client, { queue }: QueueSnapshot): Promise<void> {
  await client.query(
    `update allo.queue_versions set name = $2, creator_id = $3, assignee_id = $4, voicemail_handling = $5,
       do_not_disturb = $6
     where queue_id = $1 and valid_to is null`,
    [queue.id, queue.name, queue.creatorId, queue.assigneeId, queue.voicemailHandling, queue.doNotDisturb],
  )
}

/** Counts are carried on by their difference, and written only at readings that change one. */
export async function recordCounts(
  client: Client,
  reading: Reading,
  snapshot: QueueSnapshot,
  {
    onRecord,
    before,
    difference,
  }: {
    /** Null: none so far. */
    readonly onRecord: OutcomeCounts | null
    /** Of the mirror. */
    readonly before: OutcomeCounts
    readonly difference: OutcomeCounts
  },
): Promise<void> {
  const counts = outcomes.map((outcome) => before[outcome] + difference[outcome])
  if (onRecord !== null && outcomes.every((outcome, index) => counts[index] === onRecord[outcome])) return
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
export async function markMissingQueues(
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
